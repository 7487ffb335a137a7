"""Exports: the filter, all rows, one entry in the audit log each (DESIGN.md §9, security.md S23-S25)."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections
from django.http import HttpRequest
from django.http.response import StreamingHttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from backoffice.accounts.context import originating_from
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.exports import formats
from backoffice.exports.answering import answer_export
from backoffice.exports.copying import compile_copy
from backoffice.exports.snapshots import own_connection, snapshot_of
from backoffice.exports.tally import Tally
from backoffice.ui.columns import Column, Columns, Kind
from backoffice.ui.listing import BadListRequest
from tests.exports.agree import assert_table_and_csv_agree, downloaded, exported_bytes, parse, wish_for
from tests.exports.balances import BALANCES, NAMES, balances, client_named, create_balances

pytestmark = pytest.mark.usefixtures("offered")


@pytest.fixture
def asked(committed: str, rf: RequestFactory, vera: Person) -> Callable[[str], HttpRequest]:
    """A request for the file, signed in as Vera."""

    def ask(query: str = "") -> HttpRequest:
        request = rf.post(f"/balances/export/?{query}")
        request.user = vera
        return request

    return ask


def stream(request: HttpRequest) -> StreamingHttpResponse:
    response = answer_export(request, BALANCES)
    assert isinstance(response, StreamingHttpResponse)
    return response


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def facts(entry: Entry) -> dict[str, Any]:
    assert isinstance(entry.after, dict)
    return entry.after


def test_the_table_and_the_file_agree_row_by_row(committed: str) -> None:
    create_balances()
    rows = assert_table_and_csv_agree(BALANCES, balances())
    assert len(rows) == 63
    assert {row[0] for row in rows} >= {"'=1+1", "'-12", "'＠x", "two\nlines"}
    assert {row[2] for row in rows} >= {"-12500.00", "0.00000000", "99999999999999999999.999999999999999999"}


def test_s24_numbers_are_bare_and_text_is_always_quoted(committed: str) -> None:
    client = client_named("Noura", 1)
    client.balances.create(asset_id="USD", balance="-1.50", available_balance=0, read_at="2026-11-19T11:34:12Z")
    assert exported_bytes(BALANCES, balances()).decode() == (
        'client,active,balance,100% asset,read_at\n"Noura","BH",-1.50,"USD",2026-11-19T11:34:12Z\n'
    )


def test_the_file_holds_every_row_the_filter_finds_and_no_other(asked: Callable[[str], HttpRequest]) -> None:
    create_balances()
    heading, *rows = downloaded(stream(asked("q=noura&balance_min=1000")))
    assert [row[2] for row in rows] == ["1000.00", "1000", "99999999999999999999.999999999999999999"]
    assert {row[0] for row in rows} == {"Noura Al Khalifa"}


def test_an_empty_result_is_a_heading_alone(asked: Callable[[str], HttpRequest]) -> None:
    assert downloaded(stream(asked("q=nobody"))) == [["client", "active", "balance", "100% asset", "read_at"]]
    assert facts(last_entry())["rows"] == 0


def test_filter_values_travel_as_parameters(asked: Callable[[str], HttpRequest]) -> None:
    create_balances()
    assert len(downloaded(stream(asked("q=%25s+{}")))) == 8
    assert len(downloaded(stream(asked("q=%27%29%3B+DROP+TABLE+orders_order%3B--")))) == 1


def test_s25_one_entry_says_who_took_what_with_the_digest_of_the_file(
    asked: Callable[[str], HttpRequest], vera: Person
) -> None:
    create_balances()
    with originating_from("192.0.2.7", "11111111-2222-4333-8444-555555555555"):
        response = stream(asked("q=two&page=x&sort=id"))
    file = response.getvalue()
    entry = last_entry()
    assert Entry.objects.count() == 1
    assert (entry.event, entry.person, entry.result) == ("export.made", vera, Entry.Result.DONE)
    assert (entry.address, entry.request_id) == ("192.0.2.7", "11111111-2222-4333-8444-555555555555")
    assert facts(entry)["sha256"] == hashlib.sha256(file).hexdigest()
    assert facts(entry)["rows"] == 7 == len(parse(file)) - 1
    assert (facts(entry)["bytes"], facts(entry)["filter"], facts(entry)["order"]) == (len(file), "q=two", "id")
    assert facts(entry)["file"] in response["Content-Disposition"]


def test_nothing_is_written_down_before_the_last_byte(
    asked: Callable[[str], HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "ROWS_AT_ONCE", 2)
    create_balances()
    chunks: Iterator[bytes] = iter(stream(asked("")))
    next(chunks)
    assert not Entry.objects.exists()
    assert len(list(chunks)) > 20
    assert last_entry().event == "export.made"


def test_s25_a_reader_who_goes_away_leaves_a_broken_export(
    asked: Callable[[str], HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "ROWS_AT_ONCE", 2)
    create_balances()
    response = stream(asked(""))
    first = next(iter(response))
    response.close()
    entry = last_entry()
    assert (entry.event, entry.result) == ("export.broken", Entry.Result.FAILED)
    assert facts(entry)["bytes"] == len(first)
    assert facts(entry)["rows"] < 63


def test_a_database_that_goes_away_leaves_a_broken_export(
    asked: Callable[[str], HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> Iterator[bytes]:
        yield b"client\n"
        raise ConnectionError("The connection is lost.")

    monkeypatch.setattr("backoffice.exports.giving.pieces", broken)
    with pytest.raises(ConnectionError):
        stream(asked("")).getvalue()
    assert last_entry().event == "export.broken"


def test_s25_the_answer_is_a_file_that_nobody_keeps(asked: Callable[[str], HttpRequest]) -> None:
    response = stream(asked("q=../../etc/passwd"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="balances-20')
    assert ".." not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    response.close()


@pytest.mark.parametrize("query", ["balance_min=1e9", "sort=secret", "q=" + "x" * 300, "q=" + "x" * 5000])
def test_s25_it_refuses_what_the_list_refuses(asked: Callable[[str], HttpRequest], query: str) -> None:
    with pytest.raises(BadListRequest):
        stream(asked(query))
    assert not Entry.objects.exists()


def test_s24_a_number_column_must_be_an_exact_number(db: None) -> None:
    columns = Columns(Column(key="name", label="Name", kind=Kind.MONEY, value=lambda row: row, export="asset_id"))
    with pytest.raises(TypeError, match="no exact number"):
        compile_copy(wish_for(replace(BALANCES, columns=columns), balances()))


def test_a_heading_that_would_be_cut_is_refused(db: None) -> None:
    columns = Columns(Column(key="x" * 64, label="Name", value=lambda row: row, export="asset_id"))
    with pytest.raises(ValueError, match="longer than 63 bytes"):
        compile_copy(wish_for(replace(BALANCES, columns=columns), balances()))


def test_it_reads_on_a_connection_of_its_own_that_cannot_write(committed: str) -> None:
    with own_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("0", "on")
        assert connection is not connections["default"].connection


def test_it_streams_while_debugging_too(asked: Callable[[str], HttpRequest], settings: Settings) -> None:
    settings.DEBUG = True
    create_balances()
    assert len(downloaded(stream(asked("q=noura")))) == 8


def test_the_memory_of_a_stream_does_not_grow_with_the_rows(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create_balances()
    monkeypatch.setattr(formats, "ROWS_AT_ONCE", 10)
    with own_connection() as connection, snapshot_of(connection) as taken:
        wish = wish_for(BALANCES, balances())
        sizes = [len(piece) for piece in formats.pieces(wish, compile_copy(wish), taken, Tally())]
    assert max(sizes) < 1200


def test_the_corpus_of_names_reaches_the_file_whole(committed: str) -> None:
    create_balances()
    written = [row[0].removeprefix("'") for row in parse(exported_bytes(BALANCES, balances(), "sort=id"))[1:]]
    assert list(dict.fromkeys(written)) == NAMES

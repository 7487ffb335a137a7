"""A sheet is checked whole, shown, and applied with a result for each row. It cannot touch an amount."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.reconciliation.exceptions import sheets
from backoffice.reconciliation.models import ExceptionItem
from backoffice.reconciliation.services import exceptions as services
from tests.reconciliation.exceptions.world import item

HEADER = ("id", "state", "difference", *sheets.BLANKS)


def sheet_of(*lines: dict[str, Any]) -> bytes:
    """A file with these cells filled in."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, HEADER, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue().encode()


def faults_of(*lines: dict[str, object]) -> list[str]:
    return [f"{one.line} {one.column}: {one.sentence}" for one in sheets.read(sheet_of(*lines)).faults]


def test_what_is_filled_in_is_done_row_by_row(short: ExceptionItem, extra: ExceptionItem, maya: Person) -> None:
    read = sheets.read(
        sheet_of(
            {"id": short.pk, "new_owner": "Maya@example.com", "new_severity": "High", "note": "Asked."},
            {"id": extra.pk, "ticket": "77120", "raised": "Whose is it?"},
        )
    )
    assert read.faults == []
    assert all(one.is_done for one in services.apply_sheet(read.changes, by=maya))
    first, second = item("operation:dep-1"), ExceptionItem.objects.get(pk=extra.pk)
    assert (first.owner, first.severity, first.state) == (maya, "high", "open")
    assert (second.state, second.resolution, second.ticket) == ("carried", "raised", "77120")


@pytest.mark.parametrize("typed", ["'=1 is what it says", "'So', they say", "Booked 10,'-5 net'", "=1", "-"])
def test_what_is_typed_stays_as_it_is(short: ExceptionItem, typed: str) -> None:
    assert [one.note for one in sheets.read(sheet_of({"id": short.pk, "note": f" {typed} "})).changes] == [typed]


def test_a_row_that_asks_for_nothing_is_left_alone(short: ExceptionItem) -> None:
    assert sheets.read(sheet_of({"id": short.pk})).changes == []


def test_an_amount_that_was_edited_is_not_read(short: ExceptionItem, maya: Person) -> None:
    read = sheets.read(sheet_of({"id": short.pk, "difference": "0.00", "note": "Gone."}))
    services.apply_sheet(read.changes, by=maya)
    assert item("operation:dep-1").difference == short.difference


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"new_owner": "vera@example.com"}, "2 new_owner: Nobody who works exceptions has the address"),
        ({"new_severity": "huge"}, "2 new_severity: Write low, medium or high, not “huge”."),
        ({"carry": "Tomorrow.", "ticket": "1", "raised": "So."}, "2 carry: It is carried forward either"),
        ({"ticket": "77120"}, "2 ticket: A ticket and what the partner was told go together"),
        ({"raised": "Why?"}, "2 ticket: A ticket and what the partner was told go together"),
        ({"note": "x" * 2001}, "2 note: It is longer than 2,000 characters."),
        ({"ticket": "x" * 81, "raised": "So."}, "2 ticket: It is longer than 80 characters."),
    ],
)
def test_what_cannot_be_done_has_a_sentence_by_row(
    short: ExceptionItem, maya: Person, vera: Person, cells: dict[str, object], said: str
) -> None:
    (fault,) = faults_of({"id": short.pk, **cells})
    assert fault.startswith(said)


def test_one_bad_row_keeps_the_others_from_being_applied(as_maya: Browser, short: ExceptionItem) -> None:
    content = sheet_of({"id": short.pk, "note": "Asked."}, {"id": 999_999_999, "note": "Asked."})
    answer = upload(as_maya, content)
    assert (answer.status_code, "There is no exception 999999999." in answer.content.decode()) == (422, True)
    assert not short.events.exists()


def test_an_exception_stands_in_a_sheet_once(short: ExceptionItem) -> None:
    line = {"id": short.pk, "note": "Asked."}
    assert faults_of(line, line) == [f"3 id: Exception {short.pk} is there twice."]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The column id is missing"),
        (b"id,note\n1,x\n", "The column new_owner is missing"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"x" * (sheets.LARGEST + 1), "larger than 1 MB"),
        (sheet_of(*({"id": 1} for _n in range(sheets.MOST_ROWS + 1))), "more than 500 rows"),
        (sheet_of({"id": 1}) + b'2,"open', "cannot be read"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_a_way_on(db: None, content: bytes, said: str) -> None:
    with pytest.raises(sheets.UnreadableSheet, match=said):
        sheets.read(content)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_never_break(content: bytes) -> None:
    with pytest.raises(sheets.UnreadableSheet):
        list(sheets.rows_in(sheets.text_of(content)))


def upload(browser: Browser, content: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN201  (Django's test answer)
    file = SimpleUploadedFile("sheet.csv", content, content_type="text/csv")
    return browser.post("/reconciliation/exceptions/upload/", {"file": file, "arrived": "yes"})


@pytest.fixture
def as_maya(client: Browser, db: None, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def test_a_sheet_is_shown_before_it_is_applied(as_maya: Browser, short: ExceptionItem, extra: ExceptionItem) -> None:
    lines = ({"id": short.pk, "note": "Asked."}, {"id": extra.pk, "carry": "Tomorrow."})
    shown = upload(as_maya, sheet_of(*lines))
    assert (shown.status_code, short.events.count()) == (200, 0)
    answer = as_maya.post("/reconciliation/exceptions/apply/", {"sealed": shown.context["sealed"]})
    assert answer["Location"] == "/reconciliation/exceptions/worked/"
    assert "2 of 2 done" in as_maya.get(answer["Location"]).content.decode()
    assert short.events.get().text == "Asked."


def test_what_was_shown_to_one_person_is_applied_by_nobody_else(
    short: ExceptionItem, maya: Person, omar: Person
) -> None:
    sealed = sheets.sealed([sheets.Change(short.pk, note="Asked.")], maya)
    assert sheets.unsealed(sealed, omar) is None
    assert sheets.unsealed(sealed + "x", maya) is None
    assert sheets.unsealed(sealed, maya) == [sheets.Change(short.pk, note="Asked.")]


def test_an_owner_who_left_meanwhile_makes_it_nobody_s_by_no_accident(
    short: ExceptionItem, maya: Person, omar: Person
) -> None:
    changes = [sheets.Change(short.pk, owner="omar@example.com", note="His.")]
    omar.is_active = False
    omar.save()
    (result,) = services.apply_sheet(changes, by=maya)
    assert (result.is_done, item("operation:dep-1").events.count()) == (False, 0)

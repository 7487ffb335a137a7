"""What is said before a list leaves, and which way it then goes: at once, or built by a worker."""

import csv
from array import array
from zlib import crc32

import pytest
from django.http import QueryDict
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.test import Client as Browser

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry
from backoffice.exports import registry, services
from backoffice.exports.jobs.building import carry_out
from backoffice.exports.jobs.services import ask_for_file, cancel
from backoffice.exports.models import ExportJob, Format, JobState, RowMarks
from backoffice.exports.registry import Export
from backoffice.exports.services import AT_ONCE, Stream, TooMany
from backoffice.exports.wishes import Wish
from backoffice.orders.models import Order
from tests.exports.agree import parse
from tests.exports.balances import create_balances
from tests.exports.jobs import wish
from tests.orders.test_export import book  # noqa: F401 - a fixture

EXPORT = "/orders/export/"


@pytest.fixture
def as_vera(client: Browser, vera: Person) -> Browser:
    client.force_login(vera)
    return client


@pytest.fixture
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SMALL", dict.fromkeys(Format, 1))


def file_in(answer: HttpResponseBase) -> bytes:
    assert isinstance(answer, StreamingHttpResponse), answer.status_code
    return answer.getvalue()


def manifest() -> dict[str, object]:
    found = Entry.objects.get(event="export.made").after
    assert found is not None
    return dict(found)


@pytest.mark.usefixtures("book")
def test_the_panel_says_rows_sums_columns_and_formats_and_writes_nothing(as_vera: Browser) -> None:
    page = as_vera.get(EXPORT).content.decode()
    for said in (
        "5 orders",
        "effect_amount",
        "USD",
        "For bookkeeping",
        "Excel workbook",
        "what the list shows without one",
    ):
        assert said in page, said
    assert not Entry.objects.filter(event__startswith="export.").exists()


@pytest.mark.usefixtures("book")
def test_the_panel_keeps_the_filter_of_the_list(as_vera: Browser) -> None:
    page = as_vera.get(f"{EXPORT}?kind=withdrawal&sort=-amount").content.decode()
    assert f"{Order.objects.filter(type='withdrawal').count()} order" in page
    assert 'action="/orders/export/?kind=withdrawal&amp;sort=-amount"' in page
    assert 'href="/orders/?kind=withdrawal&amp;sort=-amount"' in page


@pytest.mark.usefixtures("book")
def test_what_the_panel_said_is_what_the_manifest_says(as_vera: Browser) -> None:
    page = as_vera.get(EXPORT).content.decode()
    content = file_in(as_vera.post(EXPORT, {"preset": "accounting", "format": "csv-bom"}))
    said, (heading, *rows) = manifest(), parse(content.removeprefix(b"\xef\xbb\xbf"))
    assert (said["rows"], said["preset"], said["format"]) == (len(rows), "accounting", "csv-bom")
    assert said["columns"] == heading
    assert said["summed"] == {"amount": "summed_amount", "asset": "effect_asset_id"}
    sums = said["sums"]
    assert isinstance(sums, dict) and sums
    assert all(asset in page for asset in sums if asset)


@pytest.mark.usefixtures("book")
def test_the_marks_say_which_row_is_which(as_vera: Browser) -> None:
    content = file_in(as_vera.post(EXPORT, {"format": "csv-bom"}))
    entry = Entry.objects.get(event="export.made")
    marks = array("I", b"".join(bytes(one.marks) for one in RowMarks.objects.filter(entry=entry).order_by("part")))
    assert len(marks) == entry.after["rows"]
    assert [crc32(record) for record in records_of(content.removeprefix(b"\xef\xbb\xbf"))[1:]] == list(marks)


def records_of(content: bytes) -> list[bytes]:
    """Cut a CSV file into its records, line feeds within quotes and all."""
    lines, cuts = content.decode().split("\n"), [0]
    reader = csv.reader((f"{line}\n" for line in lines[:-1]), strict=True)
    cuts += [reader.line_num for _record in reader]
    pairs = zip(cuts, cuts[1:], strict=False)
    return ["".join(f"{line}\n" for line in lines[first:end]).encode() for first, end in pairs]


@pytest.mark.usefixtures("book")
def test_a_workbook_leaves_at_once_while_it_is_short(as_vera: Browser) -> None:
    content = file_in(as_vera.post(EXPORT, {"format": "xlsx"}))
    assert content.startswith(b"PK")
    assert (manifest()["format"], manifest()["is_defused"]) == ("xlsx", False)
    assert not RowMarks.objects.exists()


@pytest.mark.usefixtures("book", "everything_is_long", "folder")
def test_a_long_one_is_built_by_a_worker_and_its_page_follows(as_vera: Browser, vera: Person) -> None:
    answer = as_vera.post(f"{EXPORT}?sort=-amount", {"preset": "accounting"})
    job = ExportJob.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/exports/files/{job.pk}/")
    assert (job.asked_by, job.query, job.of, job.state) == (
        vera,
        "sort=-amount",
        Order.objects.count(),
        JobState.WAITING,
    )
    carry_out(job.pk, holder="worker")
    assert manifest()["job"] == job.pk


@pytest.mark.usefixtures("book", "everything_is_long")
@pytest.mark.parametrize("chosen", ["csv", "csv-bom", "xlsx"])
def test_a_long_csv_leaves_at_once_for_whoever_wants_that(as_vera: Browser, chosen: str) -> None:
    answer = as_vera.post(EXPORT, {"when": "at-once", "format": chosen})
    assert len(parse(file_in(answer))) == Order.objects.count() + 1
    assert not ExportJob.objects.exists()


@pytest.mark.usefixtures("book", "everything_is_long")
def test_the_fourth_at_once_is_told_to_wait(as_vera: Browser) -> None:
    for _ in range(AT_ONCE):
        as_vera.post(EXPORT)
    answer = as_vera.post(EXPORT, follow=True)
    assert "Three of your exports are being made." in answer.content.decode()
    assert ExportJob.objects.count() == AT_ONCE


@pytest.mark.usefixtures("committed")
def test_streams_count_among_the_three(offered: Export, vera: Person, maya: Person) -> None:
    create_balances()
    streams = [Stream(wish(offered, vera)) for _ in range(AT_ONCE)]
    with pytest.raises(TooMany):
        Stream(wish(offered, vera))
    Stream(wish(offered, maya)).close()
    streams.pop().close()
    job = ask_for_file(wish(offered, vera))
    with pytest.raises(TooMany):
        [Stream(wish(offered, vera)) for _ in range(1)]
    cancel(job_id=job.pk, by=vera)
    Stream(wish(offered, vera)).close()
    for stream in streams:
        stream.close()


@pytest.mark.usefixtures("book")
@pytest.mark.parametrize("form", [{"format": "exe"}, {"preset": "secret"}, {"format": "../x"}])
def test_s25_a_form_that_asks_for_more_is_refused(as_vera: Browser, form: dict[str, str]) -> None:
    assert as_vera.post(EXPORT, form).status_code == 400
    assert not Entry.objects.filter(event__startswith="export.").exists()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", registry.names())
def test_every_list_is_open_to_somebody_and_to_nobody_else(name: str, vera: Person) -> None:
    export = registry.find(name)
    assert export.roles, "nobody may take it"
    assert export.roles <= set(Role)
    assert Wish(export, QueryDict(""), vera).columns


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", [name for name in registry.names() if registry.find(name).sums])
def test_the_columns_that_are_added_up_are_in_every_preset(name: str, vera: Person) -> None:
    export = registry.find(name)
    for preset in export.listing.columns.presets:
        assert Wish(export, QueryDict(""), vera, preset).summed, preset

"""The page that verifies a file: the upload under its bound, and what it says."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.exports.proving import receiving, records
from backoffice.exports.registry import Export
from tests.exports.balances import create_balances
from tests.exports.jobs import built, wish
from tests.exports.proving.files import changed, issued, manifest

PAGE = "/exports/verify/"


@pytest.fixture
def as_vera(client: Client, vera: Person) -> Client:
    client.force_login(vera)
    return client


def upload(browser: Client, content: bytes, name: str = "copy.csv", status: int = 200) -> str:
    answer: HttpResponse = browser.post(PAGE, {"file": SimpleUploadedFile(name, content), "arrived": "yes"})  # type: ignore[assignment]
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.usefixtures("db")
def test_the_changed_cell_is_shown_with_what_was_issued(as_vera: Client, offered: Export, vera: Person) -> None:
    issued(offered, vera)
    page = upload(as_vera, changed(9, b",0,", b",8,"), "<b>theirs.csv")
    for said in ("Altered", "Row 9 differs.", "balance", "worked out from the mark", "&lt;b&gt;theirs", "+8"):
        assert said in page, said


@pytest.mark.usefixtures("db")
def test_the_answer_leads_to_its_entry_and_the_entry_to_the_manifest(
    as_vera: Client, offered: Export, vera: Person
) -> None:
    page = upload(as_vera, issued(offered, vera))
    entry = Entry.objects.get(event="file.verified")
    assert f'href="/audit/{entry.number}/"' in page
    assert f'href="/audit/{manifest().number}/"' in page


@pytest.mark.usefixtures("committed", "folder")
def test_the_page_says_who_was_given_a_file_that_a_worker_built(as_vera: Client, offered: Export, vera: Person) -> None:
    create_balances()
    job = built(wish(offered, vera))
    content = as_vera.get(f"/exports/files/{job.pk}/download/").getvalue()
    page = upload(as_vera, content)
    for said in ("Untouched", "Built by a worker", "Downloaded", job.file_name, "It was called"):
        assert said in page, said


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("form", [{}, {"arrived": "yes"}, {"file": "no file", "arrived": "yes"}])
def test_a_form_without_a_file_is_asked_for_one(as_vera: Client, form: dict[str, str]) -> None:
    answer = as_vera.post(PAGE, form)
    assert answer.status_code == 422
    assert "Choose a file." in answer.content.decode()


@pytest.mark.usefixtures("db")
def test_s33_a_file_beyond_the_bound_is_refused_unread(as_vera: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving.ProvingUploadHandler.__init__, "__defaults__", (1_000,))
    page = upload(as_vera, b"x" * 1_001, status=422)
    assert "It is larger than what this page reads." in page
    assert "x" * 20 not in upload(as_vera, b"x" * 200_000, status=422)
    assert "Never issued here" in upload(as_vera, b"x" * 1_000)


@pytest.mark.usefixtures("db")
def test_s33_a_file_of_more_rows_than_are_read_is_refused(as_vera: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_ROWS", 3)
    assert "It is larger than what this page reads." in upload(as_vera, b"a\n" + b"\n" * 4, status=422)
    assert "Never issued here" in upload(as_vera, b"a\n" + b"\n" * 3)


@pytest.mark.usefixtures("db")
def test_s33_a_file_that_was_cut_off_on_its_way_is_not_judged(as_vera: Client) -> None:
    answer = as_vera.post(PAGE, {"file": SimpleUploadedFile("a.csv", b"a,b\n")})
    assert answer.status_code == 422
    assert "did not arrive whole" in answer.content.decode()
    assert not Entry.objects.filter(event="file.verified").exists()


@pytest.mark.usefixtures("db")
def test_asking_for_the_page_writes_nothing(as_vera: Client) -> None:
    before = Entry.objects.count()
    assert "How a file is known" in as_vera.get(PAGE).content.decode()
    assert Entry.objects.count() == before

"""Fetching a built file: by whom, whole or from where it broke off, and what the log says of it (security.md S25)."""

import hashlib
import os
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.test import Client

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.exports.jobs import fetching, storing, whole
from backoffice.exports.jobs.fetching import SITTING, BeyondTheEnd, bounds
from backoffice.exports.jobs.pages import history_of_file
from backoffice.exports.models import ExportJob
from backoffice.exports.registry import Export
from tests.exports.balances import create_balances
from tests.exports.jobs import built, wish
from tests.people import in_role

pytestmark = pytest.mark.usefixtures("committed", "folder")


@pytest.fixture
def job(offered: Export, vera: Person) -> ExportJob:
    create_balances()
    return built(wish(offered, vera, "q=noura"))


@pytest.fixture
def as_vera(client: Client, vera: Person) -> Client:
    client.force_login(vera)
    return client


def address(job: ExportJob, what: str = "download/") -> str:
    return f"/exports/files/{job.pk}/{what}"


def content_of(job: ExportJob) -> bytes:
    return storing.path_of(job.stored_as).read_bytes()


def body(answer: HttpResponseBase) -> bytes:
    assert isinstance(answer, StreamingHttpResponse), answer.status_code
    return answer.getvalue()


def test_the_file_is_given_whole_to_whoever_asked_for_it(job: ExportJob, as_vera: Client) -> None:
    answer = as_vera.get(address(job))
    assert (answer.status_code, body(answer)) == (200, content_of(job))
    assert answer["Content-Disposition"] == f'attachment; filename="{job.file_name}"'
    assert (answer["Content-Length"], answer["Accept-Ranges"]) == (str(job.size), "bytes")
    assert (answer["ETag"], answer["X-Content-Type-Options"]) == (f'"{job.sha256}"', "nosniff")
    assert "no-store" in answer["Cache-Control"]


def test_s25_every_fetch_stands_in_the_log(job: ExportJob, as_vera: Client, vera: Person) -> None:
    for headers in ({"Range": "bytes=5-"}, {}, {}):
        body(as_vera.get(address(job), headers=headers))
    rest, whole, again = fetches()
    assert whole.person == rest.person == vera
    assert whole.after is not None and rest.after is not None
    assert (whole.after["sha256"], whole.after["entry"]) == (job.sha256, job.entry_id)
    assert (rest.after["first_byte"], rest.after["last_byte"]) == (5, (job.size or 0) - 1)
    assert again.after == whole.after and "first_byte" not in whole.after


def fetches() -> list[Entry]:
    return list(Entry.objects.filter(event="export.fetched").order_by("number"))


def ask_for_parts(client: Client, job: ExportJob, **more: Any) -> None:
    """Ask for three single bytes."""
    for byte in (7, 8, 9):
        body(client.get(address(job), headers={"Range": f"bytes={byte}-{byte}"}, **more))


def test_s25_many_parts_of_a_file_are_one_entry_of_a_sitting(job: ExportJob, as_vera: Client) -> None:
    ask_for_parts(as_vera, job)
    (entry,) = fetches()
    assert entry.after is not None
    assert (entry.after["first_byte"], entry.after["last_byte"]) == (7, 7)
    assert datetime.fromisoformat(entry.after["parts_until"]) - entry.at <= SITTING


def test_s25_parts_of_a_whole_file_that_was_just_written_down_are_no_entry(job: ExportJob, as_vera: Client) -> None:
    body(as_vera.get(address(job)))
    ask_for_parts(as_vera, job)
    assert len(fetches()) == 1


def test_s25_another_sitting_or_address_is_an_entry_of_its_own(
    job: ExportJob, as_vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_for_parts(as_vera, job)
    ask_for_parts(as_vera, job, REMOTE_ADDR="192.0.2.7")
    assert len(fetches()) == 2
    later = clock.now() + SITTING + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    body(as_vera.get(address(job), headers={"Range": "bytes=9-9"}))
    assert len(fetches()) == 3


def test_s25_another_file_is_an_entry_of_its_own(
    job: ExportJob, as_vera: Client, offered: Export, vera: Person
) -> None:
    for each in (job, built(wish(offered, vera, "q=omar"))):
        ask_for_parts(as_vera, each)
    assert len(fetches()) == 2


@pytest.mark.parametrize("asked", ["", "bytes=0-0", "bytes=5-"])
def test_s31_a_file_that_was_changed_where_it_is_kept_is_not_given(
    job: ExportJob, as_vera: Client, vera: Person, asked: str
) -> None:
    path = storing.path_of(job.stored_as)
    was = path.stat()
    path.write_bytes(content_of(job)[:-2] + b"9\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    answer = as_vera.get(address(job), headers={"Range": asked}, follow=True)
    assert "This file was changed where it is kept" in answer.content.decode()
    entry = Entry.objects.get(event="export.file_changed")
    assert (entry.person, entry.result, entry.object_id) == (vera, "failed", str(job.pk))
    assert fetches() == []


def test_the_manifest_in_the_log_decides_and_not_the_row_of_the_file(job: ExportJob, as_vera: Client) -> None:
    forged = content_of(job)[:-2] + b"9\n"
    storing.path_of(job.stored_as).write_bytes(forged)
    ExportJob.objects.filter(pk=job.pk).update(sha256=hashlib.sha256(forged).hexdigest())
    assert as_vera.get(address(job)).status_code == 302


def test_a_file_that_was_found_whole_is_not_hashed_for_each_part(
    job: ExportJob, as_vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "SETTLED_AFTER", -1.0)
    ask_for_parts(as_vera, job)
    monkeypatch.setattr(hashlib, "file_digest", None)  # hashing again would fail
    ask_for_parts(as_vera, job)
    path = storing.path_of(job.stored_as)
    path.write_bytes(content_of(job))
    with pytest.raises(TypeError):
        as_vera.get(address(job))


def test_a_file_is_remembered_to_be_whole_for_a_minute_at_most(
    job: ExportJob, as_vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "SETTLED_AFTER", -1.0)
    ask_for_parts(as_vera, job)
    monkeypatch.setattr(hashlib, "file_digest", None)  # hashing again fails
    later = time.monotonic() + whole.REMEMBERED_FOR
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.raises(TypeError):
        ask_for_parts(as_vera, job)


@pytest.mark.parametrize("asked", ["", "bytes=0-", "bytes=0-0"])
def test_a_file_is_hashed_again_whenever_it_is_fetched_from_its_beginning(
    job: ExportJob, as_vera: Client, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(whole, "SETTLED_AFTER", -1.0)
    ask_for_parts(as_vera, job)
    monkeypatch.setattr(hashlib, "file_digest", None)
    with pytest.raises(TypeError):
        as_vera.get(address(job), headers={"Range": asked})


def test_a_file_changed_while_it_is_handed_out_breaks_off_before_a_changed_byte(
    job: ExportJob, as_vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "CHUNK_BYTES", 10)
    content = content_of(job)
    answer: Any = as_vera.get(address(job))
    pieces = iter(answer)
    taken = next(pieces)
    with storing.path_of(job.stored_as).open("r+b") as file:
        file.write(b"9" * len(content))
    with pytest.raises(OSError, match="changed while it was handed out"):
        taken += next(pieces)
    assert taken == content[:10]


def test_the_log_says_the_digest_and_the_length_and_not_the_row_of_the_file(job: ExportJob, as_vera: Client) -> None:
    ExportJob.objects.filter(pk=job.pk).update(sha256="f" * 64)
    answer = as_vera.get(address(job))
    digest = hashlib.sha256(body(answer)).hexdigest()
    (entry,) = fetches()
    assert (answer["ETag"], (entry.after or {})["sha256"]) == (f'"{digest}"', digest)
    assert digest in as_vera.get(address(job, "")).content.decode()


@pytest.mark.parametrize("more", [-1, 1])
def test_a_file_of_another_length_than_its_row_says_is_not_given(job: ExportJob, as_vera: Client, more: int) -> None:
    ExportJob.objects.filter(pk=job.pk).update(size=len(content_of(job)) + more)
    answer = as_vera.get(address(job), follow=True)
    assert "This file was changed where it is kept" in answer.content.decode()
    assert fetches() == []


def test_a_file_changed_between_the_check_and_the_first_byte_breaks_off(job: ExportJob, as_vera: Client) -> None:
    answer = as_vera.get(address(job))
    storing.path_of(job.stored_as).write_bytes(content_of(job)[:-2] + b"9\n")
    with pytest.raises(OSError, match="changed while it was handed out"):
        body(answer)


@pytest.mark.parametrize("what", ["", "marker/", "download/", "cancel/"])
def test_s25_another_persons_job_does_not_exist(job: ExportJob, client: Client, maya: Person, what: str) -> None:
    client.force_login(maya)
    ask = client.post if what == "cancel/" else client.get
    theirs, no_such = ask(address(job, what)), ask(f"/exports/files/999999/{what}")
    assert theirs.status_code == no_such.status_code == 404
    assert not Entry.objects.filter(event__in=["export.fetched", "export.cancelled"]).exists()


def test_s25_another_persons_file_is_on_nobody_elses_list(job: ExportJob, client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert job.file_name not in client.get("/exports/files/").content.decode()


@pytest.mark.parametrize("guess", ["../{0}/", "{1}/", "{2}/", "../../etc/passwd/", "%2e%2e%2f{1}/"])
def test_s25_a_guessed_name_opens_nothing(job: ExportJob, as_vera: Client, guess: str) -> None:
    path = guess.format(job.pk, job.stored_as, job.file_name)
    assert as_vera.get(f"/exports/files/{path}download/").status_code == 404


def test_s25_a_stored_name_leads_nowhere_outside_the_folder() -> None:
    assert storing.path_of("../../etc/passwd").parent == storing.folder()


def test_s25_a_role_lost_since_it_was_built_fetches_nothing(job: ExportJob, as_vera: Client, vera: Person) -> None:
    with in_role(vera, Role.MANAGER):
        as_vera.force_login(vera)
        answer = as_vera.get(address(job))
        assert answer.status_code == 403
        assert "may no longer take this list away" in as_vera.get(address(job, "")).content.decode()
    assert not Entry.objects.filter(event="export.fetched").exists()
    as_vera.force_login(vera)
    assert as_vera.get(address(job)).status_code == 200


def test_a_download_that_broke_off_goes_on_where_it_was(job: ExportJob, as_vera: Client) -> None:
    content = content_of(job)
    first = body(as_vera.get(address(job), headers={"Range": "bytes=0-99"}))
    answer = as_vera.get(address(job), headers={"Range": "bytes=100-", "If-Range": f'"{job.sha256}"'})
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
    assert first + body(answer) == content


def test_the_rest_of_another_file_is_never_given(job: ExportJob, as_vera: Client) -> None:
    answer = as_vera.get(address(job), headers={"Range": "bytes=100-", "If-Range": '"of-another-file"'})
    assert (answer.status_code, body(answer)) == (200, content_of(job))


def test_a_range_beyond_the_end_is_refused_with_the_size(job: ExportJob, as_vera: Client) -> None:
    answer = as_vera.get(address(job), headers={"Range": "bytes=999999-"})
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{job.size}")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", (0, 10)),
        ("bytes=0-", (0, 10)),
        ("bytes=0-0", (0, 1)),
        ("bytes=3-5", (3, 6)),
        ("bytes=3-99", (3, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=-", (0, 10)),
        ("bytes=1-2,4-5", (0, 10)),
        ("rows=1-2", (0, 10)),
        ("bytes=\u0661-\u0662", (0, 10)),
    ],
)
def test_ranges_as_http_says_them(asked: str, given: tuple[int, int]) -> None:
    assert bounds(asked, 10) == given


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=5-3", "bytes=-0", "bytes=99-100"])
def test_ranges_outside_the_file(asked: str) -> None:
    with pytest.raises(BeyondTheEnd):
        bounds(asked, 10)


def test_a_file_that_is_gone_or_was_cut_is_not_given(job: ExportJob, as_vera: Client) -> None:
    storing.path_of(job.stored_as).write_bytes(content_of(job)[:-1])
    assert as_vera.get(address(job)).status_code == 302
    storing.delete(job.stored_as)
    answer = as_vera.get(address(job), follow=True)
    assert "This file is not where it was built." in answer.content.decode()


def test_the_page_follows_a_file_to_its_end(offered: Export, as_vera: Client, vera: Person) -> None:
    from backoffice.exports.jobs.services import ask_for_file

    job = ask_for_file(wish(offered, vera), rows=63)
    page = as_vera.get(address(job, "")).content.decode()
    assert "0 of 63 rows" in page and "Cancel" in page and "Download" not in page
    assert "HX-Trigger" not in as_vera.get(address(job, "marker/?shown=waiting-0"))
    as_vera.post(address(job, "cancel/"))
    assert as_vera.get(address(job, "marker/?shown=waiting-0"))["HX-Trigger"] == "export-file-changed"
    assert "Cancelled" in as_vera.get(address(job, "")).content.decode()


def test_a_built_file_stands_on_its_page_and_on_the_list(job: ExportJob, as_vera: Client) -> None:
    page = as_vera.get(address(job, "")).content.decode()
    assert job.file_name in page and job.sha256 in page and address(job) in page
    assert job.file_name in as_vera.get("/exports/files/").content.decode()


def test_the_page_tells_a_files_whole_history_from_its_manifest_to_each_fetch(job: ExportJob, as_vera: Client) -> None:
    for headers in ({"Range": "bytes=5-"}, {}):
        body(as_vera.get(address(job), headers=headers))
    numbers = [entry.number for entry in history_of_file(job)]
    told = [Entry.objects.get(number=number).event for number in numbers]
    assert numbers == sorted(numbers, reverse=True)
    assert told[:2] == ["export.fetched", "export.fetched"]
    assert told.count("export.made") == 1
    page = as_vera.get(address(job, "")).content.decode()
    assert all(f"Entry {number:,} " in page for number in numbers)

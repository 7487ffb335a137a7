"""Files that a worker builds: asked for, built, cancelled, given up, let go of; and who may (security.md S25)."""

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.database.locks import Work, held
from backoffice.exports import formats
from backoffice.exports.jobs import building, holding, storing
from backoffice.exports.jobs.building import carry_out
from backoffice.exports.jobs.holding import waiting_for_a_worker
from backoffice.exports.jobs.services import NotUnderWay, ask_for_file, cancel, let_go_of_old_files
from backoffice.exports.models import ExportJob, Format, JobState
from backoffice.exports.registry import Export
from backoffice.exports.services import AT_ONCE, TooMany
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import DoesNotFit
from backoffice.ui.listing import BadListRequest
from tests.exports.agree import parse
from tests.exports.balances import create_balances
from tests.exports.disks import FullDisk
from tests.exports.jobs import built, wish
from tests.people import in_role

pytestmark = pytest.mark.usefixtures("committed")
#: What stops a file on its way: what happens while it is built.
While = Callable[[], object]


@pytest.fixture
def export(offered: Export, folder: Path) -> Export:
    create_balances()
    return offered


def events() -> list[str]:
    return list(Entry.objects.order_by("number").values_list("event", flat=True))


def test_a_built_file_is_the_one_that_is_streamed_and_its_manifest_is_in_the_log(
    export: Export, vera: Person, folder: Path
) -> None:
    job = built(wish(export, vera, "q=noura"))
    content = storing.path_of(job.stored_as).read_bytes()
    assert (job.state, job.done, job.size) == (JobState.READY, 7, len(content))
    assert job.sha256 == hashlib.sha256(content).hexdigest()
    assert len(parse(content)) == 8
    assert events() == ["export.asked", "export.made"]
    assert job.entry is not None and job.entry.person == vera
    assert job.entry.after is not None
    assert (job.entry.after["sha256"], job.entry.after["job"]) == (job.sha256, job.pk)
    assert [path.name for path in folder.iterdir()] == [job.stored_as]
    assert storing.path_of(job.stored_as).stat().st_mode & 0o777 == 0o600


def test_a_workbook_is_built_as_well(export: Export, vera: Person) -> None:
    job = built(wish(export, vera, as_=Format.XLSX))
    assert (job.state, job.done, job.file_name[-5:]) == (JobState.READY, 63, ".xlsx")


def test_s25_a_role_lost_since_it_was_asked_for_gives_no_file(export: Export, vera: Person, folder: Path) -> None:
    job = ask_for_file(wish(export, vera))
    with in_role(vera, Role.ADMINISTRATOR):
        carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert (job.state, job.sentence) == (JobState.BROKEN, "Only finance and auditors can do this.")
    assert Entry.objects.get(event="export.given_up").reason == job.sentence
    assert not folder.exists() or not list(folder.iterdir())


def test_s25_an_account_closed_since_gives_no_file(export: Export, vera: Person) -> None:
    job = ask_for_file(wish(export, vera))
    Person.objects.filter(pk=vera.pk).update(is_active=False)
    carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert job.state == JobState.BROKEN


def test_s25_nobody_asks_for_a_list_that_is_not_theirs(export: Export, omar: Person) -> None:
    with pytest.raises(Refused):
        ask_for_file(wish(export, omar))
    assert not ExportJob.objects.exists()


@pytest.mark.parametrize(("query", "preset"), [("balance_min=1e9", "full"), ("sort=secret", "full"), ("", "secret")])
def test_s25_it_refuses_what_the_list_refuses(export: Export, vera: Person, query: str, preset: str) -> None:
    with pytest.raises(BadListRequest):
        ask_for_file(wish(export, vera, query, preset))
    assert not ExportJob.objects.exists()


@pytest.mark.parametrize(
    "change", [{"query": ""}, {"preset": "accounting"}, {"export": "people"}, {"zone": "Asia/Bahrain"}]
)
def test_s25_what_was_asked_for_cannot_be_changed(export: Export, vera: Person, change: dict[str, str]) -> None:
    job = ask_for_file(wish(export, vera, "q=noura"))
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot update"), transaction.atomic():
        ExportJob.objects.filter(pk=job.pk).update(**change)


@pytest.mark.parametrize(("moves", "to"), [((), "ready"), ((), "expired"), (("cancelled",), "building")])
def test_states_move_by_their_table_only(export: Export, vera: Person, moves: tuple[str, ...], to: str) -> None:
    job = ask_for_file(wish(export, vera))
    for state in moves:
        ExportJob.objects.filter(pk=job.pk).update(state=state)
    with pytest.raises(DatabaseError), transaction.atomic():
        ExportJob.objects.filter(pk=job.pk).update(state=to)


def test_one_person_has_three_made_at_once_and_no_more(export: Export, vera: Person, maya: Person) -> None:
    jobs = [ask_for_file(wish(export, vera)) for _ in range(AT_ONCE)]
    with pytest.raises(TooMany, match="Wait for one"):
        ask_for_file(wish(export, vera))
    assert ask_for_file(wish(export, maya)).state == JobState.WAITING
    cancel(job_id=jobs[0].pk, by=vera)
    assert ask_for_file(wish(export, vera)).state == JobState.WAITING


def test_a_file_that_was_cancelled_is_never_built(export: Export, vera: Person) -> None:
    job = ask_for_file(wish(export, vera))
    cancel(job_id=job.pk, by=vera)
    carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert (job.state, job.entry) == (JobState.CANCELLED, None)
    assert events() == ["export.asked", "export.cancelled"]
    with pytest.raises(NotUnderWay):
        cancel(job_id=job.pk, by=vera)


def test_s25_nobody_cancels_another_persons(export: Export, vera: Person, maya: Person) -> None:
    job = ask_for_file(wish(export, vera))
    with pytest.raises(ExportJob.DoesNotExist):
        cancel(job_id=job.pk, by=maya)


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: While) -> None:
    """Have something happen between the last row of a file and its end."""
    real = storing.settle

    def settle(file: Any) -> None:
        happens()
        real(file)

    monkeypatch.setattr(storing, "settle", settle)


def test_a_file_cancelled_while_it_is_built_leaves_nothing(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask_for_file(wish(export, vera))
    meanwhile(monkeypatch, lambda: cancel(job_id=job.pk, by=vera))
    carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert events() == ["export.asked", "export.cancelled"]
    assert list(folder.iterdir()) == []


def test_a_worker_hears_of_it_between_two_rows(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr("backoffice.exports.tally.ROWS_BETWEEN_WORDS", 5)
    monkeypatch.setattr(building, "SECONDS_BETWEEN_WORDS", 0)
    told: list[int] = []
    real = holding.keep

    def keep(job: ExportJob, **changes: Any) -> None:
        told.append(changes.get("done", 0))
        if len(told) == 3:
            cancel(job_id=job.pk, by=vera)
        real(job, **changes)

    monkeypatch.setattr(building, "keep", keep)
    job = built(wish(export, vera))
    assert job.state == JobState.CANCELLED
    assert len(told) == 3 and 0 < told[0] < told[2] < 63
    assert list(folder.iterdir()) == []


def test_a_file_taken_over_by_another_worker_is_that_workers(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask_for_file(wish(export, vera))
    meanwhile(monkeypatch, lambda: ExportJob.objects.filter(pk=job.pk).update(holder="another"))
    carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert (job.state, job.holder) == (JobState.BUILDING, "another")
    assert events() == ["export.asked"]
    assert list(folder.iterdir()) == []


def test_whatever_goes_wrong_leaves_a_sentence_and_no_file(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> object:
        raise ConnectionError("password=secret")

    monkeypatch.setattr("backoffice.exports.giving.pieces", broken)
    job = built(wish(export, vera))
    assert (job.state, job.sentence) == (JobState.BROKEN, "The file broke off while it was built. Ask for it again.")
    assert events() == ["export.asked", "export.broken", "export.given_up"]
    assert "secret" not in "".join(Entry.objects.values_list("canonical", flat=True))
    assert list(folder.iterdir()) == []


def test_a_sentence_of_ours_is_told_as_it_is(export: Export, vera: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_args: object) -> object:
        raise DoesNotFit("Choose CSV instead.")

    monkeypatch.setattr("backoffice.exports.giving.pieces", too_large)
    assert built(wish(export, vera)).sentence == "Choose CSV instead."


def test_a_job_whose_worker_died_is_taken_up_and_given_up_after_three_times(export: Export, vera: Person) -> None:
    job = ask_for_file(wish(export, vera))
    assert waiting_for_a_worker() == [job.pk]
    ExportJob.objects.filter(pk=job.pk).update(
        state=JobState.BUILDING, holder="dead", tries=1, heard_of_at=clock.now() - timedelta(minutes=1)
    )
    assert waiting_for_a_worker() == [job.pk]
    ExportJob.objects.filter(pk=job.pk).update(tries=3)
    carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.BROKEN, 4)


def test_a_job_in_a_living_workers_hands_is_left_there(export: Export, vera: Person) -> None:
    job = ask_for_file(wish(export, vera))
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(20261123, %s)", [job.pk])
        with held(Work.BUILDING_A_FILE, job.pk) as is_mine:
            assert not is_mine
        carry_out(job.pk, holder="worker")
    finally:
        other.close()
    job.refresh_from_db()
    assert job.state == JobState.WAITING


def test_a_file_is_deleted_after_its_week(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = built(wish(export, vera))
    assert let_go_of_old_files() == 0
    later = clock.now() + timedelta(days=7, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert let_go_of_old_files() == 1
    job.refresh_from_db()
    assert job.state == JobState.EXPIRED
    assert list(folder.iterdir()) == []
    assert events()[-1] == "export.expired"


def test_what_a_dead_worker_left_behind_is_swept_and_nothing_else(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = built(wish(export, vera))
    (folder / f"9-{'a' * 32}").write_bytes(b"x")
    assert storing.sweep() == 0, "it may be being written"
    monkeypatch.setattr(storing, "LEFT_BEHIND_AFTER", timedelta(seconds=-60))
    assert storing.sweep() == 1
    assert [path.name for path in folder.iterdir()] == [job.stored_as]


def test_what_is_not_ours_is_not_swept(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {built(wish(export, vera)).stored_as, "notes.txt", "9-left", f"7-{'a' * 32}", f"7-{'a' * 32}.gz"}
    for name in ("notes.txt", "9-left", f"7-{'a' * 32}.gz"):
        (folder / name).write_bytes(b"somebody's")
    (folder / f"7-{'a' * 32}").mkdir()
    monkeypatch.setattr(storing, "LEFT_BEHIND_AFTER", timedelta(seconds=-60))
    assert storing.sweep() == 0
    assert {path.name for path in folder.iterdir()} == kept


def test_a_file_that_cannot_be_written_breaks_off_before_its_job_is_given_up(
    export: Export, vera: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "new_file", lambda _job: nullcontext(("1-x", FullDisk())))
    assert built(wish(export, vera)).state == JobState.BROKEN
    assert events() == ["export.asked", "export.broken", "export.given_up"]


def test_days_in_a_filter_are_those_of_whoever_asked(export: Export, vera: Person) -> None:
    from zoneinfo import ZoneInfo

    from django.utils import timezone

    with timezone.override(ZoneInfo("Pacific/Kiritimati")):
        job = ask_for_file(wish(export, vera))
    carry_out(job.pk, holder="worker")
    job.refresh_from_db()
    assert job.zone == "Pacific/Kiritimati"
    assert job.entry is not None and job.entry.after is not None
    assert job.entry.after["zone"] == "Pacific/Kiritimati"


def test_a_wish_is_read_off_its_job_as_it_was_asked(export: Export, vera: Person) -> None:
    asked = wish(export, vera, "q=noura&sort=-id&page=x", "accounting", Format.CSV_BOM)
    job = ask_for_file(asked)
    read: Wish = building.wish_of(job)
    assert (read.query, read.preset, read.format, read.order) == (
        asked.query,
        "accounting",
        Format.CSV_BOM,
        asked.order,
    )

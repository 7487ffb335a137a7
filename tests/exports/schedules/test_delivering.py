"""Delivering what was built: into its folder, whole, or by a letter with a link, to whoever may still have it."""

import hashlib
import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry
from backoffice.exports.jobs import storing
from backoffice.exports.jobs.building import carry_out
from backoffice.exports.jobs.services import cancel
from backoffice.exports.models import Delivery, ExportJob, RunState, Schedule, ScheduledRun, ScheduleState
from backoffice.exports.proving.issued import takings
from backoffice.exports.schedules import delivering
from backoffice.exports.schedules.beginning import begin_due
from backoffice.exports.schedules.delivering import deliver_built
from tests.exports.balances import create_balances
from tests.exports.schedules.conftest import Schedules, built
from tests.people import in_role

pytestmark = pytest.mark.usefixtures("folder")


def ready(schedule: Schedule) -> ScheduledRun:
    """Begin the schedule's first file and have it built."""
    begin_due()
    run = schedule.runs.get()
    assert run.job is not None
    built(run.job)
    return run


def in_folder(scheduled: Schedules) -> Schedule:
    return scheduled(delivery=Delivery.FOLDER, folder="month-end")


@pytest.mark.usefixtures("db")
def test_s31_a_file_is_laid_into_its_folder_whole_and_written_down(scheduled: Schedules, outbox_folder: Path) -> None:
    schedule = in_folder(scheduled)
    run = ready(schedule)
    assert (deliver_built(), deliver_built()) == (1, 0)
    (file,) = (outbox_folder / "month-end").iterdir()
    assert file.name == f"balances-2026-11-19-schedule-{schedule.pk}.csv"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"client,balance\n", 0o440)
    run.refresh_from_db()
    assert (run.state, run.place) == (RunState.DELIVERED, f"month-end/{file.name}")
    entry = Entry.objects.get(event="schedule.delivered")
    assert entry.after is not None
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (entry.after["to"], entry.after["sha256"]) == (run.place, sha256)
    assert entry in takings(sha256)


@pytest.mark.usefixtures("db")
def test_one_delivered_again_after_a_crash_takes_its_own_place(scheduled: Schedules, outbox_folder: Path) -> None:
    schedule = in_folder(scheduled)
    ready(schedule)
    place = outbox_folder / "month-end" / f"balances-2026-11-19-schedule-{schedule.pk}.csv"
    place.parent.mkdir()
    place.write_bytes(b"half of i")
    deliver_built()
    assert place.read_bytes() == b"client,balance\n"
    assert list(place.parent.iterdir()) == [place]


@pytest.mark.usefixtures("db")
def test_a_folder_that_leads_elsewhere_is_not_written_to(
    scheduled: Schedules, outbox_folder: Path, tmp_path: Path
) -> None:
    run = ready(in_folder(scheduled))
    (tmp_path / "elsewhere").mkdir()
    (outbox_folder / "month-end").symlink_to(tmp_path / "elsewhere")
    assert deliver_built() == 0
    assert not list((tmp_path / "elsewhere").iterdir())
    run.refresh_from_db()
    assert (run.state, "could not be delivered yet" in run.sentence) == (RunState.BUILDING, True)


@pytest.mark.usefixtures("db")
def test_a_folder_that_is_away_is_tried_again(scheduled: Schedules, outbox_folder: Path) -> None:
    ready(in_folder(scheduled))
    outbox_folder.rename(outbox_folder.with_name("away"))
    assert deliver_built() == 0
    outbox_folder.with_name("away").rename(outbox_folder)
    assert deliver_built() == 1


@pytest.mark.usefixtures("db")
def test_the_letter_holds_a_link_and_no_row(scheduled: Schedules, vera: Person) -> None:
    run = ready(scheduled())
    deliver_built()
    (letter,) = mail.outbox
    assert (letter.to, letter.attachments) == ([vera.email], [])
    assert f"/exports/files/{run.job_id}/" in letter.body
    assert letter.subject == "Balances of 2026-11-19: your scheduled export is ready"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("error", "may_have_come"),
    [
        (ConnectionRefusedError("no mail server"), False),
        (smtplib.SMTPDataError(451, b"try again later"), False),
        (smtplib.SMTPServerDisconnected("in the middle"), True),
        (TimeoutError("no answer"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_mail_server_that_is_away_is_asked_again(
    scheduled: Schedules, monkeypatch: pytest.MonkeyPatch, error: OSError, may_have_come: bool
) -> None:
    ready(scheduled())

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise error

    with monkeypatch.context() as away:
        away.setattr(EmailMessage, "send", refuse)
        assert deliver_built() == 0
    assert deliver_built() == 1
    (letter,) = mail.outbox
    assert ("You may have had this letter before" in letter.body) is may_have_come


@pytest.mark.usefixtures("db")
def test_nothing_is_delivered_to_somebody_who_lost_the_right_meanwhile(scheduled: Schedules, vera: Person) -> None:
    schedule = scheduled()
    run = ready(schedule)
    with in_role(vera, Role.MANAGER):
        assert deliver_built() == 0
    run.refresh_from_db()
    schedule.refresh_from_db()
    assert (run.state, schedule.state) == (RunState.FAILED, ScheduleState.STOPPED)
    assert mail.outbox == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("delivery", list(Delivery))
def test_s31_a_file_that_was_changed_where_it_is_kept_is_not_delivered(
    scheduled: Schedules, outbox_folder: Path, delivery: Delivery
) -> None:
    run = ready(scheduled(delivery=delivery, folder="month-end" if delivery == Delivery.FOLDER else ""))
    job = ExportJob.objects.get()
    path = storing.path_of(job.stored_as)
    path.write_bytes(path.read_bytes().replace(b"client", b"debtor"))
    assert deliver_built() == 0
    run.refresh_from_db()
    assert run.state == RunState.FAILED and "was changed where it is kept" in run.sentence
    assert Entry.objects.get(event="export.file_changed").object_id == str(job.pk)
    assert (mail.outbox, [one for one in outbox_folder.rglob("*") if one.is_file()]) == ([], [])


@pytest.mark.usefixtures("db")
def test_s31_a_file_that_was_not_made_is_said_so(scheduled: Schedules, vera: Person) -> None:
    schedule = scheduled()
    begin_due()
    cancel(job_id=ExportJob.objects.get().pk, by=vera)
    assert deliver_built() == 0
    run = schedule.runs.get()
    entry = Entry.objects.get(event="schedule.failed")
    assert (run.state, entry.reason, entry.result) == (RunState.FAILED, run.sentence, "failed")
    assert "cancelled" in run.sentence


class Died(BaseException):
    """What ends a worker wherever it is."""


def when_sent(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen when a letter has left, before anybody knows."""
    real = EmailMessage.send

    def send(letter: EmailMessage, *args: Any, **kwargs: Any) -> int:
        sent = real(letter, *args, **kwargs)
        happens()
        return sent

    monkeypatch.setattr(EmailMessage, "send", send)


def die() -> None:
    raise Died


@pytest.mark.usefixtures("committed")
def test_no_transaction_waits_for_the_mail_server(scheduled: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(scheduled())
    found: list[bool] = []
    when_sent(monkeypatch, lambda: found.append(connection.in_atomic_block))
    assert deliver_built() == 1
    assert found == [False]


@pytest.mark.usefixtures("committed")
def test_no_transaction_waits_for_the_folder(
    scheduled: Schedules, outbox_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(in_folder(scheduled))
    found: list[bool] = []
    real = delivering.write_whole

    def write_whole(source: Path, to: Path) -> None:
        found.append(connection.in_atomic_block)
        real(source, to)

    monkeypatch.setattr(delivering, "write_whole", write_whole)
    assert deliver_built() == 1
    assert found == [False]


@pytest.mark.usefixtures("committed")
def test_two_workers_at_once_deliver_a_file_once(scheduled: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(scheduled())
    second: list[int] = []

    def by_another_worker() -> None:
        with ThreadPoolExecutor(1) as pool:
            second.append(pool.submit(deliver_and_leave).result(timeout=30))

    when_sent(monkeypatch, by_another_worker)
    assert (deliver_built(), second, deliver_built()) == (1, [0], 0)
    assert len(mail.outbox) == 1
    assert Entry.objects.filter(event="schedule.delivered").count() == 1


def deliver_and_leave() -> int:
    """Deliver on a connection of this thread's own."""
    try:
        return deliver_built()
    finally:
        connection.close()


@pytest.mark.usefixtures("committed")
def test_a_letter_whose_worker_died_comes_again_and_says_so(
    scheduled: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ready(scheduled())
    with monkeypatch.context() as dying, pytest.raises(Died):
        when_sent(dying, die)
        deliver_built()
    assert not Entry.objects.filter(event="schedule.delivered").exists()
    assert (deliver_built(), deliver_built()) == (1, 0)
    first, second = mail.outbox
    assert "You may have had this letter before" not in first.body
    assert "You may have had this letter before" in second.body
    run.refresh_from_db()
    assert (run.state, "may have come twice" in run.sentence) == (RunState.DELIVERED, True)
    assert (Entry.objects.get(event="schedule.delivered").after or {})["is_again"] is True


@pytest.mark.usefixtures("db")
def test_one_that_came_at_the_first_try_says_nothing_of_others(scheduled: Schedules) -> None:
    run = ready(scheduled())
    deliver_built()
    run.refresh_from_db()
    assert run.sentence == ""
    assert "is_again" not in (Entry.objects.get(event="schedule.delivered").after or {})


@pytest.mark.usefixtures("db")
def test_a_delivery_that_ended_meanwhile_is_not_written_down_twice(
    scheduled: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ready(scheduled())
    runs = ScheduledRun.objects.filter(pk=run.pk)
    when_sent(monkeypatch, lambda: runs.update(state=RunState.DELIVERED, sentence="another worker's"))
    assert deliver_built() == 0
    assert runs.get().sentence == "another worker's"
    assert not Entry.objects.filter(event="schedule.delivered").exists()


@pytest.mark.usefixtures("db")
def test_a_folder_that_was_away_is_no_second_delivery(scheduled: Schedules, outbox_folder: Path) -> None:
    run = ready(in_folder(scheduled))
    outbox_folder.rename(outbox_folder.with_name("away"))
    deliver_built()
    outbox_folder.with_name("away").rename(outbox_folder)
    assert deliver_built() == 1
    run.refresh_from_db()
    assert run.sentence == ""


@pytest.mark.usefixtures("committed")
def test_a_scheduled_file_is_built_delivered_and_fetched_by_the_link(
    scheduled: Schedules, outbox_folder: Path, vera: Person, maya: Person, client: Client
) -> None:
    create_balances()
    in_folder(scheduled)
    by_mail = scheduled()
    begin_due()
    for each in ExportJob.objects.all():
        carry_out(each.pk, holder="worker of the test")
    assert deliver_built() == 2
    (file,) = (outbox_folder / "month-end").iterdir()
    assert file.read_bytes().count(b"\n") == 8  # the heading, and seven balances read on 19 November
    job = by_mail.runs.get().job
    assert job is not None
    client.force_login(vera)
    assert client.get(f"/exports/files/{job.pk}/download/").getvalue() == file.read_bytes()
    client.force_login(maya)
    assert client.get(f"/exports/files/{job.pk}/").status_code == 404

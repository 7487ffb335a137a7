"""A run is asked for, carried out by one worker, taken up where that one died, and made once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.database.locks import Work, held
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.partners import coinmena
from backoffice.reconciliation.comparing import evidence
from backoffice.reconciliation.comparing.matching import Comparison
from backoffice.reconciliation.comparing.partner_total import ask_total
from backoffice.reconciliation.comparing.patience import NOBODY_WAITS
from backoffice.reconciliation.models import JobState, ReferenceCheck, Run, RunJob
from backoffice.reconciliation.running import jobs
from backoffice.reconciliation.running.jobs import take
from backoffice.reconciliation.running.stages import Stage
from backoffice.reconciliation.services import running
from backoffice.reconciliation.services.running import ask_for_run, carry_out, reconcile
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, READ, Ours, Theirs
from tests.stopping import stopped_after

SCHEDULE = System("test")
NEXT_DAY = DAY + timedelta(days=1)
#: How long one thread may wait for what another does, in seconds.
PATIENCE = 60


@pytest.fixture
def read(db: None) -> None:
    orders_are_read()


def orders_are_read() -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )


def asked(by: Person | System = SCHEDULE) -> RunJob:
    return ask_for_run(window_from=DAY, window_to=NEXT_DAY, by=by)


def test_asking_rings_for_a_worker_and_makes_nothing(read: None) -> None:
    job = asked()
    assert (job.state, Run.objects.count()) == (JobState.WAITING, 0)
    assert ProcrastinateJob.objects.filter(task_name="reconciliation.carry_out", args={"job_id": job.pk}).exists()


def test_asking_stands_in_the_log(read: None, maya: Person) -> None:
    asked(by=maya)
    entry = Entry.objects.get(event="reconciliation.asked")
    assert (entry.who, (entry.after or {})["window_from"]) == ("Maya Haddad", "2026-11-18T00:00:00.000000Z")


def test_a_worker_makes_the_run_in_the_name_of_whoever_asked(read: None, maya: Person) -> None:
    run = carry_out(asked(by=maya).pk, holder="w1")
    assert run is not None
    assert (run.run_by, run.job.state, run.job.stage) == (maya, JobState.DONE, Stage.COMPARING)
    assert Entry.objects.get(event="reconciliation.run").who == "Maya Haddad"


def test_one_run_at_a_time_for_a_window(read: None, maya: Person) -> None:
    first = asked()
    assert asked(by=maya) == first
    take(first.pk, "w1")
    assert asked(by=maya) == first
    carry_out(first.pk, holder="w1")
    assert asked(by=maya) != first


def test_windows_that_differ_and_clients_that_differ_run_side_by_side(read: None) -> None:
    client = rows.client("user_1")
    of_client = ask_for_run(window_from=DAY, window_to=NEXT_DAY, client=client, by=SCHEDULE)
    assert len({asked().pk, of_client.pk, ask_for_run(window_from=DAY, window_to=READ, by=SCHEDULE).pk}) == 3


def test_an_auditor_asks_for_nothing(read: None, vera: Person) -> None:
    with pytest.raises(Refused):
        asked(by=vera)
    assert not RunJob.objects.exists()


def test_a_job_that_ended_is_not_carried_out_again(read: None) -> None:
    job = asked()
    carry_out(job.pk, holder="w1")
    assert carry_out(job.pk, holder="w2") is None
    assert Run.objects.count() == 1


def test_a_job_a_dead_worker_left_is_taken_up(read: None) -> None:
    job = asked()
    take(job.pk, "w1")
    run = carry_out(job.pk, holder="w2")
    assert run is not None
    assert run.job.holder.startswith("w2")


def test_look_ups_made_before_the_worker_died_are_not_made_again(read: None, partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.operation(Ours(reference="dep-2"))
    job = asked()
    with_one_look_up(job)
    run = carry_out(job.pk, holder="w2")
    assert run is not None
    assert (run.counts, ReferenceCheck.objects.count()) == ({"missing_at_partner": 2}, 2)


def with_one_look_up(job: RunJob) -> None:
    """Leave the job as a worker does that dies after its first look-up."""
    mine = take(job.pk, "w1")
    assert mine is not None
    check = evidence.look_up(coinmena(deadline_seconds=30), "dep-1")
    jobs.tell(mine, Stage.ASKING, 1, 2, [check.pk])


def test_a_worker_that_lost_its_job_keeps_nothing(read: None, monkeypatch: pytest.MonkeyPatch) -> None:
    job = asked()

    def overtaken(comparison: Comparison, **_how: object) -> object:
        take(job.pk, "w2")
        return ask_total(comparison)

    monkeypatch.setattr(running, "agree_on_total", overtaken)
    assert carry_out(job.pk, holder="w1") is None
    job.refresh_from_db()
    assert (Run.objects.count(), job.state, job.holder[:2]) == (0, JobState.RUNNING, "w2")


def test_a_worker_that_is_asked_to_stop_leaves_its_job_to_another(read: None) -> None:
    job = asked()
    with stopped_after(1):
        carry_out(job.pk, holder="w1")
    job.refresh_from_db()
    assert (job.state, job.sentence, Run.objects.count()) == (JobState.RUNNING, "", 0)
    assert carry_out(job.pk, holder="w2") == Run.objects.get()


def test_whoever_waits_for_a_run_in_other_hands_stops_when_asked_to(read: None) -> None:
    job = asked()
    take(job.pk, "w2")
    with stopped_after(0):
        running.waited_for(job)


def test_a_fault_of_ours_ends_the_job_with_a_sentence(read: None, monkeypatch: pytest.MonkeyPatch) -> None:
    job = asked()
    monkeypatch.setattr(running, "agree_on_total", None)
    with pytest.raises(TypeError):
        carry_out(job.pk, holder="w1")
    job.refresh_from_db()
    assert (job.state, Run.objects.count()) == (JobState.FAILED, 0)
    assert "nothing of it was kept" in job.sentence


def test_a_job_begun_again_for_a_day_is_given_up(read: None) -> None:
    job = asked()
    RunJob.objects.filter(pk=job.pk).update(asked_at=datetime.now(UTC) - timedelta(hours=25))
    assert carry_out(job.pk, holder="w1") is None
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_the_sweep_finds_what_waits_and_what_fell_silent(read: None) -> None:
    waiting, silent, heard = (
        ask_for_run(window_from=DAY - timedelta(days=number), window_to=NEXT_DAY, by=SCHEDULE) for number in range(3)
    )
    take(silent.pk, "w1")
    take(heard.pk, "w2")
    RunJob.objects.filter(pk=silent.pk).update(heard_of_at=READ)
    assert jobs.waiting_for_a_worker() == [waiting.pk, silent.pk]


# Several connections ----------------------------------------------------------------------------------------------


@pytest.fixture
def two_sides(committed: str) -> Iterator[None]:
    orders_are_read()
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    yield


def test_two_workers_with_one_job_make_one_run(two_sides: None) -> None:
    job, made = asked(), list[Run | None]()

    def work(name: str) -> None:
        try:
            made.append(carry_out(job.pk, holder=name))
        finally:
            connection.close()

    workers = [Thread(target=work, args=[f"w{number}"]) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (Run.objects.count(), len([run for run in made if run])) == (1, 1)


def test_a_job_a_living_worker_holds_is_left_alone(two_sides: None) -> None:
    job, seen = asked(), list[Run | None]()

    def other() -> None:
        try:
            seen.append(carry_out(job.pk, holder="w2"))
        finally:
            connection.close()

    with held(Work.RECONCILIATION_RUN, job.pk):
        worker = Thread(target=other)
        worker.start()
        worker.join()
    assert (seen, Run.objects.count()) == ([None], 0)


def test_whoever_needs_the_run_waits_for_the_worker_that_has_it(
    two_sides: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, is_held, is_waited_for, wait = asked(), Event(), Event(), running.waited_for

    def waited_for(job: RunJob) -> Run:
        is_waited_for.set()
        return wait(job)

    def worker() -> None:
        try:
            with held(Work.RECONCILIATION_RUN, job.pk):
                is_held.set()
                mine = take(job.pk, "w1")
                assert mine is not None
                assert is_waited_for.wait(PATIENCE)
                running.work(mine, by=SCHEDULE, patience=NOBODY_WAITS)
        finally:
            connection.close()

    monkeypatch.setattr(running, "waited_for", waited_for)
    thread = Thread(target=worker)
    thread.start()
    assert is_held.wait(PATIENCE)
    run = reconcile(window_from=DAY, window_to=NEXT_DAY, by=SCHEDULE)
    thread.join()
    assert (run.job, Run.objects.count()) == (job, 1)

"""What reads all of the log, or waits for the second place, never takes every slot of the worker that sends money."""

from datetime import date

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit import tasks
from backoffice.audit.sealing import bells
from backoffice.audit.verifying.bells import VERIFY
from backoffice.exports.jobs.bells import LANES
from backoffice.reconciliation import tasks_proofs as proofs
from backoffice.reconciliation.balances.bells import CHECK, PROVE, READ, ring
from backoffice.reconciliation.days.nightly import ring_once_to_check
from backoffice.reconciliation.running import bells as reconciliation
from backoffice.worker.running import CONCURRENT_JOBS
from backoffice.worker.tasks import retry_stalled_jobs
from tests.audit.chain import write
from tests.funding.test_working import work


def test_the_lanes_of_all_long_jobs_leave_a_slot_free() -> None:
    readings = [name for name in app.tasks if ".tasks.sync_" in name]
    assert len(readings) == 5
    assert LANES + 1 + len(reconciliation.LANES) + len(readings) < CONCURRENT_JOBS


@pytest.mark.usefixtures("db")
def test_whatever_the_reconciliation_rings_for_or_does_by_itself_goes_in_a_lane(maya: Person) -> None:
    reconciliation.RUN.ring(1)
    reconciliation.RUN.ring_once(2)
    for task in (READ, PROVE, CHECK):
        ring(task, by=maya)
    ring_once_to_check(date(2026, 11, 20))

    rung = ProcrastinateJob.objects.filter(queue_name=reconciliation.QUEUE).values_list("task_name", "lock")
    assert len(rung) == 6
    assert {(name, lock) for name, lock in rung if lock != reconciliation.READING_LANE} == {
        (reconciliation.RUN.task, reconciliation.RUN_LANE)
    }
    long = (proofs.read_balances_by_itself, proofs.prove_nightly, proofs.check_hourly)
    assert {one.lock for one in long} == {reconciliation.READING_LANE}


def test_sealing_checking_and_verifying_go_one_at_a_time() -> None:
    assert {task.lock for task in (tasks.seal, tasks.check_seals, tasks.verify_log)} == {bells.LANE}


@pytest.mark.usefixtures("db")
def test_bells_ring_for_the_same_lane(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUDIT_SEAL_KEY = "a key"
    monkeypatch.setattr(bells, "ENTRIES_PER_SEAL", 1)
    write()
    VERIFY.ring(1)
    VERIFY.ring_once(2)
    rung = ProcrastinateJob.objects.filter(task_name__in=(bells.SEAL, VERIFY.task)).values_list("task_name", "lock")
    assert sorted(rung) == [(bells.SEAL, bells.LANE), (VERIFY.task, bells.LANE), (VERIFY.task, bells.LANE)]


@pytest.mark.usefixtures("committed")
def test_a_bell_that_died_with_its_worker_blocks_no_bell_that_waits_under_the_same_lock() -> None:
    """Killed in the middle of one; rung again before anybody found out. The waiting one can take the lane no more, and
    the dead one cannot wait beside it."""
    job = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, lock, queueing_lock, status)"
        " VALUES ('audit', 'audit.sweep', '{\"timestamp\": 0}', %s, %s, %s)"
    )
    with connection.cursor() as cursor:
        for lock, status in (("lane", "doing"), ("lane", "todo"), ("another", "doing")):
            cursor.execute(job, [lock, lock, status])
    retry_stalled_jobs.configure().defer(timestamp=0)
    work()
    work()
    assert not ProcrastinateJob.objects.filter(lock__in=("lane", "another"), status__in=("todo", "doing")).exists()

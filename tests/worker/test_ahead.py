"""What a clock that ran ahead left in the workers' books keeps nobody waiting once the clock is set right (F22)."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from django.db import connection
from procrastinate import RetryStrategy, utils
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from backoffice.database import clock
from backoffice.health.services import Unwell, jobs_are_done
from backoffice.worker import ahead
from backoffice.worker.queries import longest_job_in_hand, oldest_job_due, workers_alive
from backoffice.worker.starting import look_around
from backoffice.worker.tasks import retry_stalled_jobs
from tests.funding.test_working import work

HOURS: Final = timedelta(hours=3)
SWEEP: Final = "funding.sweep"


def a_job(
    status: str,
    *,
    task: str = SWEEP,
    put_off: timedelta = timedelta(),
    lane: str | None = None,
    worker: int | None = None,
) -> int:
    """Put a job into the workers' books that waits under its queueing lock, or did before a worker took it up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs"
            " (queue_name, task_name, args, lock, queueing_lock, status, worker_id, scheduled_at) VALUES"
            " ('a queue', %s, '{\"timestamp\": 0}', %s, %s, %s, %s, now() + make_interval(secs => %s)) RETURNING id",
            [task, lane, task, status, worker, put_off.total_seconds()],
        )
        return int(cursor.fetchone()[0])


def a_worker(*, ahead: timedelta) -> int:
    """Have a worker that gave its last sign of life at a moment still to come."""
    with connection.cursor() as cursor:
        beat = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + make_interval(secs => %s))"
        cursor.execute(f"{beat} RETURNING id", [ahead.total_seconds()])
        return int(cursor.fetchone()[0])


def heartbeats_are_older_by(span: timedelta) -> None:
    with connection.cursor() as cursor:
        statement = "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - make_interval(secs => %s)"
        cursor.execute(statement, [span.total_seconds()])


def is_done(job: int) -> bool:
    """What succeeded is deleted."""
    return not ProcrastinateJob.objects.filter(pk=job).exists()


def look_for_stalled_jobs() -> None:
    retry_stalled_jobs.configure().defer(timestamp=0)
    work()


@pytest.mark.usefixtures("committed")
def test_a_job_handed_on_while_the_clock_ran_ahead_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job("doing")
    monkeypatch.setattr(utils, "utcnow", lambda: datetime.now(UTC) + HOURS)

    look_for_stalled_jobs()

    assert is_done(job)


@pytest.mark.usefixtures("committed")
def test_a_job_put_off_for_hours_is_done_at_once() -> None:
    jobs = [a_job("todo", put_off=HOURS), a_job("todo", task="audit.sweep", put_off=HOURS, lane="a lane")]

    look_for_stalled_jobs()
    work()

    assert all(is_done(job) for job in jobs)


@pytest.mark.usefixtures("db")
def test_a_worker_that_starts_frees_even_the_job_that_frees_the_others() -> None:
    job = a_job("todo", task=retry_stalled_jobs.name, put_off=HOURS)

    look_around()

    assert ProcrastinateJob.objects.get(pk=job).scheduled_at is None


@pytest.mark.usefixtures("db")
def test_what_is_to_be_tried_again_later_waits_for_its_moment() -> None:
    job = a_job("todo", put_off=timedelta(hours=1))

    ahead.set_right()

    assert ProcrastinateJob.objects.get(pk=job).scheduled_at is not None
    jobs_are_done()


def test_no_job_is_tried_again_later_than_the_longest_wait() -> None:
    strategies = [task.retry_strategy for task in app.tasks.values() if task.retry_strategy is not None]
    known = [one for one in strategies if isinstance(one, RetryStrategy) and not one.linear_wait and not one.wait]
    assert len(known) == len(strategies) >= 3
    longest = max(one.exponential_wait ** (one.max_attempts or 99) for one in known)
    assert timedelta(seconds=longest) < ahead.LONGEST_PUT_OFF


@pytest.mark.usefixtures("db")
def test_a_job_put_off_for_hours_is_told() -> None:
    a_job("todo", put_off=HOURS)

    with pytest.raises(Unwell, match="put off for .* Restart the workers"):
        jobs_are_done()


@pytest.mark.usefixtures("committed")
def test_a_worker_killed_while_the_clock_ran_ahead_loses_its_lane_as_any_dead_worker() -> None:
    worker = a_worker(ahead=HOURS)
    job = a_job("doing", lane="a lane", worker=worker)
    look_for_stalled_jobs()
    assert not is_done(job), "it may be alive"

    heartbeats_are_older_by(timedelta(seconds=30))
    look_for_stalled_jobs()

    assert is_done(job)


@pytest.mark.usefixtures("db")
def test_a_worker_alive_beats_on_and_keeps_its_jobs() -> None:
    worker = a_worker(ahead=HOURS)
    assert workers_alive() == 0

    ahead.set_right()

    assert workers_alive() == 1
    assert ProcrastinateWorker.objects.get().pk == worker


@pytest.mark.parametrize(("status", "event"), [("doing", "started"), ("todo", "deferred")])
@pytest.mark.usefixtures("db")
def test_how_long_a_job_waits_or_is_in_hand_counts_from_when_the_clock_was_set_right(status: str, event: str) -> None:
    job = a_job(status)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_events WHERE job_id = %s", [job])
        later = "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, %s, now() + interval '3 hours')"
        cursor.execute(later, [job, event])

    ahead.set_right()

    since = oldest_job_due() or longest_job_in_hand()
    assert since is not None and since <= clock.now()

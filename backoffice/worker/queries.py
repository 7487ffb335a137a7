"""How the background work is doing."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from backoffice.database import clock
from backoffice.worker.ahead import LONGEST_PUT_OFF

ALIVE_WITHIN = timedelta(seconds=20)

#: A job is due from when it was asked for, or asked for again, unless it was put off to a later moment.
_OLDEST_DUE: Final = """
    SELECT min(greatest(job.scheduled_at, asked.at))
    FROM procrastinate_jobs job
    CROSS JOIN LATERAL (
        SELECT max(at) AS at FROM procrastinate_events
        WHERE job_id = job.id AND type IN ('deferred', 'deferred_for_retry', 'retried')
    ) asked
    WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= %s)
      AND NOT EXISTS (SELECT FROM procrastinate_jobs ahead WHERE ahead.status = 'doing' AND ahead.lock = job.lock)
"""
_LONGEST_IN_HAND: Final = """
    SELECT min(began.at)
    FROM procrastinate_jobs job
    CROSS JOIN LATERAL (
        SELECT max(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'started'
    ) began
    WHERE job.status = 'doing'
"""


def workers_alive() -> int:
    """Count the workers that gave a sign of life in the last 20 seconds, by the clock that dates these signs.

    One that lies ahead was given while the clock was wrong, and is none of the last 20 seconds.
    """
    now = Now()
    lately = ProcrastinateWorker.objects.filter(last_heartbeat__range=(now - ALIVE_WITHIN, now + clock.SET_BACK))
    return int(lately.count())


def oldest_job_due() -> datetime | None:
    """Return since when the oldest job has been waiting for a worker; None when nothing waits.

    What waits for the job ahead of it in its lane waits for no worker.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_DUE, [timezone.now()])
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def put_off_too_far() -> datetime | None:
    """Return to when a job is put off that no clock set right would have put off so far; None where none is."""
    jobs = ProcrastinateJob.objects.filter(status="todo", scheduled_at__gt=timezone.now() + LONGEST_PUT_OFF)
    return jobs.order_by("-scheduled_at", "id").values_list("scheduled_at", flat=True).first()


def longest_job_in_hand() -> datetime | None:
    """Return since when some worker has been at one job, the longest of all; None while none is at any.

    A moment that lies ahead is brought back within seconds, see `ahead`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LONGEST_IN_HAND)
        return cursor.fetchone()[0]  # type: ignore[no-any-return]

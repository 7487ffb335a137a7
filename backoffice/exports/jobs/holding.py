"""The row and the lock of a file being built: one worker builds it, and a dead worker's is taken up by another.

A lock of the database session tells a worker that is alive from one that is dead. The holder's name in the row stands
behind it: whoever lost the row, to another worker or to somebody who cancelled it, writes nothing more.
"""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.db import transaction

from backoffice.database import clock
from backoffice.exports.giving import Stopped
from backoffice.exports.models import UNDER_WAY, ExportJob, JobState

#: A worker that has said nothing for so long may be dead; whoever is rung for finds out by the lock.
SILENT_AFTER: Final = timedelta(seconds=20)


@transaction.atomic
def take(job_id: int, holder: str) -> ExportJob | None:
    """Take a job up, whether it waits or a dead worker left it; None when it has ended."""
    job = ExportJob.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=job_id)
    if job.state not in UNDER_WAY:
        return None
    now = clock.now()
    job.state, job.holder, job.heard_of_at = JobState.BUILDING, f"{holder} {uuid4().hex[:8]}", now
    job.started_at, job.tries, job.done = job.started_at or now, job.tries + 1, 0
    job.save(update_fields=["state", "holder", "heard_of_at", "started_at", "tries", "done"])
    return job


def keep(job: ExportJob, **changes: object) -> None:
    """Change a job that is being built.

    :raises Stopped: when it was cancelled, or is another worker's by now.
    """
    mine = ExportJob.objects.filter(pk=job.pk, holder=job.holder, state=JobState.BUILDING)
    if not mine.update(**changes):
        raise Stopped


def waiting_for_a_worker() -> list[int]:
    """List the jobs nobody is known to work on, longest waiting first."""
    silent = ExportJob.objects.filter(state=JobState.BUILDING, heard_of_at__lt=clock.now() - SILENT_AFTER)
    waiting = ExportJob.objects.filter(state=JobState.WAITING) | silent
    return list(waiting.order_by("id").values_list("id", flat=True)[:100])

"""The row and the lock of a verification: one worker carries it out, and a dead worker's is taken up by another.

A lock of the database session tells a worker that is alive from one that is dead. The holder's name in the row stands
behind it: whoever lost the row writes nothing more.
"""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.db import transaction

from backoffice.audit.models import UNDER_WAY, JobState, VerificationJob
from backoffice.database import clock

#: A worker that has said nothing for so long may be dead; whoever is rung for finds out by the lock.
SILENT_AFTER: Final = timedelta(seconds=20)


class TakenOver(Exception):
    """Another worker holds the job by now; nothing of this one's work is kept."""


@transaction.atomic
def take(job_id: int, holder: str) -> VerificationJob | None:
    """Take a job up, whether it waits or a dead worker left it; None when it has ended."""
    found = VerificationJob.objects.select_for_update(of=("self",)).select_related("asked_by")
    job = found.get(pk=job_id)
    if job.state not in UNDER_WAY:
        return None
    job.state, job.holder, job.heard_of_at = JobState.RUNNING, f"{holder} {uuid4().hex[:8]}", clock.now()
    job.tries, job.done = job.tries + 1, 0
    job.save(update_fields=["state", "holder", "heard_of_at", "tries", "done"])
    return job


def keep(job: VerificationJob, **changes: object) -> None:
    """Change a job that is under way.

    :raises TakenOver: when it is another worker's by now.
    """
    mine = VerificationJob.objects.filter(pk=job.pk, holder=job.holder, state=JobState.RUNNING)
    if not mine.update(**changes):
        raise TakenOver


def under_way() -> VerificationJob | None:
    """Return the verification that waits or runs; there is one at most."""
    return VerificationJob.objects.select_related("asked_by").filter(state__in=UNDER_WAY).first()


def newest() -> VerificationJob | None:
    """Return the verification that was asked for last."""
    return VerificationJob.objects.select_related("asked_by").order_by("-id").first()


def waiting_for_a_worker() -> list[int]:
    """List the jobs nobody is known to work on; one at most."""
    silent = VerificationJob.objects.filter(state=JobState.RUNNING, heard_of_at__lt=clock.now() - SILENT_AFTER)
    waiting = VerificationJob.objects.filter(state=JobState.WAITING) | silent
    return list(waiting.order_by("id").values_list("id", flat=True))

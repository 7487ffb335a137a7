"""The row and the lock of a run under way: one worker carries it out, and a dead worker's is taken up by another.

A lock of the database session tells a worker that is alive from one that is dead. The holder's name in the row stands
behind it: whoever lost the row to another writes nothing more.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.database import clock
from backoffice.reconciliation.models import JobState, Run, RunJob
from backoffice.reconciliation.models.jobs import UNDER_WAY
from backoffice.reconciliation.running.stages import Stage
from backoffice.worker.stopping import stop_if_asked

#: A run that was begun again and again for so long never ends: it is given up.
GIVEN_UP_AFTER: Final = timedelta(days=1)
#: A worker that has said nothing for so long may be dead; whoever is rung for finds out by the lock.
SILENT_AFTER: Final = timedelta(seconds=20)


class TakenOver(Exception):
    """Another worker holds the job by now; nothing of this one's work is kept."""


@transaction.atomic
def take(job_id: int, holder: str) -> RunJob | None:
    """Take a job up, whether it waits or a dead worker left it; None when it has ended."""
    job = RunJob.objects.select_for_update(of=("self",)).select_related("client", "ledger", "asked_by").get(pk=job_id)
    if job.state not in UNDER_WAY:
        return None
    now = clock.now()
    if now - job.asked_at > GIVEN_UP_AFTER:
        give_up(job, _("It was begun again and again for a day and never ended. Ask for it again."))
        return None
    job.state, job.holder, job.heard_of_at = JobState.RUNNING, f"{holder} {uuid4().hex[:8]}", now
    job.started_at = job.started_at or now
    job.save(update_fields=["state", "holder", "heard_of_at", "started_at"])
    return job


def tell(job: RunJob, stage: Stage, done: int = 0, of: int | None = None, checks: Sequence[int] = ()) -> None:
    """Keep how far the job is, and the look-ups made for it.

    :raises TakenOver: when it is another worker's by now.
    :raises Stopping: when this worker was asked to stop; another goes on.
    """
    job.checks = list(checks) or job.checks
    job.stage, job.done, job.of = stage, done, of
    keep(job, stage=stage, done=done, of=of, checks=job.checks, heard_of_at=clock.now())
    stop_if_asked()


def finish(job: RunJob, run: Run) -> None:
    """End the job with its run, in the transaction that writes it.

    :raises TakenOver: when it is another worker's by now: then that one writes the run.
    """
    keep(job, state=JobState.DONE, run=run, ended_at=clock.now())


def give_up(job: RunJob, sentence: str) -> None:
    """End the job without a run.

    :raises TakenOver: when it is another worker's by now.
    """
    keep(job, state=JobState.FAILED, sentence=sentence, ended_at=clock.now())


def keep(job: RunJob, **changes: object) -> None:
    mine = RunJob.objects.filter(pk=job.pk, holder=job.holder, state=job.state)
    if not mine.update(**changes):
        raise TakenOver


def waiting_for_a_worker() -> list[int]:
    """List the jobs nobody is known to work on, longest waiting first."""
    silent_since = clock.now() - SILENT_AFTER
    jobs = RunJob.objects.filter(state=JobState.WAITING) | RunJob.objects.filter(
        state=JobState.RUNNING, heard_of_at__lt=silent_since
    )
    return list(jobs.order_by("asked_at", "id").values_list("id", flat=True)[:100])

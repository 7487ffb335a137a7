"""Ask for a verification of the log, and carry it out: what a worker does while somebody watches."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.context import current_origin, originating_from
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry, Head, JobState, VerificationJob
from backoffice.audit.services import record
from backoffice.audit.verifying.bells import VERIFY
from backoffice.audit.verifying.checking import Verification, verify
from backoffice.audit.verifying.jobs import TakenOver, keep, take, under_way
from backoffice.audit.verifying.writing import write_down
from backoffice.database import clock
from backoffice.database.locks import Work, held

MOST_TRIES: Final = 3
SECONDS_BETWEEN_WORDS: Final = 0.5

log = structlog.get_logger(__name__)


@transaction.atomic
def ask_for_verification(*, by: Person) -> VerificationJob:
    """Have a worker check the whole log; whoever asks while one is under way gets that one."""
    head = Head.objects.select_for_update().first()  # two who ask at once come one after the other
    found = under_way()
    if found:
        return found
    number = head.number if head else 0
    address = current_origin().address
    job = VerificationJob.objects.create(asked_by=by, asked_at=clock.now(), address=address, of=number)
    VERIFY.ring(job.pk)
    return job


def carry_out(job_id: int, *, holder: str) -> None:
    """Check the log for a job, unless a living worker does, or it has ended."""
    with held(Work.VERIFICATION, job_id) as is_mine:
        job = take(job_id, holder) if is_mine else None
        if job is not None:
            with suppress(TakenOver), originating_from(job.address, current_origin().request_id or None):
                check_or_say_why_not(job)


def check_or_say_why_not(job: VerificationJob) -> None:
    if job.tries > MOST_TRIES:
        give_up(
            job, _("It was begun three times and never ended. Ask whoever runs the product to look at the workers.")
        )
        return
    try:
        finish(job, verify(word_of(job)))
    except TakenOver:
        raise
    except Exception:
        log.exception("a verification broke off", job=job.pk)
        give_up(job, _("It broke off before it ended. Ask for it again."))


@transaction.atomic
def finish(job: VerificationJob, found: Verification) -> None:
    """Write down how it came out, in the transaction that ends the job."""
    keep(job, heard_of_at=clock.now())
    entry = write_down(found, by=job.asked_by)
    keep(job, state=JobState.DONE, entry=entry, ended_at=clock.now())


@transaction.atomic
def give_up(job: VerificationJob, sentence: str) -> None:
    """End a job without an outcome, and say why."""
    keep(job, state=JobState.FAILED, sentence=sentence, ended_at=clock.now())
    record("audit.unverified", by=job.asked_by, reason=sentence, result=Entry.Result.FAILED)


def word_of(job: VerificationJob) -> Callable[[int, int], None]:
    """Say now and then how many entries are checked."""
    last = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_WORDS or done == of:
            last = time.monotonic()
            keep(job, done=done, of=of, heard_of_at=clock.now())

    return tell

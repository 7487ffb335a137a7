"""Build a file that was asked for: what a worker does, again from the start where another one died."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.context import Origin, current_origin
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.database.locks import Work, held
from backoffice.exports import registry
from backoffice.exports.giving import Giving, Stopped
from backoffice.exports.jobs import storing
from backoffice.exports.jobs.holding import keep, take
from backoffice.exports.jobs.services import KEPT_FOR, told
from backoffice.exports.manifests import Manifest, named
from backoffice.exports.models import ExportJob, Format, JobState
from backoffice.exports.policies import check_may_take
from backoffice.exports.snapshots import own_connection
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import DoesNotFit
from backoffice.ui.listing import BadListRequest

log = structlog.get_logger(__name__)
MOST_TRIES: Final = 3
SECONDS_BETWEEN_WORDS: Final = 1.0


class NeverEnds(Exception):
    """A file was begun again and again; the text is for whoever asked for it."""


#: What ends a file with a sentence for whoever asked for it.
TELLING = (NeverEnds, Refused, DoesNotFit, BadListRequest, registry.UnknownExport)


def carry_out(job_id: int, *, holder: str) -> None:
    """Build the file of a job, unless a living worker does, or it has ended."""
    with held(Work.BUILDING_A_FILE, job_id) as is_mine:
        job = take(job_id, holder) if is_mine else None
        if job is not None:
            with timezone.override(ZoneInfo(job.zone)):
                build_or_say_why_not(job)


def build_or_say_why_not(job: ExportJob) -> None:
    try:
        build(job)
    except Stopped:
        log.info("an export is nobody's any more", job=job.pk)
    except TELLING as error:
        give_up(job, str(error))
    except Exception:
        log.exception("an export broke off", job=job.pk)
        give_up(job, gettext("The file broke off while it was built. Ask for it again."))


def build(job: ExportJob) -> None:
    """Build the file and write its manifest down, in the transaction that says it is ready.

    :raises Stopped: when nobody wants it any more.
    """
    if job.tries > MOST_TRIES:
        raise NeverEnds(gettext("It was begun three times and never ended. Ask for fewer rows."))
    wish = wish_of(job)
    check_may_take(wish.export, job.asked_by)
    with own_connection() as connection, storing.new_file(job) as (name, file):
        giving = Giving(manifest_of(job, wish), connection, Tally(word_of(job)))
        # Whatever ends the writing is written down before the job is given up.
        with closing(giving.pieces()) as pieces:
            for piece in pieces:
                file.write(piece)
        storing.settle(file)
        finish(job, giving, name)


@transaction.atomic
def finish(job: ExportJob, giving: Giving, name: str) -> None:
    now = clock.now()
    keep(job, heard_of_at=now)  # the row is locked before the head of the log, as by everybody else
    entry, tally = giving.write_down(), giving.tally
    keep(
        job,
        state=JobState.READY,
        entry=entry,
        file_name=giving.manifest.file_name,
        stored_as=name,
        size=tally.size,
        sha256=tally.sha256,
        done=tally.rows,
        ended_at=now,
        expires_at=now + KEPT_FOR,
    )


def give_up(job: ExportJob, sentence: str) -> None:
    """End a job without a file, and say why, unless it has ended otherwise by now."""
    with suppress(Stopped), transaction.atomic():
        keep(job, state=JobState.BROKEN, sentence=sentence, ended_at=clock.now())
        failed = str(Entry.Result.FAILED)
        record("export.given_up", by=job.asked_by, obj=job, after=told(job), reason=sentence, result=failed)


def wish_of(job: ExportJob) -> Wish:
    """Read what was asked for off its job; the person as they are now.

    :raises UnknownExport: when the list is exported no more.
    :raises BadListRequest: when it no longer has these columns.
    """
    export, params = registry.find(job.export), QueryDict(job.query)
    return Wish(export, params, job.asked_by, job.preset, Format(job.format), job.scope)


def manifest_of(job: ExportJob, wish: Wish) -> Manifest:
    """Say of the file that it goes to the address it was asked for from."""
    return Manifest(wish, named(wish), Origin(job.address, current_origin().request_id), job.pk)


def word_of(job: ExportJob) -> Callable[[int], None]:
    """Say now and then how many rows there are; whoever has cancelled the job stops it there."""
    last = time.monotonic()

    def tell(rows: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_WORDS:
            last = time.monotonic()
            keep(job, done=rows, heard_of_at=clock.now())

    return tell

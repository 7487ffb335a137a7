"""Ask for a file that a worker builds, take that back, and let go of files nobody fetched in time."""

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.actors import System
from backoffice.accounts.context import current_origin
from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.exports.jobs import storing
from backoffice.exports.jobs.bells import BUILD
from backoffice.exports.models import UNDER_WAY, ExportJob, JobState
from backoffice.exports.policies import check_may_take
from backoffice.exports.services import AT_ONCE, too_many
from backoffice.exports.wishes import Wish

KEPT_FOR: Final = timedelta(days=7)
LET_GO_AT_ONCE: Final = 100


class NotUnderWay(Exception):
    """The file is no longer being built; the text says what to do instead."""


@transaction.atomic
def ask_for_file(wish: Wish, *, rows: int | None = None, because: str = "") -> ExportJob:
    """Have a worker build a file for a person.

    :param because: what asks in the person's name, where they do not do so themselves.
    :param rows: how many rows there are now, where that is known, to show how far it is.
    :raises Refused: for somebody who may not take the list away.
    :raises TooMany: while as many files of theirs are being made as may be.
    :raises BadListRequest: for filters or an order that cannot be read.
    """
    person = asking(wish)
    check_may_take(wish.export, person)
    wish.rows()
    job = ExportJob.objects.create(**wanted(wish, person), of=rows)
    BUILD.ring(job.pk)
    record("export.asked", by=person, obj=job, after=told(job), reason=because)
    return job


def asking(wish: Wish) -> Person:
    """Give the person who asks, locked, so that two requests at once cannot both be the last that is let through.

    :raises TooMany: while as many files of theirs are being made as may be.
    """
    if not isinstance(wish.by, Person):
        raise TypeError("A file is built for a person.")
    person = Person.objects.select_for_update(no_key=True).get(pk=wish.by.pk)
    if ExportJob.objects.filter(asked_by=person, state__in=UNDER_WAY).count() >= AT_ONCE:
        raise too_many()
    return person


def wanted(wish: Wish, person: Person) -> dict[str, Any]:
    """Write a wish as the row of a job keeps it."""
    return {
        "export": wish.export.name,
        "scope": wish.scope,
        "query": wish.query,
        "zone": timezone.get_current_timezone_name(),
        "preset": wish.preset,
        "format": wish.format,
        "asked_by": person,
        "asked_at": clock.now(),
        "address": current_origin().address,
    }


def told(job: ExportJob) -> dict[str, Any]:
    """Say which file a job is about, as its entries do."""
    return {"export": job.export, "filter": job.query, "preset": job.preset, "format": str(job.format)}


@transaction.atomic
def cancel(*, job_id: int, by: Person) -> ExportJob:
    """Take a file back that is not built yet. Its worker finds out at its next word.

    :raises ExportJob.DoesNotExist: for a job that is not ``by``'s.
    :raises NotUnderWay: for one that has ended.
    """
    job = ExportJob.objects.select_for_update().get(pk=job_id, asked_by=by)
    if not job.is_under_way:
        raise NotUnderWay(gettext("This export has ended already. Its page says how."))
    job.state, job.ended_at = JobState.CANCELLED, clock.now()
    job.save(update_fields=["state", "ended_at"])
    record("export.cancelled", by=by, obj=job, after=told(job))
    return job


def let_go_of_old_files() -> int:
    """Delete files whose time is over, and say so; return how many."""
    over = ExportJob.objects.filter(state=JobState.READY, expires_at__lte=clock.now())
    return sum(let_go(job_id) for job_id in over.order_by("id").values_list("id", flat=True)[:LET_GO_AT_ONCE])


@transaction.atomic
def let_go(job_id: int) -> bool:
    job = ExportJob.objects.select_for_update().get(pk=job_id)
    if job.state != JobState.READY:
        return False
    storing.delete(job.stored_as)
    job.state = JobState.EXPIRED
    job.save(update_fields=["state"])
    record("export.expired", by=System("exports"), obj=job, after={**told(job), "file": job.file_name})
    return True

"""Deliver what was built: into the schedule's folder, or by a letter with a link, to whoever may still have it."""

import os
import shutil
import smtplib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.database.locks import Work, held
from backoffice.exports import registry
from backoffice.exports.jobs import storing
from backoffice.exports.jobs.columns import title_named
from backoffice.exports.jobs.whole import Changed, check_whole, issued_digest
from backoffice.exports.models import UNDER_WAY, Delivery, ExportJob, Format, JobState, RunState, ScheduledRun
from backoffice.exports.policies import check_may_take
from backoffice.exports.schedules.beginning import SCHEDULE, stop
from backoffice.exports.schedules.services import told

log = structlog.get_logger(__name__)
FILE_MODE: Final = 0o440
#: After these no mail server has the letter: there was none, it said no, or there was nothing to send.
NOT_TAKEN: Final = (
    ConnectionRefusedError,
    FileNotFoundError,
    socket.gaierror,
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
)


def deliver_built() -> int:
    """Deliver every file that is built, and say of those that never will be why; return how many were delivered."""
    ended = ScheduledRun.objects.filter(state=RunState.BUILDING).exclude(job__state__in=UNDER_WAY)
    return sum(deliver_or_wait(run_id) for run_id in list(ended.order_by("id").values_list("id", flat=True)))


def deliver_or_wait(run_id: int) -> bool:
    """Deliver one file; where the mail server or the folder is away, say so on its page and try again later."""
    try:
        return deliver(run_id)
    except OSError as error:
        log.warning("a scheduled export could not be delivered yet", run=run_id, because=str(error))
        sentence = gettext("It is built, but could not be delivered yet. It is tried again every half minute.")
        ScheduledRun.objects.filter(pk=run_id, state=RunState.BUILDING).update(sentence=sentence)
    except Exception:
        log.exception("a scheduled export could not be delivered", run=run_id)
    return False


def deliver(run_id: int) -> bool:
    """Deliver one file, and write that down. Interrupted in between, it arrives twice rather than never, and says so.

    No transaction is open while the folder or the mail server is waited for. A living worker's claim is its lock; a
    dead one's is the place it left in the row.

    :raises OSError: when the folder cannot be written, or the mail server does not take the letter.
    """
    with held(Work.DELIVERING_A_FILE, run_id) as is_mine:
        claimed = claim(run_id) if is_mine else None
        return claimed is not None and hand_over(claimed)


@dataclass(frozen=True)
class Claimed:
    """A file that is this worker's to deliver; ``is_again`` where another one began to, and never said it had."""

    run: ScheduledRun
    job: ExportJob
    is_again: bool


@transaction.atomic
def claim(run_id: int) -> Claimed | None:
    """Claim a file for its delivery, or write down why it is not delivered."""
    run = undelivered(run_id)
    if run is None:
        return None
    job = ExportJob.objects.select_related("asked_by", "entry").get(scheduled_run=run)
    if job.state != JobState.READY:
        fail(run, job.sentence or gettext("The file was cancelled, or its week was over before it could be delivered."))
        return None
    try:
        check_may_take(registry.find(job.export), job.asked_by)
    except (Refused, registry.UnknownExport) as error:
        withdraw(run, str(error))
        return None
    claimed = Claimed(run, job, is_again=bool(run.place))
    run.place = place_of(claimed)
    run.save(update_fields=["place"])
    return claimed


def undelivered(run_id: int) -> ScheduledRun | None:
    """Lock a run; None where it has ended."""
    waiting = ScheduledRun.objects.filter(pk=run_id, state=RunState.BUILDING)
    return waiting.select_for_update(of=("self",)).select_related("schedule__owner").first()


def place_of(claimed: Claimed) -> str:
    """Say where a file goes: a place below the folder of all files, or its owner's address."""
    schedule = claimed.run.schedule
    by_folder = schedule.delivery == Delivery.FOLDER
    return f"{schedule.folder}/{name_of(claimed.run)}" if by_folder else claimed.job.asked_by.email


def hand_over(claimed: Claimed) -> bool:
    """Deliver what was claimed; whether it was.

    :raises OSError: when the folder cannot be written, or the mail server does not take the letter.
    """
    give = into_folder if claimed.run.schedule.delivery == Delivery.FOLDER else by_mail
    try:
        give(claimed)
    except Changed:
        withhold(claimed)
        return False
    except OSError as error:
        if not claimed.is_again and has_not_arrived(claimed, error):
            ScheduledRun.objects.filter(pk=claimed.run.pk, state=RunState.BUILDING).update(place="")
        raise
    return settle(claimed)


def has_not_arrived(claimed: Claimed, error: OSError) -> bool:
    """Whether nothing was delivered for sure: a file gets its name last, but a letter may be taken unheard."""
    return claimed.run.schedule.delivery == Delivery.FOLDER or isinstance(error, NOT_TAKEN)


@transaction.atomic
def settle(claimed: Claimed) -> bool:
    """Write a delivery down, unless the run has ended meanwhile."""
    run, job, place = undelivered(claimed.run.pk), claimed.job, claimed.run.place
    if run is None:
        return False
    sentence = gettext("It may have come twice: an earlier try did not come to its end.") if claimed.is_again else ""
    run.state, run.ended_at, run.place, run.sentence = RunState.DELIVERED, clock.now(), place, sentence
    run.save(update_fields=["state", "ended_at", "place", "sentence"])
    file = {"file": job.file_name, "sha256": issued_digest(job), "entry": job.entry_id}
    facts = {"period": run.period.isoformat(), **file}
    again = {"is_again": True} if claimed.is_again else {}
    after = {**told(run.schedule), **facts, "to": place, **again}
    record("schedule.delivered", by=SCHEDULE, obj=run.schedule, after=after)
    return True


def fail(run: ScheduledRun, sentence: str) -> None:
    """Write down that the file of a period was not made."""
    run.state, run.ended_at, run.sentence = RunState.FAILED, clock.now(), sentence
    run.save(update_fields=["state", "ended_at", "sentence"])
    facts = {**told(run.schedule), "period": run.period.isoformat()}
    failed = str(Entry.Result.FAILED)
    record("schedule.failed", by=SCHEDULE, obj=run.schedule, after=facts, reason=sentence, result=failed)


@transaction.atomic
def withhold(claimed: Claimed) -> None:
    """Deliver nothing that is not what was built."""
    run, job = undelivered(claimed.run.pk), claimed.job
    if run is None:
        return
    log.error("an exported file is not what was built", job=job.pk)
    facts = {"file": job.file_name, "sha256": issued_digest(job), "entry": job.entry_id}
    record("export.file_changed", by=SCHEDULE, obj=job, after=facts, result=str(Entry.Result.FAILED))
    fail(run, gettext("This file was changed where it is kept, and is not handed out. Ask for the export again."))


def withdraw(run: ScheduledRun, because: str) -> None:
    """Deliver nothing to somebody who lost the right, and stop the schedule."""
    schedule = type(run.schedule).objects.select_for_update(of=("self",)).get(pk=run.schedule_id)
    fail(run, because)
    if schedule.is_running:
        stop(schedule, because, clock.now())


def into_folder(claimed: Claimed) -> None:
    """Lay a copy into the schedule's folder, whole or not at all, in the place of one that was laid there before.

    :raises OSError: when that cannot be written, or leads elsewhere by a link.
    :raises Changed: when the copy is not what the manifest says.
    """
    root = Path(settings.EXPORT_FOLDER).resolve(strict=True)
    folder = root / claimed.run.schedule.folder
    folder.mkdir(mode=0o750, exist_ok=True)
    if folder.resolve(strict=True) != folder:
        raise OSError(f"{folder} is not a folder of its own.")
    name, job = name_of(claimed.run), claimed.job
    part = folder / f".{name}.{uuid4().hex}.part"
    try:
        write_whole(storing.path_of(job.stored_as), part)
        check_whole(part, issued_digest(job))
        os.replace(part, folder / name)
    finally:
        part.unlink(missing_ok=True)


def write_whole(source: Path, to: Path) -> None:
    """Copy a file and have it on the disk before it gets its name."""
    with source.open("rb") as built, to.open("xb") as copy:
        shutil.copyfileobj(built, copy)
        copy.flush()
        os.fsync(copy.fileno())
        os.fchmod(copy.fileno(), FILE_MODE)


def name_of(run: ScheduledRun) -> str:
    """Name the file of a period: the same each time it is delivered, and no other schedule's."""
    schedule = run.schedule
    return f"{schedule.export}-{run.period.isoformat()}-schedule-{schedule.pk}.{Format(schedule.format).suffix}"


def by_mail(claimed: Claimed) -> None:
    """Send the owner a letter with a link to the file's page, which asks for their rights.

    :raises OSError: when the mail server does not take it.
    :raises Changed: when the file is not what its manifest says.
    """
    run, job = claimed.run, claimed.job
    check_whole(storing.path_of(job.stored_as), issued_digest(job))
    values = {
        "list": str(title_named(job.export)),
        "period": run.period.isoformat(),
        "rows": f"{job.done:,}",
        "sha256": issued_digest(job),
        "product": f"{settings.COMPANY_NAME} back office".strip(),
        "link": f"{settings.PUBLIC_URL}{reverse('exports:file', args=[job.pk])}",
        "schedule": f"{settings.PUBLIC_URL}{reverse('exports:schedule', args=[run.schedule_id])}",
        "is_late": run.is_late,
        "is_again": claimed.is_again,
    }
    with translation.override(settings.LANGUAGE_CODE):
        page = get_template("exports/mail/scheduled.txt").template.render(Context(values, autoescape=False))  # type: ignore[attr-defined]
    subject, _, text = page.strip().partition("\n")
    EmailMessage(subject=subject, body=text.strip() + "\n", to=[run.place]).send()

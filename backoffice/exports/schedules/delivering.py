"""Deliver what was built: into the schedule's folder, or by a letter with a link, to whoever may still have it."""

import os
import shutil
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


@transaction.atomic
def deliver(run_id: int) -> bool:
    """Deliver one file, and write that down. Interrupted in between, it arrives twice rather than never.

    :raises OSError: when the folder cannot be written, or the mail server does not take the letter.
    """
    run = ScheduledRun.objects.select_for_update(of=("self",)).get(pk=run_id)
    if run.state != RunState.BUILDING:
        return False
    job = ExportJob.objects.select_related("asked_by").get(scheduled_run=run)
    if job.state != JobState.READY:
        fail(run, job.sentence or gettext("The file was cancelled, or its week was over before it could be delivered."))
        return False
    try:
        check_may_take(registry.find(job.export), job.asked_by)
    except (Refused, registry.UnknownExport) as error:
        withdraw(run, str(error))
        return False
    try:
        place = into_folder(run, job) if run.schedule.delivery == Delivery.FOLDER else by_mail(run, job)
    except Changed:
        withhold(run, job)
        return False
    settle(run, job, place)
    return True


def settle(run: ScheduledRun, job: ExportJob, place: str) -> None:
    run.state, run.ended_at, run.place, run.sentence = RunState.DELIVERED, clock.now(), place, ""
    run.save(update_fields=["state", "ended_at", "place", "sentence"])
    facts = {"period": run.period.isoformat(), "file": job.file_name, "sha256": job.sha256, "entry": job.entry_id}
    record("schedule.delivered", by=SCHEDULE, obj=run.schedule, after={**told(run.schedule), **facts, "to": place})


def fail(run: ScheduledRun, sentence: str) -> None:
    """Write down that the file of a period was not made."""
    run.state, run.ended_at, run.sentence = RunState.FAILED, clock.now(), sentence
    run.save(update_fields=["state", "ended_at", "sentence"])
    facts = {**told(run.schedule), "period": run.period.isoformat()}
    failed = str(Entry.Result.FAILED)
    record("schedule.failed", by=SCHEDULE, obj=run.schedule, after=facts, reason=sentence, result=failed)


def withhold(run: ScheduledRun, job: ExportJob) -> None:
    """Deliver nothing that is not what was built."""
    log.error("an exported file is not what was built", job=job.pk)
    facts = {"file": job.file_name, "sha256": job.sha256, "entry": job.entry_id}
    record("export.file_changed", by=SCHEDULE, obj=job, after=facts, result=str(Entry.Result.FAILED))
    fail(run, gettext("This file was changed where it is kept, and is not handed out. Ask for the export again."))


def withdraw(run: ScheduledRun, because: str) -> None:
    """Deliver nothing to somebody who lost the right, and stop the schedule."""
    schedule = type(run.schedule).objects.select_for_update(of=("self",)).get(pk=run.schedule_id)
    fail(run, because)
    if schedule.is_running:
        stop(schedule, because, clock.now())


def into_folder(run: ScheduledRun, job: ExportJob) -> str:
    """Lay a copy into the schedule's folder, whole or not at all; give its place below the folder of all files.

    :raises OSError: when that cannot be written, or leads elsewhere by a link.
    :raises Changed: when the copy is not what the manifest says.
    """
    root = Path(settings.EXPORT_FOLDER).resolve(strict=True)
    folder = root / run.schedule.folder
    folder.mkdir(mode=0o750, exist_ok=True)
    if folder.resolve(strict=True) != folder:
        raise OSError(f"{folder} is not a folder of its own.")
    name = name_of(run)
    part = folder / f".{name}.{uuid4().hex}.part"
    try:
        write_whole(storing.path_of(job.stored_as), part)
        check_whole(part, issued_digest(job))
        os.replace(part, folder / name)
    finally:
        part.unlink(missing_ok=True)
    return f"{run.schedule.folder}/{name}"


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


def by_mail(run: ScheduledRun, job: ExportJob) -> str:
    """Send the owner a letter with a link to the file's page, which asks for their rights; give their address.

    :raises OSError: when the mail server does not take it.
    :raises Changed: when the file is not what its manifest says.
    """
    check_whole(storing.path_of(job.stored_as), issued_digest(job))
    to = job.asked_by.email
    values = {
        "list": str(title_named(job.export)),
        "period": run.period.isoformat(),
        "rows": f"{job.done:,}",
        "sha256": job.sha256,
        "product": f"{settings.COMPANY_NAME} back office".strip(),
        "link": f"{settings.PUBLIC_URL}{reverse('exports:file', args=[job.pk])}",
        "schedule": f"{settings.PUBLIC_URL}{reverse('exports:schedule', args=[run.schedule_id])}",
        "is_late": run.is_late,
    }
    with translation.override(settings.LANGUAGE_CODE):
        page = get_template("exports/mail/scheduled.txt").template.render(Context(values, autoescape=False))  # type: ignore[attr-defined]
    subject, _, text = page.strip().partition("\n")
    EmailMessage(subject=subject, body=text.strip() + "\n", to=[to]).send()
    return to

"""What the page of a file being built shows, as display values."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.exports import registry
from backoffice.exports.jobs.columns import progress_of, title_of
from backoffice.exports.jobs.whole import issued_digest
from backoffice.exports.models import ExportJob, JobState
from backoffice.exports.policies import may_take
from backoffice.exports.wording import badge_of, filter_label, preset_label
from backoffice.ui.values import Crumb, Fact, Lines, Reference
from backoffice.worker.queries import workers_alive


def file_context(job: ExportJob) -> dict[str, Any]:
    """Everything the page of a job draws."""
    title = str(title_of(job))
    return {
        "job": job,
        "title": _("Export of %(list)s") % {"list": title},
        "crumbs": [Crumb(_("My files"), reverse("exports:files")), Crumb(title)],
        "badge": badge_of(job.state),
        "marker": marker_of(job),
        "is_without_worker": job.is_under_way and not workers_alive(),
        "can_fetch": job.is_ready and is_still_open(job),
        "is_closed_to_them": job.is_ready and not is_still_open(job),
        "progress": progress_of(job),
        "facts": facts_of(job),
        "history": history_of_file(job),
    }


def marker_of(job: ExportJob) -> str:
    """What changes when the page has to be drawn again."""
    return f"{job.state}-{job.done}"


def is_still_open(job: ExportJob) -> bool:
    """Whether whoever asked may take the list away by now."""
    try:
        return may_take(registry.find(job.export), job.asked_by)
    except registry.UnknownExport:
        return False


def history_of_file(job: ExportJob) -> list[Entry]:
    """Everything the log says of a file, newest first: asked for, built, its manifest, and each time it was fetched."""
    manifest = [job.entry] if job.entry else []
    return sorted([*history_of(job), *manifest], key=lambda entry: entry.number, reverse=True)


def facts_of(job: ExportJob) -> list[Fact]:
    """What was asked for, and what came of it."""
    asked = [
        Fact(_("Filter"), filter_label(job.export, job.query)),
        Fact(_("Columns"), preset_label(job.preset)),
        Fact(_("Format"), job.get_format_display()),
        Fact(_("Asked for"), job.asked_at),
    ]
    if job.state not in (JobState.READY, JobState.EXPIRED):
        return asked
    return [
        *asked,
        Fact(_("File"), job.file_name),
        Fact(_("Rows"), f"{job.done:,}"),
        Fact(_("Bytes"), f"{job.size or 0:,}"),
        Fact("SHA-256", Lines(Reference(issued_digest(job)), _("The audit log has it as well."))),
        Fact(_("Kept until"), job.expires_at),
    ]

"""What the page for verifying the log shows, as display values."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.audit.models import Entry, JobState, VerificationJob
from backoffice.audit.sealing.pages import seals_context
from backoffice.ui.values import Crumb
from backoffice.worker.queries import workers_alive


def verify_context(verified: Entry | None, job: VerificationJob | None) -> dict[str, Any]:
    """Everything the page draws: the verification under way, or how the last one came out, and the seals."""
    under_way = job if job and job.is_under_way else None
    return {
        "crumbs": [Crumb(_("Audit log"), reverse("audit:list")), Crumb(_("Verify"))],
        "verified": verified,
        "further": further_faults(verified),
        "job": job,
        "is_under_way": under_way is not None,
        "broke_off": job.sentence if job and job.state == JobState.FAILED else "",
        "marker": marker_of(job),
        "is_without_worker": under_way is not None and not workers_alive(),
        "progress": progress_of(under_way) if under_way else None,
        **seals_context(),
    }


def marker_of(job: VerificationJob | None) -> str:
    """What changes when the page has to be drawn again."""
    return f"{job.pk}-{job.state}-{job.done}" if job else ""


def further_faults(verified: Entry | None) -> list[str]:
    """The faults beside the first, which is the sentence of the verification."""
    said = verified.after if verified else None
    faults = said.get("faults") if isinstance(said, dict) else None
    return faults[1:] if isinstance(faults, list) else []


def progress_of(job: VerificationJob) -> dict[str, Any]:
    """How far it is: of a thousand, and in words."""
    of = max(job.of or 0, job.done)
    said = {"done": f"{job.done:,}", "of": f"{of:,}"}
    text = _("%(done)s of %(of)s entries") % said
    if job.state == JobState.WAITING:
        text = _("Waiting for a worker")
    elif job.done == of:
        text = _("All %(of)s entries are checked; now the seals") % said
    return {"text": text, "value": job.done, "most": of or 1, "width": job.done * 1000 // of if of else 0}

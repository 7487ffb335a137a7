"""What the page of a run under way shows, as display values."""

from typing import Any

from django.utils.translation import gettext as _

from backoffice.audit.queries import history_of
from backoffice.reconciliation.comparing.titles import title_of
from backoffice.reconciliation.models import JobState, RunJob
from backoffice.reconciliation.models.jobs import UNDER_WAY
from backoffice.reconciliation.pages import crumbs
from backoffice.reconciliation.running.stages import Stage
from backoffice.ui.values import Badge, Crumb, Meaning, Step, StepState
from backoffice.worker.queries import workers_alive

MEANINGS = {
    JobState.WAITING: Meaning.INFO,
    JobState.RUNNING: Meaning.INFO,
    JobState.DONE: Meaning.POSITIVE,
    JobState.FAILED: Meaning.NEGATIVE,
}


def job_context(job: RunJob) -> dict[str, Any]:
    """Everything the page of a job draws."""
    state = JobState(job.state)
    return {
        "job": job,
        "title": _("Reconciliation of %(window)s") % {"window": title_of(job)},
        "crumbs": crumbs(Crumb(_("Run under way"))),
        "badge": Badge(state.label, MEANINGS[state]),
        "marker": marker_of(job),
        "is_under_way": state in UNDER_WAY,
        "is_without_worker": state in UNDER_WAY and not workers_alive(),
        "steps": steps_of(job),
        "history": history_of(job),
    }


def marker_of(job: RunJob) -> str:
    """What changes when the page has to be drawn again."""
    return f"{job.state}-{job.stage}-{job.done}-{job.of or ''}"


def steps_of(job: RunJob) -> list[Step]:
    """The stages of the job: gone through, at work, or ahead."""
    stages = list(Stage)
    at = len(stages) if job.state == JobState.DONE else stages.index(Stage(job.stage)) if job.stage else -1
    return [Step(stage.label, note_of(job, stage), state_of(number, at)) for number, stage in enumerate(stages)]


def state_of(number: int, at: int) -> StepState:
    if number == at:
        return StepState.NOW
    return StepState.DONE if number < at else StepState.LATER


def note_of(job: RunJob, stage: Stage) -> str:
    """How far the stage at work is, where it counts something."""
    if job.stage != stage or not job.of:
        return ""
    return _("%(done)s of %(of)s") % {"done": f"{job.done:,}", "of": f"{job.of:,}"}

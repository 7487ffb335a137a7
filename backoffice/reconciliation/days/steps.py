"""The three steps of a day and the buttons that take them; a button nobody may press says why, and who can."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.reconciliation.days import policies, wording
from backoffice.reconciliation.days.policies import why_not
from backoffice.reconciliation.days.queries import Standing, waiting_reopening
from backoffice.reconciliation.models import Day, DayState
from backoffice.ui.values import Action, Step, StepState

DONE = (DayState.PREPARED, DayState.REVIEWED, DayState.CLOSED)


def steps_of(standing: Standing, person: Person, now: datetime) -> list[Step]:
    """Prepare, review, close: what is done by whom, whose turn it is, what is left."""
    return [prepare_step(standing, person, now), review_step(standing.day, person), close_step(standing, person)]


def prepare_step(standing: Standing, person: Person, now: datetime) -> Step:
    day = standing.day
    if day is not None and day.state in DONE:
        return Step(_("Prepared"), wording.signed(day.prepared_by.name, day.prepared_at), StepState.DONE)
    why = why_not_prepare(standing, person, now)
    return Step(_("Prepare"), why or _("You can: the newest run compared all of it."), StepState.NOW)


def review_step(day: Day | None, person: Person) -> Step:
    if day is None or day.state not in DONE:
        return Step(_("Review"), _("By a manager who did not prepare it"), StepState.LATER)
    if day.state == DayState.PREPARED:
        why = why_not(lambda: policies.check_can_review(person, day))
        return Step(_("Review"), why or _("By another person. You can: you did not prepare it."), StepState.NOW)
    name = day.reviewed_by.name if day.reviewed_by else ""
    return Step(_("Reviewed"), wording.signed(name, day.reviewed_at), StepState.DONE)


def close_step(standing: Standing, person: Person) -> Step:
    day = standing.day
    if day is not None and day.state == DayState.CLOSED:
        name = day.closed_by.name if day.closed_by else ""
        return Step(_("Closed"), wording.signed(name, day.closed_at), StepState.DONE)
    left = wording.left_to_do(standing.undone_count)
    is_turn = day is not None and day.state == DayState.REVIEWED
    return Step(_("Close"), left, StepState.NOW if is_turn else StepState.LATER)


def why_not_prepare(standing: Standing, person: Person, now: datetime) -> str:
    """Say why ``person`` cannot prepare a day now; empty when they can."""
    return why_not(lambda: policies.check_can_prepare(person, standing.date, standing.day, standing.run, now))


def buttons_of(standing: Standing, person: Person, now: datetime) -> list[Action]:
    """The next step as the one primary button; for a closed day its report, and the way to have it reopened."""
    day = standing.day
    if day is not None and day.state == DayState.CLOSED:
        return closed_buttons(standing, day, person, now)
    if day is not None and day.state in (DayState.PREPARED, DayState.REVIEWED):
        return [*prepare_again(standing, person, now), sign_button(standing, day, person)]
    return [button(standing, "prepare_day", _("Prepare the day"), why_not_prepare(standing, person, now))]


def prepare_again(standing: Standing, person: Person, now: datetime) -> list[Action]:
    """The way to prepare it anew, where a newer run found something else."""
    if why_not_prepare(standing, person, now):
        return []
    return [Action(_("Prepare again"), address("prepare_day", standing), icon="refresh")]


def sign_button(standing: Standing, day: Day, person: Person) -> Action:
    if day.state == DayState.PREPARED:
        why = why_not(lambda: policies.check_can_review(person, day))
        return button(standing, "review_day", _("Sign the review"), why)
    return button(standing, "close_day", _("Close the day"), why_not(lambda: policies.check_can_close(person, day)))


def closed_buttons(standing: Standing, day: Day, person: Person, now: datetime) -> list[Action]:
    report = reverse("reconciliation:day_report", args=[day.date, day.version])
    actions = [Action(_("Open the report"), report, icon="clipboard-list", primary=True)]
    if not has_role(person, *policies.ASKERS):
        return actions
    waiting = waiting_reopening(day, now)
    if waiting is not None:
        request = reverse("approvals:detail", args=[waiting.subject])
        return [Action(_("Reopening asked for"), request, icon="hourglass"), *actions]
    return [Action(_("Ask to reopen"), address("reopen_day", standing), icon="arrow-back-up"), *actions]


def button(standing: Standing, name: str, text: str, why: str) -> Action:
    return Action(text, address(name, standing), primary=not why, why_not=why)


def address(name: str, standing: Standing) -> str:
    return reverse(f"reconciliation:{name}", args=[standing.date])

"""What the pages of schedules show, as display values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.database import clock
from backoffice.exports.jobs.columns import title_named
from backoffice.exports.models import Every, RunState, Schedule, ScheduledRun
from backoffice.exports.panel import list_url
from backoffice.exports.registry import UnknownExport, find
from backoffice.exports.schedules.columns import RUN_MEANINGS, badge_of, place_of
from backoffice.exports.schedules.periods import due_at, next_period
from backoffice.exports.schedules.wanted import day_filters
from backoffice.exports.wishes import Wish
from backoffice.exports.wording import filter_label, preset_label
from backoffice.ui import values
from backoffice.ui.listing import ListingPage
from backoffice.ui.values import Badge, Crumb, Fact

SHOWN_RUNS: Final = 100


@dataclass(frozen=True)
class ShownRun:
    """One line of a schedule's table."""

    period: str
    badge: Badge
    url: str
    rows: str
    place: str
    begun: Any
    notes: tuple[str, ...]


def crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Scheduled exports"), reverse("exports:schedules")), *more]


def new_context(wish: Wish) -> dict[str, Any]:
    """What the page of a new schedule draws, beside its form."""
    title = str(wish.export.listing.title)
    return {
        "title": _("Schedule an export of %(list)s") % {"list": title},
        "crumbs": crumbs(Crumb(_("New"))),
        "filters": filters_of(wish),
        "list_url": list_url(wish),
        "zone": settings.COMPANY_TIME_ZONE,
    }


def filters_of(wish: Wish) -> list[Fact]:
    """The filters of a wish in words."""
    return [Fact(pill.label, pill.value) for pill in ListingPage(wish.export.listing, wish.params, wish.rows()).pills]


def schedule_context(schedule: Schedule, person: Person) -> dict[str, Any]:
    """What the page of a schedule draws."""
    title = str(title_named(schedule.export))
    runs = list(schedule.runs.select_related("job").order_by("-period")[:SHOWN_RUNS])
    is_own = schedule.owner_id == person.pk
    return {
        "schedule": schedule,
        "title": _("Export of %(list)s") % {"list": title},
        "crumbs": crumbs(Crumb(title)),
        "badge": badge_of(schedule),
        "facts": facts_of(schedule, runs),
        "runs": [shown(run, schedule, is_own=is_own) for run in runs],
        "is_own": is_own,
        "marker": marker_of(schedule),
        "is_awaited": is_awaited(schedule, runs),
        "is_due": is_due(schedule, runs),
        "can_end": schedule.is_running or schedule.is_paused,
    }


def marker_of(schedule: Schedule) -> str:
    """What changes when the files of a schedule have to be drawn again."""
    newest = schedule.runs.order_by("-period").values_list("period", "state", "sentence").first()
    return "-".join([schedule.state, *(str(one) for one in newest or ())])


def is_awaited(schedule: Schedule, runs: list[ScheduledRun]) -> bool:
    """Whether a file is on its way, so that somebody who looks waits for it."""
    return any(run.state == RunState.BUILDING for run in runs) or is_due(schedule, runs)


def is_due(schedule: Schedule, runs: list[ScheduledRun]) -> bool:
    """Whether the first file is due."""
    return schedule.is_running and not runs and next_due(schedule, runs) <= clock.now()


def facts_of(schedule: Schedule, runs: list[ScheduledRun]) -> list[Fact]:
    """What was asked for, and what comes next."""
    owner = values.Person(schedule.owner.name, schedule.owner.get_role_display())
    return [
        Fact(_("For"), owner),
        Fact(_("How often"), schedule.get_every_display()),
        *([Fact(_("Next"), next_said(schedule, runs))] if schedule.is_running else []),
        Fact(_("Rows"), rows_said(schedule)),
        Fact(_("Filter"), filter_label(schedule.export, schedule.query)),
        Fact(_("Columns"), preset_label(schedule.preset)),
        Fact(_("Format"), schedule.get_format_display()),
        Fact(_("Where to"), place_of(schedule)),
        Fact(_("Zone of its days"), schedule.zone),
        Fact(_("Added"), schedule.made_at),
    ]


def next_due(schedule: Schedule, runs: list[ScheduledRun]) -> datetime:
    """Say when the next file is due; in the past, where no worker has begun it yet."""
    return due_at(schedule, next_period(schedule, runs[0].period if runs else None))


def next_said(schedule: Schedule, runs: list[ScheduledRun]) -> Any:
    return _("within a minute") if is_due(schedule, runs) else next_due(schedule, runs)


def rows_said(schedule: Schedule) -> str:
    if not schedule.day_filter:
        return _("Whatever the filter finds when the file is made")
    try:
        label = day_filters(find(schedule.export)).get(schedule.day_filter, schedule.day_filter)
    except UnknownExport:
        label = schedule.day_filter
    if schedule.every == Every.MONTH:
        return _("Those of the month that has ended, by “%(filter)s”") % {"filter": label}
    return _("Those of the day that has ended, by “%(filter)s”") % {"filter": label}


def shown(run: ScheduledRun, schedule: Schedule, *, is_own: bool) -> ShownRun:
    state = RunState(run.state)
    notes = []
    if run.is_late and state is not RunState.SKIPPED:
        notes.append(_("It was missed when it was due, and made good."))
    if run.sentence:
        notes.append(run.sentence)
    return ShownRun(
        period_label(schedule, run.period),
        Badge(state.label, RUN_MEANINGS[state], calm=state is RunState.DELIVERED),
        reverse("exports:file", args=[run.job_id]) if run.job_id and is_own else "",
        f"{run.job.done:,}" if run.job else "",
        run.place if state is RunState.DELIVERED else "",
        run.begun_at,
        tuple(notes),
    )


def period_label(schedule: Schedule, period: date) -> str:
    return format_date(period, "F Y" if schedule.every == Every.MONTH else "j M Y")

"""The schedules as a list."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.exports.jobs.columns import title_named
from backoffice.exports.models import Delivery, RunState, Schedule, ScheduleState
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Empty, Listing
from backoffice.ui.values import Badge, Lines, Meaning, Person, Text

MEANINGS = {
    ScheduleState.RUNNING: Meaning.POSITIVE,
    ScheduleState.PAUSED: Meaning.WARNING,
    ScheduleState.STOPPED: Meaning.NEGATIVE,
    ScheduleState.ENDED: Meaning.NEUTRAL,
}
RUN_MEANINGS = {
    RunState.BUILDING: Meaning.INFO,
    RunState.DELIVERED: Meaning.POSITIVE,
    RunState.FAILED: Meaning.NEGATIVE,
    RunState.SKIPPED: Meaning.WARNING,
}


def badge_of(schedule: Schedule) -> Badge:
    """How a schedule's state looks."""
    known = ScheduleState(schedule.state)
    return Badge(known.label, MEANINGS[known], calm=known is ScheduleState.RUNNING)


def place_of(schedule: Schedule) -> Text:
    """Where its files go."""
    if schedule.delivery == Delivery.MAIL:
        return Delivery.MAIL.label
    return f"{Delivery.FOLDER.label}: {schedule.folder}"


COLUMNS = Columns(
    Column(
        key="list",
        label=_("List"),
        value=lambda schedule: Lines(title_named(schedule.export), schedule.get_format_display()),
        url=lambda schedule: reverse("exports:schedule", args=[schedule.pk]),
    ),
    Column(key="every", label=_("How often"), value=lambda schedule: schedule.get_every_display()),
    Column(key="place", label=_("Where to"), value=place_of, on_phone=OnPhone.HIDE),
    Column(
        key="owner",
        label=_("For"),
        kind=Kind.PERSON,
        value=lambda schedule: Person(schedule.owner.name, schedule.owner.get_role_display()),
    ),
    Column(key="state", label=_("State"), kind=Kind.BADGE, value=badge_of),
    Column(
        key="made",
        label=_("Added"),
        kind=Kind.TIME,
        value=lambda schedule: schedule.made_at,
        classes="soft",
        on_phone=OnPhone.HIDE,
    ),
)
SCHEDULES = Listing(
    name="schedules",
    title=_("Scheduled exports"),
    caption=_("Exports that are made every day or month, newest first"),
    columns=COLUMNS,
    sorts=(Sort("added", _("Added"), ("id",)),),
    count_label=lambda n: ngettext("%(n)s schedule", "%(n)s schedules", n) % {"n": f"{n:,}"},
    actions_template="exports/schedules_actions.html",
    empty=Empty(
        _("Nothing is scheduled."),
        _("Beside the export button of every list, “Other formats” leads to “Every day or month”."),
    ),
)

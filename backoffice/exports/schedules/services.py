"""Add a schedule, pause it, let it go on, end it."""

import re
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.exports.models import Delivery, Every, Schedule, ScheduleState
from backoffice.exports.policies import check_may_take
from backoffice.exports.schedules.periods import day_after, newest_due
from backoffice.exports.schedules.wanted import day_filters
from backoffice.exports.wishes import Wish

MOST_OF_ONE_PERSON: Final = 20
FOLDER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
GOING_ON: Final = (ScheduleState.RUNNING, ScheduleState.PAUSED)


class NotAsItStands(Exception):
    """A schedule cannot be had, or changed, as things stand; the text says why, and what to do."""


@transaction.atomic
def make_schedule(wish: Wish, *, every: Every, day_filter: str, delivery: Delivery, folder: str = "") -> Schedule:
    """Have a file made every day or month from now on, the first at once: that of the last period whose file is due.

    :param day_filter: the filter of the list by which each file holds its own day or month; empty for all rows.
    :raises Refused: for somebody who may not take the list away.
    :raises BadListRequest: for filters or an order that cannot be read.
    :raises NotAsItStands: for a folder that cannot be, or when somebody has too many.
    """
    if not isinstance(wish.by, Person):
        raise TypeError("A file is scheduled for a person.")
    owner = Person.objects.select_for_update(no_key=True).get(pk=wish.by.pk)
    check_may_take(wish.export, owner)
    check_can_be_made(wish, owner, day_filter, delivery, folder)
    now, zone = clock.now(), settings.COMPANY_TIME_ZONE
    with timezone.override(ZoneInfo(zone)):
        wish.rows()
    schedule = Schedule.objects.create(
        export=wish.export.name,
        scope=wish.scope,
        query=wish.query,
        zone=zone,
        preset=wish.preset,
        format=wish.format,
        every=every,
        day_filter=day_filter,
        delivery=delivery,
        folder=folder,
        owner=owner,
        made_at=now,
        state_since=now,
        begins=newest_due(every, zone, now),
    )
    record("schedule.made", by=owner, obj=schedule, after=told(schedule))
    return schedule


def check_can_be_made(wish: Wish, owner: Person, day_filter: str, delivery: Delivery, folder: str) -> None:
    """
    :raises NotAsItStands: with the reason.
    """
    if Schedule.objects.filter(owner=owner, state__in=GOING_ON).count() >= MOST_OF_ONE_PERSON:
        raise NotAsItStands(gettext("You have as many schedules as anybody may have. End one, and add this one again."))
    if day_filter and day_filter not in day_filters(wish.export):
        raise NotAsItStands(gettext("This list cannot be narrowed to days in this way. Choose another one."))
    if delivery == Delivery.MAIL and folder:
        raise NotAsItStands(gettext("A link by e-mail needs no folder. Leave it empty."))
    if delivery == Delivery.FOLDER:
        check_folder(folder)


def check_folder(folder: str) -> None:
    """
    :raises NotAsItStands: where there are no folders here, or none may be called so.
    """
    if not settings.EXPORT_FOLDER:
        raise NotAsItStands(gettext("No folder for files is set up here. Choose a link by e-mail."))
    if not FOLDER.fullmatch(folder):
        raise NotAsItStands(gettext("Name the folder in small letters, digits and hyphens, at most 40 of them."))


def pause(*, schedule_id: int, by: Person) -> Schedule:
    """Make no more files until somebody says so.

    :raises Schedule.DoesNotExist: for one that is not ``by``'s.
    :raises NotAsItStands: for one that does not run.
    """
    return move(schedule_id, by, (ScheduleState.RUNNING,), ScheduleState.PAUSED, "schedule.paused")


def end(*, schedule_id: int, by: Person) -> Schedule:
    """Make no more files, for good.

    :raises Schedule.DoesNotExist: for one that is not ``by``'s.
    :raises NotAsItStands: for one that has ended.
    """
    return move(schedule_id, by, GOING_ON, ScheduleState.ENDED, "schedule.ended")


def resume(*, schedule_id: int, by: Person) -> Schedule:
    """Go on with the next file that is due; what was due while it was paused is not made.

    :raises Schedule.DoesNotExist: for one that is not ``by``'s.
    :raises NotAsItStands: for one that is not paused.
    """
    return move(schedule_id, by, (ScheduleState.PAUSED,), ScheduleState.RUNNING, "schedule.resumed")


@transaction.atomic
def move(schedule_id: int, by: Person, from_: tuple[ScheduleState, ...], to: ScheduleState, event: str) -> Schedule:
    schedule = Schedule.objects.select_for_update().get(pk=schedule_id, owner=by)
    if schedule.state not in from_:
        raise NotAsItStands(gettext("This schedule has changed meanwhile. Its page says how it stands."))
    before, since, now = str(schedule.state), schedule.state_since, clock.now()
    if to == ScheduleState.RUNNING:
        schedule.begins = first_after_a_pause(schedule, since, now)
    schedule.state, schedule.state_since = to, now
    schedule.save(update_fields=["state", "state_since", "begins"])
    record(event, by=by, obj=schedule, before={"state": before}, after={**told(schedule), "state": str(to)})
    return schedule


def first_after_a_pause(schedule: Schedule, paused: datetime, now: datetime) -> date:
    """Give the first period that gets a file: as before where none was due meanwhile, else the next to be due."""
    every, zone = schedule.every, schedule.zone
    newest = newest_due(every, zone, now)
    return schedule.begins if newest == newest_due(every, zone, paused) else day_after(every, newest)


def told(schedule: Schedule) -> dict[str, Any]:
    """Say what a schedule is about, as its entries do."""
    return {
        "export": schedule.export,
        "filter": schedule.query,
        "preset": schedule.preset,
        "format": str(schedule.format),
        "every": str(schedule.every),
        "days_by": schedule.day_filter,
        "delivery": str(schedule.delivery),
        "folder": schedule.folder,
        "owner": schedule.owner.name,
    }

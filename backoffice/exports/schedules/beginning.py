"""Begin what is due: one run for each period, the missed ones too, as long as the owner may take the list away."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from backoffice.accounts.actors import System
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.exports.jobs.services import ask_for_file
from backoffice.exports.models import RunState, Schedule, ScheduledRun, ScheduleState
from backoffice.exports.policies import check_may_take
from backoffice.exports.registry import UnknownExport
from backoffice.exports.schedules.periods import due_at, periods_due
from backoffice.exports.schedules.services import told
from backoffice.exports.schedules.wanted import wish_for
from backoffice.exports.services import TooMany
from backoffice.ui.listing import BadListRequest

log = structlog.get_logger(__name__)
SCHEDULE: Final = System("schedule of exports")
#: A run begun so long after it was due was missed, and says that it was caught up.
LATE_AFTER: Final = timedelta(hours=1)
#: So many missed periods are made good; those before are written down as missed.
MOST_CAUGHT_UP: Final = 31

#: What a schedule cannot go on after.
STOPPING = (Refused, BadListRequest, UnknownExport)


def begin_due() -> int:
    """Begin every file that is due; return how many."""
    running = Schedule.objects.filter(state=ScheduleState.RUNNING).order_by("id").values_list("id", flat=True)
    return sum(begin_or_say_why_not(schedule_id) for schedule_id in list(running))


def begin_or_say_why_not(schedule_id: int) -> int:
    """Begin what one schedule owes; whatever is wrong with one keeps none of the others waiting."""
    try:
        return begin(schedule_id)
    except Exception:
        log.exception("a schedule of exports could not be begun", schedule=schedule_id)
        return 0


@transaction.atomic
def begin(schedule_id: int) -> int:
    """Begin what one schedule owes, or stop it where its owner may no longer have it; return how many files."""
    schedule = Schedule.objects.select_for_update(of=("self",)).select_related("owner").get(pk=schedule_id)
    if not schedule.is_running:
        return 0
    now = clock.now()
    newest = schedule.runs.order_by("-period").values_list("period", flat=True).first()
    due = periods_due(schedule, newest, now)
    try:
        check_may_take(wish_for(schedule, schedule.begins).export, schedule.owner)
        begun = begin_each(schedule, due, now)
    except STOPPING as error:
        stop(schedule, str(error), now)
        return 0
    tell_of_late_ones(schedule, [run for run in begun if run.is_late or run.state == RunState.SKIPPED])
    return sum(run.state == RunState.BUILDING for run in begun)


def begin_each(schedule: Schedule, due: Sequence[date], now: datetime) -> list[ScheduledRun]:
    """Begin one run for each period, as long as its owner has a place left; the rest waits for the next time."""
    kept = MOST_CAUGHT_UP if schedule.day_filter else 1
    runs = [skip(schedule, period, now) for period in due[:-kept]]
    for period in due[-kept:]:
        try:
            with timezone.override(ZoneInfo(schedule.zone)):
                job = ask_for_file(wish_for(schedule, period), because=why(schedule, period))
        except TooMany:
            break
        facts = {"due_at": due_at(schedule, period), "begun_at": now, "is_late": is_late(schedule, period, now)}
        runs.append(ScheduledRun.objects.create(schedule=schedule, period=period, job=job, **facts))
    return runs


def why(schedule: Schedule, period: date) -> str:
    said = {"number": schedule.pk, "period": period.isoformat()}
    return gettext("Schedule %(number)s asked in their name, for %(period)s.") % said


def is_late(schedule: Schedule, period: date, now: datetime) -> bool:
    """Whether a file is begun long after it could first have been."""
    could = max(due_at(schedule, period), schedule.state_since)
    return now - could > LATE_AFTER


def skip(schedule: Schedule, period: date, now: datetime) -> ScheduledRun:
    """Write a period down whose file cannot be made any more."""
    if schedule.day_filter:
        sentence = gettext("It was due too long ago to be made now. Export the list for these days.")
    else:
        sentence = gettext("It was not begun while it was due, and nobody can say now what the list held then.")
    facts = {"due_at": due_at(schedule, period), "begun_at": now, "ended_at": now, "is_late": True}
    return ScheduledRun.objects.create(
        schedule=schedule, period=period, state=RunState.SKIPPED, sentence=sentence, **facts
    )


def tell_of_late_ones(schedule: Schedule, late: Sequence[ScheduledRun]) -> None:
    """Write down which periods were missed, and what became of each."""
    if not late:
        return
    made = [run.period.isoformat() for run in late if run.state == RunState.BUILDING]
    missed = [run.period.isoformat() for run in late if run.state == RunState.SKIPPED]
    record("schedule.caught_up", by=SCHEDULE, obj=schedule, after={**told(schedule), "made": made, "missed": missed})


def stop(schedule: Schedule, because: str, now: datetime) -> None:
    """Stop a schedule that may not, or cannot, go on, and say why."""
    schedule.state, schedule.state_since, schedule.sentence = ScheduleState.STOPPED, now, because
    schedule.save(update_fields=["state", "state_since", "sentence"])
    refused = str(Entry.Result.REFUSED)
    record("schedule.stopped", by=SCHEDULE, obj=schedule, after=told(schedule), reason=because, result=refused)

"""The days and months of a schedule: which have ended, and since when their file is due."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from backoffice.exports.models import Every, Schedule

#: A file is made some time after its day has ended, so that what partners say late is in it.
DUE_AT: Final = time(2, 0)


def first_day(every: str, day: date) -> date:
    """Give the first day of the period a day lies in."""
    return day.replace(day=1) if every == Every.MONTH else day


def day_after(every: str, period: date) -> date:
    """Give the first day of the next period."""
    if every == Every.DAY:
        return period + timedelta(days=1)
    return (period + timedelta(days=31)).replace(day=1)


def last_day(every: str, period: date) -> date:
    """Give the last day of a period."""
    return day_after(every, period) - timedelta(days=1)


def due_at(schedule: Schedule, period: date) -> datetime:
    """Say when the file of a period is due."""
    return due_of(schedule.every, schedule.zone, period)


def due_of(every: str, zone: str, period: date) -> datetime:
    """Say when the file of a period is due by a zone's clock."""
    return datetime.combine(day_after(every, period), DUE_AT, ZoneInfo(zone))


def current_period(every: str, zone: str, now: datetime) -> date:
    """Give the period that has not ended."""
    return first_day(every, now.astimezone(ZoneInfo(zone)).date())


def newest_due(every: str, zone: str, now: datetime) -> date:
    """Give the last period whose file is due; soon after midnight that is not the one that has just ended."""
    current = current_period(every, zone, now)
    ended = period_before(every, current)
    return ended if due_of(every, zone, ended) <= now else period_before(every, ended)


def period_before(every: str, period: date) -> date:
    """Give the first day of the period before."""
    return first_day(every, period - timedelta(days=1))


def next_period(schedule: Schedule, after: date | None) -> date:
    """Give the period that gets the next file.

    :param after: the newest period that has its run.
    """
    return schedule.begins if after is None else max(schedule.begins, day_after(schedule.every, after))


def periods_due(schedule: Schedule, after: date | None, now: datetime) -> list[date]:
    """Give the periods whose files are due, oldest first.

    :param after: the newest period that has its run.
    """
    first = next_period(schedule, after)
    return list(takewhile(lambda period: due_at(schedule, period) <= now, periods_from(schedule.every, first)))


def periods_from(every: str, first: date) -> Iterator[date]:
    period = first
    while True:
        yield period
        period = day_after(every, period)

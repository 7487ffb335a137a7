"""Moments and spans in words: the person's zone named, ages with a shape as well as a colour."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.formats import date_format
from django.utils.translation import gettext

AGING_AFTER = timedelta(minutes=2)
STALE_AFTER = timedelta(minutes=15)

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Freshness(StrEnum):
    """How far a figure from a partner can be trusted by its age."""

    OK = ""
    AGING = "aging"
    STALE = "stale"


class MomentStyle(StrEnum):
    """How much of a moment is written."""

    DEFAULT = "default"
    SHORT = "short"
    TIME = "time"
    DAY = "day"


def freshness(
    at: datetime | None, now: datetime, aging_after: timedelta = AGING_AFTER, stale_after: timedelta = STALE_AFTER
) -> Freshness:
    """Judge the age of a figure read at `at`; one that was never read is stale."""
    if at is None or now - at >= stale_after:
        return Freshness.STALE
    return Freshness.AGING if now - at >= aging_after else Freshness.OK


def duration(seconds: float) -> str:
    """Write a span in its two largest units: `25 s`, `6 min 40 s`, `3 h 12 min`, `6 d 23 h`."""
    whole = max(int(seconds), 0)
    if whole < MINUTE:
        return gettext("%(n)d s") % {"n": whole}
    if whole < HOUR:
        return _two(gettext("%(n)d min"), whole // MINUTE, gettext("%(n)d s"), whole % MINUTE)
    if whole < DAY:
        return _two(gettext("%(n)d h"), whole // HOUR, gettext("%(n)d min"), whole % HOUR // MINUTE)
    return _two(gettext("%(n)d d"), whole // DAY, gettext("%(n)d h"), whole % DAY // HOUR)


def age(seconds: float) -> str:
    """Write an age in one unit up to an hour, in two beyond: `8 s`, `26 min`, `3 h 12 min`."""
    whole = max(int(seconds), 0)
    return gettext("%(n)d min") % {"n": whole // MINUTE} if MINUTE <= whole < HOUR else duration(whole)


def moment(at: datetime, style: MomentStyle = MomentStyle.DEFAULT) -> tuple[str, str]:
    """Write `at` in the person's zone, as text and zone; the year is left out while it is this one."""
    local = timezone.localtime(at)
    zone = local.tzname() or ""
    if style is MomentStyle.TIME:
        return format_date(local, "H:i:s"), zone
    if style is MomentStyle.DAY:
        return day(local), ""
    clock = format_date(local, "H:i" if style is MomentStyle.SHORT else "H:i:s")
    return gettext("%(day)s, %(clock)s") % {"day": day(local), "clock": clock}, zone


def written(at: datetime, style: MomentStyle = MomentStyle.DEFAULT) -> str:
    """Write `at` with its zone, for the middle of a sentence."""
    return " ".join(filter(None, moment(at, style)))


def day(of: date) -> str:
    """Write a day; the year is left out while it is this one."""
    return format_date(of, "j M" if of.year == timezone.localtime().year else "j M Y")


def long_day(at: datetime) -> str:
    """Write a day in full, for a page's first line: `Thursday 19 November 2026`."""
    return date_format(timezone.localtime(at), "l j F Y")


def _two(first: str, n: int, second: str, m: int) -> str:
    return f"{first % {'n': n}} {second % {'n': m}}" if m else first % {"n": n}

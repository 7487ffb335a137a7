"""Which business days are over and not closed, and what each waits for: what the first page tells of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count

from backoffice.reconciliation.days.list_page import first_day
from backoffice.reconciliation.days.queries import day_of
from backoffice.reconciliation.models import UNDONE, Day, DayState, ExceptionItem


@dataclass(frozen=True)
class OpenDay:
    """A day that is over and not closed: its state, empty while nobody prepared it, and what of it is to be done."""

    date: date
    state: str
    undone: int


@dataclass(frozen=True)
class OpenDays:
    """How many days are over and not closed, the oldest of them, and the newest, newest first."""

    count: int
    oldest: date | None
    newest: list[OpenDay]


def open_days(now: datetime, named: int) -> OpenDays:
    """Find the days that are over and not closed and name the newest; four queries however many there are."""
    today, first = day_of(now), first_day()
    if first is None or first >= today:
        return OpenDays(0, None, [])
    states = dict(Day.objects.filter(date__gte=first, date__lt=today).values_list("date", "state"))
    over = [today - timedelta(days=back) for back in range(1, (today - first).days + 1)]
    unclosed = [one for one in over if states.get(one) != DayState.CLOSED]
    undone = undone_counts(unclosed[:named])
    newest = [OpenDay(one, states.get(one, ""), undone.get(one, 0)) for one in unclosed[:named]]
    return OpenDays(len(unclosed), unclosed[-1] if unclosed else None, newest)


def undone_counts(dates: list[date]) -> dict[date, int]:
    """How many exceptions of each day somebody has to do something about."""
    found = ExceptionItem.objects.filter(day__in=dates, state__in=UNDONE).order_by().values_list("day")
    return dict(found.annotate(Count("id")))

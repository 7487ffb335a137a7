"""What the list of days shows: a month of them, newest first, and what is left to do in all."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.funding.models import Operation
from backoffice.reconciliation.days import queries, wording
from backoffice.reconciliation.days.nightly import missed_before
from backoffice.reconciliation.days.queries import Standing
from backoffice.reconciliation.models import UNDONE, Day, DayState, Drift, ExceptionItem
from backoffice.reconciliation.pages import rate_of
from backoffice.ui import times
from backoffice.ui.listing import BadListRequest
from backoffice.ui.values import Badge, Figure


@dataclass(frozen=True)
class Row:
    """One day as a row."""

    standing: Standing

    @property
    def url(self) -> str:
        return reverse("reconciliation:day", args=[self.standing.date])

    @property
    def name(self) -> str:
        return wording.name_of(self.standing.date)

    @property
    def sub(self) -> str:
        run = self.standing.run
        return _("Run %(n)s") % {"n": run.pk} if run else _("No run yet")

    @property
    def badge(self) -> Badge:
        return wording.state_badge(self.standing)

    @property
    def drift(self) -> Badge | None:
        return wording.drift_badge(self.standing.drift_count)

    @property
    def unchecked(self) -> Badge | None:
        return wording.unchecked_badge(self.standing.day)

    @property
    def rate(self) -> str:
        return rate_of(self.standing.run) if self.standing.run else ""

    @property
    def signature(self) -> str:
        return wording.last_signature(self.standing.day) if self.standing.day else ""


def list_context(month_text: str, now: datetime) -> dict[str, Any]:
    """Everything the list draws; the same number of queries for every month."""
    today, first = queries.day_of(now), first_day()
    first = min(first or today, today)
    shown = month_of(month_text, today)
    dates = dates_of(shown, first, today)
    return {
        "title": _("Reconciliation"),
        "month": date_format(shown, "F Y"),
        "rows": [Row(one) for one in queries.standings(dates)] if dates else [],
        "figures": figures_of(first, today),
        "newer_url": month_url(following(shown)) if following(shown) <= today else "",
        "older_url": month_url(preceding(shown)) if shown > first else "",
    }


def first_day() -> date | None:
    """The day of the first operation, or the first that was prepared: what came before is nobody's to close."""
    first = Operation.objects.aggregate(at=Min("requested_at"))["at"]
    prepared = Day.objects.aggregate(date=Min("date"))["date"]
    known = [one for one in (queries.day_of(first) if first else None, prepared) if one]
    return min(known, default=None)


def month_of(text: str, today: date) -> date:
    """The first of the month an address names, or of this one.

    :raises BadListRequest: for what is no month.
    """
    if not text:
        return today.replace(day=1)
    try:
        following(month := date.fromisoformat(f"{text}-01"))
        return month
    except (ValueError, OverflowError) as error:
        raise BadListRequest(_("This is no month. Start again from the whole list.")) from error


def dates_of(month: date, first: date, today: date) -> list[date]:
    """The days of a month there is anything to know of, newest first."""
    last = min(following(month) - timedelta(days=1), today)
    start = max(month, first)
    return [last - timedelta(days=back) for back in range((last - start).days + 1)]


def following(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def preceding(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def month_url(month: date) -> str:
    return f"{reverse('reconciliation:days')}?month={month:%Y-%m}"


# Figures --------------------------------------------------------------------------------------------------------------


def figures_of(first: date, today: date) -> list[Figure]:
    """What is left to do in all months, in four figures."""
    by_state = dict(Day.objects.order_by().values_list("state").annotate(Count("date")))
    return [
        days_open(first, today, by_state.get(DayState.CLOSED, 0)),
        Figure(_("To review"), by_state.get(DayState.PREPARED, 0), note=to_close(by_state.get(DayState.REVIEWED, 0))),
        exceptions_open(),
        drifted(),
    ]


def days_open(first: date, today: date, closed: int) -> Figure:
    """Days that are over and not closed."""
    count = max((today - first).days - closed, 0)
    oldest = oldest_open(first, today) if count else None
    note = _("The oldest is %(day)s") % {"day": times.day(oldest)} if oldest else _("Every day that is over is closed")
    return Figure(_("Days open"), count, note=note, tone="warn" if oldest and (today - oldest).days > 2 else "")  # noqa: PLR2004


def oldest_open(first: date, today: date) -> date | None:
    """The first day that is over and not closed."""
    closed = set(Day.objects.filter(state=DayState.CLOSED, date__gte=first).values_list("date", flat=True))
    candidates = (first + timedelta(days=ahead) for ahead in range((today - first).days))
    return next((one for one in candidates if one not in closed), None)


def to_close(count: int) -> str:
    if not count:
        return _("None reviewed and waiting to be closed")
    return ngettext("%(n)s reviewed, to be closed", "%(n)s reviewed, to be closed", count) % {"n": count}


def exceptions_open() -> Figure:
    """Exceptions somebody has to do something about, and those past their time."""
    late = Count("id", filter=Q(due_at__lt=timezone.now()))
    found = ExceptionItem.objects.filter(state__in=UNDONE).aggregate(count=Count("id"), late=late)
    note = _("%(n)s overdue") % {"n": f"{found['late']:,}"} if found["late"] else _("None overdue")
    return Figure(_("Exceptions open"), found["count"], note=note, tone="bad" if found["late"] else "")


def drifted() -> Figure:
    """Closed days that are not as they were signed."""
    told = Drift.objects.filter(report__day__state=DayState.CLOSED, report__version=queries.VERSION_NOW)
    last = told.order_by("report", "key", "-id").distinct("report", "key").values_list("report_id", "before", "after")
    count, unchecked = len({report for report, before, after in last if before != after}), unchecked_count()
    return Figure(_("Drifted"), count, note=drift_note(count, unchecked), tone=drift_tone(count, unchecked))


def drift_note(drifted: int, unchecked: int) -> str:
    if unchecked:
        return ngettext("%(n)s not checked in full", "%(n)s not checked in full", unchecked) % {"n": f"{unchecked:,}"}
    return _("Not as they were signed") if drifted else _("Every closed day is as it was signed")


def drift_tone(drifted: int, unchecked: int) -> str:
    if drifted:
        return "bad"
    return "warn" if unchecked else ""


def unchecked_count() -> int:
    """Closed days of which it is not known whether they are as they were signed."""
    last = Greatest("closed_at", "checked_at")  # the database leaves out what is empty
    closed = Day.objects.filter(state=DayState.CLOSED).annotate(last=last)
    return closed.filter(~Q(unchecked_because="") | Q(last__lt=missed_before(timezone.now()))).count()

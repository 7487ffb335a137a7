"""What there is to know of business days: their runs, their exceptions, their reports and what has drifted since."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, TextField, Value, When

from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.states import RequestState
from backoffice.clients.models import Client
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.days import differing
from backoffice.reconciliation.models import (
    UNDONE,
    Day,
    DayReport,
    DayState,
    Drift,
    ExceptionItem,
    ExceptionState,
    Run,
    Source,
)
from backoffice.reconciliation.queries import SHOWN_IN_ORDER

RANK = Case(
    *(When(verdict=verdict, then=Value(rank)) for rank, verdict in enumerate(SHOWN_IN_ORDER)),
    default=Value(len(SHOWN_IN_ORDER)),
    output_field=IntegerField(),
)
#: The version of the day a report belongs to, seen from its drifts.
VERSION_NOW = F("report__day__version")
CLIENT_NAME = Subquery(
    Client.objects.filter(partner_client_id=OuterRef("client")).values("name")[:1], output_field=TextField()
)


def zone() -> ZoneInfo:
    """The company's time zone, in which business days are cut."""
    return ZoneInfo(settings.COMPANY_TIME_ZONE)


def window_of(day: date) -> Window:
    """The half-open window of one business day."""
    return Window.of_day(day, zone())


def day_of(at: datetime) -> date:
    """The business day a moment belongs to."""
    return at.astimezone(zone()).date()


def days() -> QuerySet[Day]:
    """Every day somebody prepared, with its run and its people."""
    return Day.objects.select_related("run", "prepared_by", "reviewed_by", "closed_by", "approval__requested_by")


def runs_of(day: date) -> QuerySet[Run]:
    """The runs that compared operations and orders of exactly this day, of all clients; newest first."""
    window = window_of(day)
    whole = Run.objects.filter(source=Source.OPERATIONS, client=None)
    return (
        whole.filter(window_from=window.start, window_to=window.end).select_related("run_by", "client").order_by("-id")
    )


def all_runs_of(day: date) -> QuerySet[Run]:
    """The runs of any source over exactly this day, oldest first: what the report names."""
    window = window_of(day)
    found = Run.objects.filter(window_from=window.start, window_to=window.end)
    return found.select_related("run_by", "client", "ledger").order_by("id")


def exceptions_of(day: date) -> QuerySet[Any, Any]:
    """The exceptions of a day, of any source, with their owner and the place of their verdict."""
    found = ExceptionItem.objects.filter(day=day).select_related(
        "owner", "operation", "resolved_by", "first_run", "last_run__ledger"
    )
    return found.annotate(rank=RANK, client_name=CLIENT_NAME)


def counts_of(day: date) -> Counter[str]:
    """How many exceptions of a day are in which state."""
    found = ExceptionItem.objects.filter(day=day).order_by().values_list("state").annotate(Count("id"))
    return Counter(dict(found))


def undone_of(day: date) -> QuerySet[ExceptionItem, Any]:
    """The exceptions of a day that keep it from being closed."""
    return exceptions_of(day).filter(state__in=UNDONE).order_by("rank", "id")


def carried_up_to(day: date) -> QuerySet[ExceptionItem, Any]:
    """What is carried forward from this day and from those before it: the oldest first."""
    carried = ExceptionItem.objects.filter(state=ExceptionState.CARRIED, day__lte=day)
    related = carried.select_related("owner", "operation", "last_run__ledger").defer("last_run__ledger__sample")
    return related.annotate(client_name=CLIENT_NAME).order_by("day", "id")


def reopenings_of(day: Day) -> QuerySet[Request]:
    """The requests to reopen what this version of a day signed, newest first."""
    key = f"day-{day.date.isoformat()}-{day.version}"
    asked = Request.objects.filter(Q(subject=key) | Q(subject__startswith=f"{key}-"), kind=str(RuleKind.REOPENING))
    return asked.select_related("requested_by").order_by("-id")


def waiting_reopening(day: Day, now: datetime) -> Request | None:
    """The request to reopen it that still waits, if there is one."""
    return reopenings_of(day).filter(state=RequestState.WAITING, valid_until__gt=now).first()


def reports_of(day: date) -> list[DayReport]:
    """What was signed of a day, the newest closing first; without the content, which may be long."""
    found = DayReport.objects.filter(day_id=day).defer("content").select_related("made_by", "run")
    return list(found.order_by("-version"))


def drifts_of(report: DayReport) -> QuerySet[Drift]:
    """What changed after a report was signed, newest first."""
    return report.drifts.select_related("run").order_by("-id")


# The list -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where one business day stands: what was signed of it, what its run found, what is left to do.

    The run of a closed day is the one that was signed, as on the page of the day; of any other it is the newest.
    """

    date: date
    day: Day | None
    run: Run | None
    counts: Counter[str]
    drift_count: int

    @property
    def undone_count(self) -> int:
        return sum(self.counts[state] for state in UNDONE)

    @property
    def carried_count(self) -> int:
        return self.counts[ExceptionState.CARRIED]

    @property
    def is_closed(self) -> bool:
        return self.day is not None and self.day.state == DayState.CLOSED


def standings(dates: list[date]) -> list[Standing]:
    """Where each of these consecutive days stands; the same number of queries however many there are."""
    first, last = min(dates), max(dates)
    prepared = {one.date: one for one in days().filter(date__range=(first, last))}
    newest = newest_runs(first, last)
    counts = exception_counts(first, last)
    drifted = drift_counts(prepared.values())
    return [
        Standing(
            one,
            prepared.get(one),
            run_of(prepared.get(one), newest.get(one)),
            counts.get(one, Counter()),
            drifted.get(one, 0),
        )
        for one in dates
    ]


def run_of(day: Day | None, newest: Run | None) -> Run | None:
    return day.run if day is not None and day.state == DayState.CLOSED else newest


def newest_runs(first: date, last: date) -> dict[date, Run]:
    """The newest run over each whole day."""
    start, end = window_of(first).start, window_of(last).end
    whole = Run.objects.filter(source=Source.OPERATIONS, client=None, window_from__gte=start, window_to__lte=end)
    newest = whole.order_by("window_from", "window_to", "-id").distinct("window_from", "window_to")
    return {day_of(run.window_from): run for run in newest if is_whole_day(run)}


def is_whole_day(run: Run) -> bool:
    """Whether a run compared one business day and nothing else. Moments are compared, not clocks: at midnights that a
    clock leaves out, no two zones agree that they are equal."""
    day = window_of(day_of(run.window_from))
    return (day.start.timestamp(), day.end.timestamp()) == (run.window_from.timestamp(), run.window_to.timestamp())


def exception_counts(first: date, last: date) -> dict[date, Counter[str]]:
    found = ExceptionItem.objects.filter(day__range=(first, last)).order_by().values_list("day", "state")
    counts: dict[date, Counter[str]] = {}
    for day, state, count in found.annotate(Count("id")):
        counts.setdefault(day, Counter())[state] = count
    return counts


def drift_counts(prepared: Iterable[Day]) -> dict[date, int]:
    """How many rows of each closed day are no longer as they were signed, those that are not told as well."""
    closed = [one.date for one in prepared if one.state == DayState.CLOSED]
    return Counter({day: in_all(day, told) for day, told in told_counts(closed).items()})


def told_counts(closed: Iterable[date]) -> Counter[date]:
    """How many rows of each of these closed days were told, and are not as signed."""
    newest = Drift.objects.filter(report__day_id__in=closed, report__version=VERSION_NOW).order_by(
        "report", "key", "-id"
    )
    last = newest.distinct("report", "key").values_list("report__day_id", "before", "after")
    return Counter(day for day, before, after in last if before != after)


def in_all(day: date, told: int) -> int:
    """How many rows of a closed day differ, of which so many are told: counted where no more are told than these."""
    if told < differing.MOST_TOLD:
        return told
    report = DayReport.objects.defer("content").get(day=day, version=F("day__version"))
    newest = runs_of(day).filter(is_complete=True).first()
    return max(told, differing.count_differing(report, newest)) if newest else told

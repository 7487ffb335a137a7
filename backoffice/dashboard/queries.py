"""What waits, by role. Each function is one query, so that the first page asks a fixed number of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import TruncDate
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.queries import waiting_for
from backoffice.audit.models import Entry
from backoffice.funding.freezing import freezes
from backoffice.funding.models import AttemptOutcome, Operation
from backoffice.funding.queries import OPEN_STATES
from backoffice.funding.states import IN_DOUBT, WITHOUT_EFFECT
from backoffice.orders.models import Order
from backoffice.orders.queries import SUMMED
from backoffice.reconciliation.exceptions.queries import items as exception_items
from backoffice.reconciliation.exceptions.queries import unsettled
from backoffice.reconciliation.models import UNDONE, Run, Source

ROWS_SHOWN: Final = 6
ENDED_WITHIN: Final = timedelta(days=7)
CHART_DAYS: Final = 14
DAYS_NAMED: Final = 4

LAST_ANSWER = Subquery(
    AttemptOutcome.objects.filter(attempt__operation=OuterRef("pk")).order_by("-id").values("sentence")[:1],
    output_field=TextField(),
)


@dataclass(frozen=True)
class Doubt:
    """Everything in doubt: how much, since when, and its sum where it is of one asset."""

    count: int = 0
    since: datetime | None = None
    asset: str = ""
    total: Decimal | None = None


@dataclass(frozen=True)
class DayTotal:
    """What one day deposited and withdrew, as positive amounts."""

    deposited: Decimal = Decimal(0)
    withdrawn: Decimal = Decimal(0)


def requests_waiting(person: Person, now: datetime) -> list[Request]:
    """The oldest requests this person may decide on, one more than is shown."""
    return list(waiting_for(person, now).prefetch_related(None)[: ROWS_SHOWN + 1])


def count_waiting(person: Person, now: datetime) -> tuple[int, datetime | None]:
    """How many requests this person may decide on, and since when the oldest of them waits."""
    found = waiting_for(person, now).order_by().aggregate(count=Count("id"), oldest=Min("requested_at"))
    return found["count"], found["oldest"]


def operations_in_doubt() -> list[Any]:
    """The operations whose outcome is not proven, the longest in doubt first, with what was last heard of them."""
    rows = Operation.objects.filter(state__in=IN_DOUBT).select_related("client")
    known = rows.annotate(last_answer=LAST_ANSWER, lookups_made=Count("lookups"))
    return list(known.order_by(F("in_doubt_since").asc(nulls_last=True), "id")[:ROWS_SHOWN])


def doubt() -> Doubt:
    """Count and add up what is in doubt; sums only where one asset is concerned."""
    by_asset = list(
        Operation.objects.filter(state__in=IN_DOUBT)
        .order_by()
        .values("asset_id")
        .annotate(count=Count("id"), total=Sum("amount"), since=Min("in_doubt_since"))
    )
    since = min((row["since"] for row in by_asset if row["since"]), default=None)
    count = sum(row["count"] for row in by_asset)
    if len(by_asset) != 1:
        return Doubt(count, since)
    return Doubt(count, since, by_asset[0]["asset_id"], by_asset[0]["total"])


def on_their_way(person: Person) -> QuerySet[Operation]:
    """What this person asked for and has not ended, oldest first, with whether a freeze holds it back."""
    mine = Operation.objects.filter(requested_by=person, state__in=OPEN_STATES)
    return mine.annotate(is_held=freezes.is_held()).select_related("client").order_by("requested_at", "id")


def ended_without_effect(person: Person, now: datetime) -> list[Operation]:
    """What this person asked for and ended lately without money moving, where no copy was made yet; newest first."""
    mine = Operation.objects.filter(requested_by=person, state__in=WITHOUT_EFFECT, ended_at__gte=now - ENDED_WITHIN)
    return list(mine.filter(copy=None).select_related("client").order_by("-ended_at", "-id")[:ROWS_SHOWN])


def asked_today(since: datetime) -> dict[str, int]:
    """How many deposits and withdrawals were asked for since midnight."""
    kinds = Operation.objects.filter(requested_at__gte=since).order_by().values_list("kind")
    return dict(kinds.annotate(count=Count("id")))


@dataclass(frozen=True)
class OpenExceptions:
    """What somebody has to do something about: how many of each verdict, how many overdue, and of a person's own."""

    by_verdict: dict[str, int]
    own: int
    overdue: int
    own_overdue: int
    own_due_today: int

    @property
    def count(self) -> int:
        return sum(self.by_verdict.values())


def open_exceptions(person: Person, now: datetime) -> OpenExceptions:
    """Count the exceptions of all days that are neither ended nor carried forward, most first."""
    late, today = Q(due_at__lt=now), Q(due_at__gte=now, due_at__lt=start_of_day(now) + timedelta(days=1))
    mine = Q(owner=person)
    counts = {
        "own": Count("id", filter=mine),
        "overdue": Count("id", filter=late),
        "own_overdue": Count("id", filter=mine & late),
        "own_due_today": Count("id", filter=mine & today),
    }
    rows: list[Any] = list(unsettled().order_by().values("verdict").annotate(count=Count("id"), **counts))
    by_verdict = {row["verdict"]: row["count"] for row in sorted(rows, key=lambda row: (-row["count"], row["verdict"]))}
    return OpenExceptions(by_verdict, **{name: sum(row[name] for row in rows) for name in counts})


def own_exceptions(person: Person) -> list[Any]:
    """What this person owns and has to do something about, what is due first on top."""
    mine = exception_items().filter(owner=person, state__in=UNDONE)
    return list(mine.order_by("due_at", "id")[:ROWS_SHOWN])


def latest_runs(limit: int = 3) -> list[Run]:
    """The newest runs of our operations over all clients."""
    return list(Run.objects.filter(source=Source.OPERATIONS, client=None).order_by("-id")[:limit])


def log_since(moment: datetime) -> dict[str, int]:
    """What was written to the audit log since a moment: all entries, refusals, failed sign-ins, exports."""
    entries = Entry.objects.filter(at__gte=moment)
    return entries.aggregate(
        written=Count("number"),
        refused=Count("number", filter=Q(event="access.refused")),
        failed_sign_ins=Count("number", filter=Q(event="person.sign_in_failed")),
        exported=Count("number", filter=Q(event="export.made")),
    )


def people_by_role() -> dict[str, int]:
    """How many people may sign in, by role."""
    active = Person.objects.filter(is_active=True).order_by().values_list("role")
    return dict(active.annotate(count=Count("id")))


def funded_by_day(now: datetime) -> tuple[str, dict[Any, DayTotal]]:
    """The asset with the most funding orders of the last days, and what each day deposited and withdrew in it.

    Days are those of the reader's zone. Only the orders that the sums of their list count do.
    """
    first = start_of_day(now) - timedelta(days=CHART_DAYS - 1)
    rows = list(
        Order.objects.filter(SUMMED, created_at__gte=first)
        .order_by()
        .values("effect_asset_id", "type", day=TruncDate("created_at", tzinfo=timezone.get_current_timezone()))
        .annotate(count=Count("id"), total=Sum("effect_amount"))
    )
    asset = busiest(rows)
    return asset, by_day([row for row in rows if row["effect_asset_id"] == asset])


def busiest(rows: list[Any]) -> str:
    """Name the asset with the most orders; nothing when there are none."""
    counts: dict[str, int] = {}
    for row in rows:
        if row["effect_asset_id"]:
            counts[row["effect_asset_id"]] = counts.get(row["effect_asset_id"], 0) + row["count"]
    return max(counts, key=lambda asset: (counts[asset], asset), default="")


def by_day(rows: list[Any]) -> dict[Any, DayTotal]:
    totals: dict[Any, DayTotal] = {}
    for row in rows:
        known = totals.get(row["day"], DayTotal())
        moved = row["total"] or Decimal(0)
        if row["type"] == "deposit":
            totals[row["day"]] = DayTotal(moved, known.withdrawn)
        else:
            totals[row["day"]] = DayTotal(known.deposited, moved.copy_negate() if moved else moved)
    return totals


def start_of_day(now: datetime) -> datetime:
    """Midnight of the reader's day."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)

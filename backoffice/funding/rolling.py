"""What a client comes to in 24 hours, as the rules count it: what waits or is under way, however long already, and what
moved in that time. What ended without moving anything counts no more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from backoffice.clients.models import Asset, Client
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.queries import LET_GO, OPEN_STATES
from backoffice.funding.states import State

DAY: Final = timedelta(hours=24)
#: Type, client and asset: what one total is about.
Key = tuple[str, int, str]


def counted(now: datetime) -> QuerySet[Operation]:
    """Return the operations that count at ``now``.

    One that ended without effect counts after all for as long as an order says that it did move money.
    """
    since = now - DAY
    moved_late = LateOrder.objects.filter(operation=OuterRef("pk"), kind=LateOrder.Kind.COMPLETED, seen_at__gt=since)
    moved = Q(state=State.COMPLETED, ended_at__gt=since)
    return Operation.objects.filter(Q(state__in=OPEN_STATES) | moved | Exists(moved_late))


def day_total(client: Client, asset: Asset, kind: str, now: datetime, excluding: Operation | None = None) -> Decimal:
    """Add up what counts of one type, client and asset, to the last digit."""
    found = counted(now).filter(client=client, asset=asset, kind=kind)
    if excluding is not None:
        found = found.exclude(pk=excluding.pk)
    return found.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def day_totals(client_ids: Iterable[int], now: datetime) -> dict[Key, Decimal]:
    """Add up what counts of many clients, by type, client and asset. One query."""
    found = counted(now).filter(client__in=set(client_ids)).order_by()
    rows = found.values_list("kind", "client_id", "asset_id").annotate(total=Sum("amount"))
    return {(kind, client_id, asset_id): total for kind, client_id, asset_id, total in rows}


def approved_since(client: Client, since: datetime, excluding: Operation) -> list[tuple[str, str, int, Decimal]]:
    """Count and add up what people approved for a client since then and did not take back, by type and asset."""
    found = Operation.objects.filter(client=client, approved_at__gte=since).exclude(pk=excluding.pk)
    kept = found.exclude(state__in=LET_GO).order_by()
    rows = kept.values_list("kind", "asset_id").annotate(count=Count("id"), total=Sum("amount"))
    return list(rows.order_by("kind", "asset_id"))

"""What a client comes to in 24 hours, as the rules count it: what waits or is under way, however long already, and what
moved in that time. What ended without moving anything counts no more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection
from django.db.models import Count, Q, Sum

from backoffice.clients.models import Asset, Client
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.queries import LET_GO, OPEN_STATES
from backoffice.funding.states import State

DAY: Final = timedelta(hours=24)
#: Type, client and asset: what one total is about.
Key = tuple[str, int, str]
#: ``{}``: what counts. The columns are named anew, since those of a union have no names to rely on.
TOTALS: Final = """
    SELECT kind, client_id, asset_id, SUM(amount) FROM ({}) AS counted (id, kind, client_id, asset_id, amount)
    GROUP BY kind, client_id, asset_id
"""


def day_total(client: Client, asset: Asset, kind: str, now: datetime, excluding: Operation | None = None) -> Decimal:
    """Add up what counts of one type, client and asset, to the last digit."""
    about = Q(client=client, asset=asset, kind=kind)
    if excluding is not None:
        about &= ~Q(pk=excluding.pk)
    return _totals(about, now).get((kind, client.pk, asset.pk), Decimal(0))


def day_totals(client_ids: Iterable[int], now: datetime) -> dict[Key, Decimal]:
    """Add up what counts of many clients, by type, client and asset. One query."""
    asked_for = set(client_ids)
    return _totals(Q(client__in=asked_for), now) if asked_for else {}


def _totals(about: Q, now: datetime) -> dict[Key, Decimal]:
    """Add up the operations that count at ``now``, in one statement and so at one moment.

    One that ended without effect counts after all for as long as an order says that it did move money. These are three
    sets, each found by an index of its own, and not one condition with "or": for that, whatever a client ever asked for
    would be read under the client's lock. An operation in two of them counts once.
    """
    since = now - DAY
    moved_late = LateOrder.objects.filter(kind=LateOrder.Kind.COMPLETED, seen_at__gt=since).values("operation")
    found = Operation.objects.filter(about).values_list("id", "kind", "client_id", "asset_id", "amount")
    is_open, moved = Q(state__in=OPEN_STATES), Q(state=State.COMPLETED, ended_at__gt=since)
    counted = found.filter(is_open).union(found.filter(moved), found.filter(pk__in=moved_late))
    statement, values = counted.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(TOTALS.format(statement), values)
        return {(kind, client_id, asset_id): total for kind, client_id, asset_id, total in cursor.fetchall()}


def approved_since(client: Client, since: datetime, excluding: Operation) -> list[tuple[str, str, int, Decimal]]:
    """Count and add up what people approved for a client since then and did not take back, by type and asset."""
    found = Operation.objects.filter(client=client, approved_at__gte=since).exclude(pk=excluding.pk)
    kept = found.exclude(state__in=LET_GO).order_by()
    rows = kept.values_list("kind", "asset_id").annotate(count=Count("id"), total=Sum("amount"))
    return list(rows.order_by("kind", "asset_id"))

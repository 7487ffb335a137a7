"""How the rows of a closed day differ from those that were signed: two runs side by side, and what is gone."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet

from backoffice.money import to_plain
from backoffice.orders.models import TRADE_KINDS, Order
from backoffice.reconciliation.models import PENDING, DayReport, Drift, Finding, Run

#: A day that changed in more rows than this is reported by as many of them and by their number; its run shows the rest.
MOST_TOLD: Final = 5_000
#: What a row is about, as exceptions are keyed. A row about nothing is none of a run, and must not end the check.
KEY: Final = """
    CASE WHEN f.operation_id IS NOT NULL THEN 'operation:' || f.reference
         ELSE COALESCE('order:' || f.order_id, 'row:' || f.id) END
"""
#: What a row says; times, and the ids of runs and look-ups, left out.
ROW: Final = """
    jsonb_build_object(
        'verdict', f.verdict, 'reference', f.reference, 'order', f.order_id,
        'our_client', f.our_client, 'our_type', f.our_type, 'our_asset', f.our_asset,
        'our_amount', f.our_amount::text, 'our_state', f.our_state,
        'their_client', f.their_client, 'their_type', f.their_type, 'their_asset', f.their_asset,
        'their_amount', f.their_amount::text, 'their_opposite_amount', f.their_opposite_amount::text,
        'their_status', f.their_status, 'same_reference_count', f.same_reference_count
    )
"""

#: Every row that differs; only those of ``keys`` where there are any.
DIFFERING: Final = f"""
    WITH was AS (SELECT {KEY} AS key, {ROW} AS row FROM reconciliation_finding f WHERE f.run_id = %(signed)s),
         found AS (SELECT {KEY} AS key, {ROW} AS row FROM reconciliation_finding f WHERE f.run_id = %(newest)s)
    SELECT key, was.row AS before, found.row AS after
    FROM was FULL JOIN found USING (key)
    WHERE was.row IS DISTINCT FROM found.row AND (%(keys)s::text[] IS NULL OR key = ANY(%(keys)s))
"""  # noqa: S608  (no value of anybody's: constants of this module)
DIFFERENCES: Final = f"""
    SELECT key, before, after FROM ({DIFFERING}) differing ORDER BY key COLLATE "C" LIMIT %(most)s
"""  # noqa: S608  (likewise)
#: How many they are; what a partial run leaves open is none.
COUNT: Final = f"""
    SELECT count(*) FROM ({DIFFERING}) differing
    WHERE %(is_complete)s OR COALESCE(after ->> 'verdict' <> ALL(%(pending)s), true)
"""  # noqa: S608  (likewise)


@dataclass(frozen=True)
class Difference:
    """One row of a closed day that is not as it was signed; None where it was not there, or is not any more."""

    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def kind(self) -> Drift.Kind:
        if self.after is None or (self.before and self.before["order"] and not self.after["order"]):
            return Drift.Kind.VANISHED
        return Drift.Kind.APPEARED if self.before is None else Drift.Kind.CHANGED


def first_differing(report: DayReport, newest: Run) -> dict[str, Difference]:
    """What is not as it was signed, by key: the first of the rows of two runs, and of the trades that are gone."""
    gone = trades_gone(report, newest).order_by("pk")[:MOST_TOLD]
    return by_key([*differences(report.run_id, newest.pk, most=MOST_TOLD), *map(difference_of, gone)])


def differing_among(keys: Collection[str], report: DayReport, newest: Run) -> dict[str, Difference]:
    """Which rows of these keys are not as they were signed, however many others are not."""
    if not keys:
        return {}
    ids = [int(name) for kind, _colon, name in (key.partition(":") for key in keys) if kind == "order"]
    gone = trades_gone(report, newest).filter(pk__in=ids)
    return by_key([*differences(report.run_id, newest.pk, keys=keys), *map(difference_of, gone)])


def count_differing(report: DayReport, newest: Run) -> int:
    """Count every row that is not as it was signed, those that are not told by themselves as well."""
    values = {"signed": report.run_id, "newest": newest.pk, "keys": None, "is_complete": newest.is_complete}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {**values, "pending": [verdict.value for verdict in PENDING]})
        rows = int(cursor.fetchone()[0])
    counted = Finding.objects.filter(run_id=report.run_id, operation=None, order_id=OuterRef("pk"))
    return rows + trades_gone(report, newest).exclude(Exists(counted)).count()


def by_key(found: list[Difference]) -> dict[str, Difference]:
    return {one.key: one for one in found}


def differences(
    signed_id: int, newest_id: int, *, keys: Collection[str] | None = None, most: int | None = None
) -> list[Difference]:
    """Compare the rows of two runs of one window, in one statement.

    :param keys: compare the rows of these keys only.
    :param most: give so many of the first by key; None for all.
    """
    values = {"signed": signed_id, "newest": newest_id, "keys": None if keys is None else [*keys], "most": most}
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, values)
        return [Difference(key, read(before), read(after)) for key, before, after in cursor.fetchall()]


def read(row: str | None) -> dict[str, Any] | None:
    """Read one side of a difference; amounts in it are text."""
    return json.loads(row) if row else None


def trades_gone(report: DayReport, newest: Run) -> QuerySet[Order]:
    """The trades that CoinMENA no longer has since a report was made: a run counts the others, has no rows of any."""
    window = {"created_at__gte": newest.window_from, "created_at__lt": newest.window_to}
    gone = Order.objects.filter(vanished_at__gt=report.made_at, type__in=TRADE_KINDS, **window)
    return gone.exclude(read_at__gt=F("vanished_at"))


def difference_of(trade: Order) -> Difference:
    return Difference(f"order:{trade.pk}", trade_row(trade), None)


def trade_row(order: Order) -> dict[str, Any]:
    amount = order.debit if order.type == "buy" else order.credit
    return {
        "order": order.pk,
        "reference": order.partner_order_ref or "",
        "their_client": order.partner_client_id,
        "their_type": order.type,
        "their_asset": order.effect_asset_id,
        "their_amount": None if amount is None else to_plain(amount),
        "their_status": order.status,
    }

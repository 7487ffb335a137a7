"""How the rows of a closed day differ from those that were signed: two runs side by side, and what is gone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import F

from backoffice.money import to_plain
from backoffice.orders.models import TRADE_KINDS, Order
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import Drift

#: A day that changed in more rows than this is reported by as many of them; its run shows the rest.
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

DIFFERENCES: Final = f"""
    WITH was AS (SELECT {KEY} AS key, {ROW} AS row FROM reconciliation_finding f WHERE f.run_id = %(signed)s),
         found AS (SELECT {KEY} AS key, {ROW} AS row FROM reconciliation_finding f WHERE f.run_id = %(newest)s)
    SELECT COALESCE(was.key, found.key), was.row, found.row
    FROM was FULL JOIN found USING (key)
    WHERE was.row IS DISTINCT FROM found.row
    ORDER BY COALESCE(was.key, found.key) COLLATE "C"
    LIMIT %(most)s
"""  # noqa: S608  (no value of anybody's: constants of this module)


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


def differences(signed_id: int, newest_id: int) -> list[Difference]:
    """Compare the rows of two runs of one window, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, {"signed": signed_id, "newest": newest_id, "most": MOST_TOLD})
        return [Difference(key, read(before), read(after)) for key, before, after in cursor.fetchall()]


def read(row: str | None) -> dict[str, Any] | None:
    """Read one side of a difference; amounts in it are text."""
    return json.loads(row) if row else None


def trades_gone(window: Window, *, since: datetime) -> Iterator[Difference]:
    """The trades that CoinMENA no longer has from ``since`` on: a run counts the others and has no rows of any."""
    trades = Order.objects.filter(
        vanished_at__gt=since, created_at__gte=window.start, created_at__lt=window.end, type__in=TRADE_KINDS
    ).exclude(read_at__gt=F("vanished_at"))
    for order in trades.order_by("pk")[:MOST_TOLD]:
        yield Difference(f"order:{order.pk}", trade_row(order), None)


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

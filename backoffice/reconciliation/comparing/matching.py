"""Ours against theirs in one SQL pass: every pair of a window, and its verdict (DESIGN.md §8).

Theirs are the mirrored orders of the window, ours the operations that may have moved money in it, matched by exact
reference. Both sides are followed beyond the window by reference, so that a pair split by its edge is one row and not
two wrong ones:

* a row that has an order belongs to the window of the order's `created_at`, the partner's books being what is proven;
* a row without one belongs to the window of our own time: the first claim, else the approval, else the request;
* a pair whose two times are more than a day apart stands in the windows of both, so that neither day hides it.

One operation is compared with one order. Where the partner has several under one reference the first (lowest id) takes
our side and every one of them is `duplicate_reference`. Trades are not made by this product: a trade stands in a run
only when it carries a reference of ours or shares one.

`tests/reconciliation/twin.py` says all of this again, slowly, in Python; a property test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from backoffice.clients.models import Client
from backoffice.funding.states import SENT_STATES, State
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import LedgerSource, Source

TRADES = ("buy", "sell")
#: Not ended: nothing can be said yet. A send may be under way, or its outcome is in doubt.
UNSETTLED = (State.SUBMITTING, State.UNKNOWN, State.REVIEW)
#: The statuses with which the partner says that nothing was applied.
WITHOUT_EFFECT_THERE = ("failed", "rejected")
FAR_APART = timedelta(days=1)

#: The time of an operation, on our side. The first attempt carries number 1.
OUR_TIME = "COALESCE(a.claimed_at, p.approved_at, p.requested_at)"

#: Operations that may have moved money in the window. `requested_at` and `ended_at` bound the search by an index; the
#: day on either side covers clocks of two machines that differ.
WINDOW_OPERATIONS = f"""
    SELECT p.id, p.reference, {OUR_TIME} AS at
    FROM funding_operation p
    LEFT JOIN funding_attempt a ON a.operation_id = p.id AND a.number = 1
    WHERE p.state = ANY(%(may_have_moved)s)
      AND p.requested_at < %(window_to)s + interval '1 day'
      AND (p.ended_at IS NULL OR p.ended_at >= %(window_from)s - interval '1 day')
      AND {OUR_TIME} >= %(window_from)s AND {OUR_TIME} < %(window_to)s
      AND (
        %(client_id)s::bigint IS NULL
        OR p.client_id = %(client_id)s
        OR EXISTS (
            SELECT 1 FROM orders_order o WHERE o.partner_order_ref = p.reference AND o.partner_client_id = %(client)s
        )
      )
"""  # noqa: S608  (no value of anybody's: constants of this module)

MATCH = f"""
    WITH window_operations AS ({WINDOW_OPERATIONS}),
    window_orders AS (
        SELECT o.id, NULLIF(o.partner_order_ref, '') AS reference
        FROM orders_order o
        WHERE o.created_at >= %(window_from)s AND o.created_at < %(window_to)s
          AND (
            %(client_id)s::bigint IS NULL
            OR o.partner_client_id = %(client)s
            OR o.partner_order_ref IN (SELECT reference FROM funding_operation WHERE client_id = %(client_id)s)
          )
    ),
    reference_of AS (
        SELECT reference FROM window_operations
        UNION
        SELECT reference FROM window_orders WHERE reference IS NOT NULL
    ),
    ours AS (
        SELECT p.id, p.reference, p.client_id, c.partner_client_id, p.kind, p.asset_id, p.amount, p.state, p.ended_at,
               {OUR_TIME} AS at
        FROM reference_of r
        JOIN funding_operation p ON p.reference = r.reference
        JOIN clients_client c ON c.id = p.client_id
        LEFT JOIN funding_attempt a ON a.operation_id = p.id AND a.number = 1
    ),
    their_orders AS (
        SELECT r.reference, o.id,
               row_number() OVER (PARTITION BY r.reference ORDER BY o.id) AS nth,
               count(*) OVER (PARTITION BY r.reference) AS copies
        FROM reference_of r
        JOIN orders_order o ON o.partner_order_ref = r.reference
        UNION ALL
        SELECT NULL, w.id, 1, 1 FROM window_orders w WHERE w.reference IS NULL
    ),
    theirs AS (
        SELECT t.reference, CASE WHEN t.nth = 1 THEN t.reference END AS paired_reference, t.copies,
               o.id, o.partner_client_id, o.type, o.status, o.created_at,
               CASE WHEN o.type IN ('deposit', 'buy') THEN o.debit
                    WHEN o.type IN ('withdrawal', 'sell') THEN o.credit END AS amount,
               CASE WHEN o.type = 'deposit' THEN o.credit WHEN o.type = 'withdrawal' THEN o.debit END AS opposite,
               o.effect_asset_id AS asset_id
        FROM their_orders t
        JOIN orders_order o ON o.id = t.id
    ),
    pairs AS (
        SELECT CASE
            WHEN theirs.copies > 1 THEN 'duplicate_reference'
            WHEN ours.id IS NULL THEN 'extra_at_partner'
            WHEN theirs.id IS NULL THEN
                CASE
                    WHEN ours.state = ANY(%(unsettled)s) OR ours.state = 'approved' THEN 'too_early'
                    WHEN %(read_to)s::timestamptz IS NULL OR COALESCE(ours.ended_at, ours.at) >= %(read_to)s
                        THEN 'mirror_behind'
                    WHEN ours.state = 'failed' THEN 'matched'
                    WHEN made.found IS DISTINCT FROM FALSE THEN 'mirror_behind'
                    WHEN COALESCE(ours.ended_at, ours.at) > %(settled_before)s THEN 'too_early'
                    ELSE 'missing_at_partner'
                END
            WHEN theirs.type <> ours.kind THEN 'type_differs'
            WHEN theirs.asset_id IS DISTINCT FROM ours.asset_id THEN 'asset_differs'
            WHEN theirs.partner_client_id <> ours.partner_client_id THEN 'client_differs'
            WHEN theirs.amount IS DISTINCT FROM ours.amount OR COALESCE(theirs.opposite, 0) <> 0 THEN 'amount_differs'
            WHEN ours.state = ANY(%(unsettled)s) THEN 'too_early'
            WHEN ours.state = 'completed' AND theirs.status = 'completed' THEN 'matched'
            WHEN ours.state = 'failed' AND theirs.status = ANY(%(without_effect_there)s) THEN 'matched'
            ELSE 'status_differs'
        END AS verdict,
        COALESCE(ours.reference, theirs.reference, '') AS reference,
        ours.id AS operation_id, theirs.id AS order_id,
        ours.partner_client_id AS our_client, ours.kind AS our_type, ours.asset_id AS our_asset,
        ours.amount AS our_amount, ours.state AS our_state, ours.at AS our_at,
        theirs.partner_client_id AS their_client, theirs.type AS their_type, theirs.asset_id AS their_asset,
        theirs.amount AS their_amount, theirs.opposite AS their_opposite_amount, theirs.status AS their_status,
        theirs.created_at AS their_at, COALESCE(theirs.copies, 0) AS same_reference_count,
        CASE WHEN theirs.id IS NULL THEN made.id END AS check_made_id
        FROM ours
        FULL JOIN theirs ON ours.reference = theirs.paired_reference
        LEFT JOIN reconciliation_referencecheck made
            ON made.id = ANY(%(checks)s::bigint[]) AND made.reference = ours.reference
        WHERE (
            theirs.id IS NULL
            OR (theirs.created_at >= %(window_from)s AND theirs.created_at < %(window_to)s)
            OR (
                ours.at >= %(window_from)s AND ours.at < %(window_to)s AND ours.state = ANY(%(may_have_moved)s)
                AND (theirs.created_at > ours.at + %(far_apart)s OR theirs.created_at < ours.at - %(far_apart)s)
            )
        )
        AND (
            %(client_id)s::bigint IS NULL
            OR ours.client_id = %(client_id)s
            OR theirs.partner_client_id = %(client)s
        )
        AND (ours.id IS NOT NULL OR theirs.copies > 1 OR theirs.type <> ALL(%(trades)s))
    )
    INSERT INTO reconciliation_finding (
        run_id, verdict, reference, operation_id, order_id,
        our_client, our_type, our_asset, our_amount, our_state, our_at,
        their_client, their_type, their_asset, their_amount, their_opposite_amount, their_status, their_at,
        same_reference_count, check_made_id
    )
    SELECT %(run_id)s, verdict, reference, operation_id, order_id,
        our_client, our_type, our_asset, our_amount, our_state, our_at,
        their_client, their_type, their_asset, their_amount, their_opposite_amount, their_status, their_at,
        same_reference_count, check_made_id
    FROM pairs
    ORDER BY COALESCE(their_at, our_at), reference, order_id
"""  # noqa: S608  (no value of anybody's: constants of this module)

#: Completed with us, inside what the mirror has read, and yet no order: asked for singly before the pass.
ORDERLESS = f"""
    SELECT w.reference
    FROM ({WINDOW_OPERATIONS}) w
    JOIN funding_operation p ON p.id = w.id
    WHERE p.state = 'completed' AND COALESCE(p.ended_at, w.at) < %(read_to)s
      AND NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.partner_order_ref = w.reference)
    ORDER BY w.at, w.reference
    LIMIT %(limit)s
"""  # noqa: S608  (no value of anybody's: constants of this module)

TRADES_LEFT_OUT = """
    SELECT count(*) FROM orders_order o
    WHERE o.created_at >= %(window_from)s AND o.created_at < %(window_to)s AND o.type = ANY(%(trades)s)
      AND (%(client_id)s::bigint IS NULL OR o.partner_client_id = %(client)s)
      AND NOT EXISTS (SELECT 1 FROM reconciliation_finding f WHERE f.run_id = %(run_id)s AND f.order_id = o.id)
"""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What one run compares, and how far the mirror can be believed.

    With a `ledger`, ours are the entries of its accepted files instead of the operations.
    `read_to` is the moment up to which every order of the partner has been read; None if none was ever read.
    """

    window: Window
    client: Client | None
    read_to: datetime | None
    started_at: datetime
    ledger: LedgerSource | None = None

    @property
    def source(self) -> Source:
        """What the run compares, as the run keeps it."""
        return Source.OPERATIONS if self.ledger is None else Source.LEDGER

    @property
    def parameters(self) -> dict[str, Any]:
        """The values every statement of this module takes."""
        return {
            "window_from": self.window.start,
            "window_to": self.window.end,
            "client_id": self.client.pk if self.client else None,
            "client": self.client.partner_client_id if self.client else None,
            "read_to": self.read_to,
            "settled_before": self.started_at - timedelta(seconds=settings.COINMENA_QUARANTINE_SECONDS),
            "may_have_moved": [state.value for state in SENT_STATES],
            "unsettled": [state.value for state in UNSETTLED],
            "without_effect_there": list(WITHOUT_EFFECT_THERE),
            "trades": list(TRADES),
            "far_apart": FAR_APART,
        }


def match(comparison: Comparison, *, run_id: int, checks: Sequence[int]) -> None:
    """Write one finding for every pair of the comparison, in one statement and so from one snapshot.

    :param checks: the ids of the look-ups made for this run; evidence of other runs is not believed here.
    """
    with connection.cursor() as cursor:
        cursor.execute(MATCH, {**comparison.parameters, "run_id": run_id, "checks": list(checks)})


def orderless_references(comparison: Comparison, *, limit: int) -> list[str]:
    """List operations that should have an order in the mirror and have none, oldest first, at most `limit`."""
    if comparison.read_to is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(ORDERLESS, {**comparison.parameters, "limit": limit})
        return [reference for (reference,) in cursor.fetchall()]


def count_trades_left_out(comparison: Comparison, *, run_id: int) -> int:
    """Count the trades of the window that the run did not compare."""
    with connection.cursor() as cursor:
        cursor.execute(TRADES_LEFT_OUT, {**comparison.parameters, "run_id": run_id})
        return int(cursor.fetchone()[0])

"""Ours against theirs in one SQL pass: every pair of a window, and its verdict (DESIGN.md §8).

Theirs are the mirrored orders of the window, ours the operations that may have moved money in it, or the entries of a
ledger (`sides.py`), matched by exact reference. Both sides are followed beyond the window by reference, so that a pair
split by its edge is one row and not two wrong ones:

* a row that has an order belongs to the window of the order's `created_at`, the partner's books being what is proven;
* a row without one belongs to the window of our own time: the first claim, else the approval, else the request; of an
  entry of a ledger, when it was booked;
* a pair whose two times are more than a day apart stands in the windows of both, so that neither day hides it.

One of ours is compared with one order. Where the partner has several under one reference the first (lowest id) takes
our side and every one of them is `duplicate_reference`. An order that CoinMENA no longer lists is no order of theirs,
unless it came back since when it was asked for by itself. Trades are not made by this product: a trade stands in a run
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
from backoffice.reconciliation.comparing.sides import SIDES, OurSide
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import LedgerSource, Source

TRADES = ("buy", "sell")
#: Not ended: nothing can be said yet. A send may be under way, or its outcome is in doubt.
UNSETTLED = (State.SUBMITTING, State.UNKNOWN, State.REVIEW)
#: The statuses with which the partner says that nothing was applied.
WITHOUT_EFFECT_THERE = ("failed", "rejected")
FAR_APART = timedelta(days=1)
OUR_COLUMNS = ("id", "reference", "client", "kind", "asset_id", "amount", "state", "at", "settled_at")

#: An order that counts as theirs: listed, or not listed any more and yet come back since when it was asked for singly.
THEIRS = "(o.vanished_at IS NULL OR o.read_at > o.vanished_at)"
#: An order as the pass reads it. Without a reference of its own it is matched with nothing.
ORDER = """
    SELECT o.id, NULLIF(o.partner_order_ref, '') AS reference, o.partner_client_id AS client, o.type, o.status,
           o.created_at AS at, o.effect_asset_id AS asset_id,
           CASE WHEN o.type IN ('deposit', 'buy') THEN o.debit
                WHEN o.type IN ('withdrawal', 'sell') THEN o.credit END AS amount,
           CASE WHEN o.type = 'deposit' THEN o.credit WHEN o.type = 'withdrawal' THEN o.debit END AS opposite
    FROM orders_order o
"""

#: The tests of a pair in their fixed order: the first that fails is the verdict.
VERDICT = """
    CASE
        WHEN theirs.copies > 1 THEN 'duplicate_reference'
        WHEN ours.id IS NULL THEN 'extra_at_partner'
        WHEN theirs.id IS NULL THEN
            CASE
                WHEN ours.state = ANY(%(unsettled)s) OR ours.state = 'approved' THEN 'too_early'
                WHEN %(read_to)s::timestamptz IS NULL OR ours.settled_at >= %(read_to)s THEN 'mirror_behind'
                WHEN ours.state = 'failed' THEN 'matched'
                WHEN made.found IS DISTINCT FROM FALSE THEN 'mirror_behind'
                WHEN ours.settled_at > %(settled_before)s THEN 'too_early'
                ELSE 'missing_at_partner'
            END
        WHEN theirs.type <> ours.kind THEN 'type_differs'
        WHEN theirs.asset_id IS DISTINCT FROM ours.asset_id THEN 'asset_differs'
        WHEN theirs.client <> ours.client THEN 'client_differs'
        WHEN theirs.amount IS DISTINCT FROM ours.amount OR COALESCE(theirs.opposite, 0) <> 0 THEN 'amount_differs'
        WHEN ours.state = ANY(%(unsettled)s) THEN 'too_early'
        WHEN ours.state = 'completed' AND theirs.status = 'completed' THEN 'matched'
        WHEN ours.state = 'failed' AND theirs.status = ANY(%(without_effect_there)s) THEN 'matched'
        ELSE 'status_differs'
    END
"""


def pairs_of(side: OurSide) -> str:
    """The comparison of one of our sides with theirs: ``pairs``, one row for every finding, with its verdict.

    Each side is read once. Beyond the window are followed, by reference: orders under a reference that stands in it,
    and what is ours of an order that found nothing of ours in it. Both are few, and looked for by index: hence the
    stored column in the condition, and not what the pass makes of it.
    """
    return f"""
    WITH near_ours AS ({side.window}),
    near_theirs AS (
        {ORDER}
        WHERE o.created_at >= %(window_from)s AND o.created_at < %(window_to)s AND {THEIRS}
          AND (
            %(client)s::text IS NULL
            OR o.partner_client_id = %(client)s
            OR o.partner_order_ref IN ({side.references_of_client})
          )
    ),
    far_theirs AS MATERIALIZED (
        SELECT DISTINCT ON (id) * FROM (
            {ORDER}
            JOIN (SELECT reference FROM near_ours UNION ALL SELECT reference FROM near_theirs) near
                ON near.reference = o.partner_order_ref
            WHERE o.partner_order_ref <> '' AND {THEIRS}
              AND (
                o.created_at < %(window_from)s OR o.created_at >= %(window_to)s
                OR (%(client)s::text IS NOT NULL AND o.id NOT IN (SELECT id FROM near_theirs))
              )
        ) beyond
    ),
    their_orders AS NOT MATERIALIZED (SELECT * FROM near_theirs UNION ALL SELECT * FROM far_theirs),
    repeated AS (
        SELECT reference, min(id) AS first_id, count(*) AS copies
        FROM their_orders WHERE reference IS NOT NULL
        GROUP BY reference HAVING count(*) > 1
    ),
    theirs AS (
        SELECT o.*, COALESCE(repeated.copies, 1) AS copies,
               CASE WHEN repeated.first_id IS NULL OR repeated.first_id = o.id THEN o.reference END AS paired_reference
        FROM their_orders o LEFT JOIN repeated ON repeated.reference = o.reference
    ),
    pairs AS (
        SELECT {VERDICT} AS verdict,
            COALESCE(ours.reference, theirs.reference, '') AS reference,
            ours.id AS our_id, theirs.id AS order_id,
            ours.client AS our_client, ours.kind AS our_type, ours.asset_id AS our_asset,
            ours.amount AS our_amount, ours.state AS our_state, ours.at AS our_at,
            theirs.client AS their_client, theirs.type AS their_type, theirs.asset_id AS their_asset,
            theirs.amount AS their_amount, theirs.opposite AS their_opposite_amount, theirs.status AS their_status,
            theirs.at AS their_at, COALESCE(theirs.copies, 0) AS same_reference_count,
            CASE WHEN theirs.id IS NULL THEN made.id END AS check_made_id
        FROM near_ours near
        FULL JOIN theirs ON near.reference = theirs.paired_reference
        LEFT JOIN LATERAL (
            SELECT found.* FROM (SELECT theirs.paired_reference AS reference WHERE near.id IS NULL) sought
            CROSS JOIN LATERAL ({side.elsewhere}) found
            OFFSET 0  -- keeps the planner from reading all of ours for the few that are sought
        ) far ON true
        CROSS JOIN LATERAL (
            SELECT {", ".join(f"COALESCE(near.{name}, far.{name}) AS {name}" for name in OUR_COLUMNS)}
        ) ours
        LEFT JOIN reconciliation_referencecheck made
            ON made.id = ANY(%(checks)s::bigint[]) AND made.reference = ours.reference
        WHERE (
            theirs.id IS NULL
            OR (theirs.at >= %(window_from)s AND theirs.at < %(window_to)s)
            OR (near.id IS NOT NULL AND (theirs.at > near.at + %(far_apart)s OR theirs.at < near.at - %(far_apart)s))
        )
        AND (%(client)s::text IS NULL OR ours.client = %(client)s OR theirs.client = %(client)s)
        AND (ours.id IS NOT NULL OR theirs.copies > 1 OR theirs.type <> ALL(%(trades)s))
    )
    """  # noqa: S608  (no value of anybody's: constants of this package)


def pass_over(side: OurSide) -> str:
    """The pass over one of our sides: the one statement that writes the findings of a run."""
    return f"""
    {pairs_of(side)}
    INSERT INTO reconciliation_finding (
        run_id, verdict, reference, {side.column}, order_id,
        our_client, our_type, our_asset, our_amount, our_state, our_at,
        their_client, their_type, their_asset, their_amount, their_opposite_amount, their_status, their_at,
        same_reference_count, check_made_id
    )
    SELECT %(run_id)s, verdict, reference, our_id, order_id,
        our_client, our_type, our_asset, our_amount, our_state, our_at,
        their_client, their_type, their_asset, their_amount, their_opposite_amount, their_status, their_at,
        same_reference_count, check_made_id
    FROM pairs
    ORDER BY COALESCE(their_at, our_at), reference, order_id
    """  # noqa: S608  (no value of anybody's: constants of this package)


def orderless(side: OurSide) -> str:
    """Completed with us, inside what the mirror has read, and yet no order: asked for singly before the pass."""
    return f"""
    SELECT ours.reference
    FROM ({side.window}) ours
    WHERE ours.state = 'completed' AND ours.settled_at < %(read_to)s
      AND NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.partner_order_ref = ours.reference AND {THEIRS})
    ORDER BY ours.at, ours.reference
    LIMIT %(limit)s
    """  # noqa: S608  (no value of anybody's: constants of this package)


#: Every order of the window but those that stand in the run. Counted, not joined: an order stands in a run once.
TRADES_LEFT_OUT = f"""
    SELECT (
        SELECT count(*) FROM orders_order o
        WHERE o.created_at >= %(window_from)s AND o.created_at < %(window_to)s AND o.type = ANY(%(trades)s)
          AND {THEIRS}
          AND (%(client)s::text IS NULL OR o.partner_client_id = %(client)s)
    ) - (
        SELECT count(*) FROM reconciliation_finding f
        WHERE f.run_id = %(run_id)s AND f.their_type = ANY(%(trades)s)
          AND f.their_at >= %(window_from)s AND f.their_at < %(window_to)s
          AND (%(client)s::text IS NULL OR f.their_client = %(client)s)
    )
"""  # noqa: S608  (no value of anybody's: constants of this module)


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
            "ledger_id": self.ledger.pk if self.ledger else None,
            "client": self.client.partner_client_id if self.client else None,
            "read_to": self.read_to,
            "settled_before": self.started_at - timedelta(seconds=settings.COINMENA_QUARANTINE_SECONDS),
            "may_have_moved": [state.value for state in SENT_STATES],
            "not_ended": [state.value for state in SENT_STATES if state not in (State.COMPLETED, State.FAILED)],
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
        cursor.execute(
            pass_over(SIDES[comparison.source]), {**comparison.parameters, "run_id": run_id, "checks": list(checks)}
        )


def orderless_references(comparison: Comparison, *, limit: int) -> list[str]:
    """List operations that should have an order in the mirror and have none, oldest first, at most `limit`."""
    if comparison.read_to is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(orderless(SIDES[comparison.source]), {**comparison.parameters, "limit": limit})
        return [reference for (reference,) in cursor.fetchall()]


def count_trades_left_out(comparison: Comparison, *, run_id: int) -> int:
    """Count the trades of the window that the run did not compare."""
    with connection.cursor() as cursor:
        cursor.execute(TRADES_LEFT_OUT, {**comparison.parameters, "run_id": run_id})
        return int(cursor.fetchone()[0])

"""What each client should have of each asset, against what CoinMENA says they have, in one SQL pass (coinmena.md §9.2).

CoinMENA's books, not the client's: a deposit stands in ``debit`` and raises the balance, a withdrawal stands in
``credit`` and lowers it; a trade pays ``debit`` and receives ``credit``. Fee and VAT are part of these amounts and move
nothing by themselves: the examples take none out of what was funded, and the order's amounts are the authority.

Where all orders the mirror holds come to the balance, that is the proof. Else they are added to what the balance was at
the newest proof that came out even: so a difference keeps its size, and stays until it is gone.

A balance is judged once the orders are read past the moment it was read at, and not while orders stand so close to that
moment that nobody can tell on which side of it they fell.

`tests/reconciliation/balances/twin.py` says all of this again, slowly, in Python; a property test holds both together.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from backoffice.reconciliation.comparing.matching import THEIRS

#: CoinMENA's times have whole seconds, and come from another clock than ours.
UNSURE_BEFORE: Final = timedelta(seconds=5)
UNSURE_AFTER: Final = timedelta(seconds=30)

#: Every balance an order moves, and when. Only what completed has moved anything, and not what is gone at CoinMENA.
LEGS = f"""
    SELECT o.partner_client_id AS client, leg.asset, leg.change, COALESCE(o.transitioned_at, o.created_at) AS at
    FROM orders_order o
    CROSS JOIN LATERAL (VALUES
        (o.debit_asset_id, CASE o.type WHEN 'deposit' THEN o.debit WHEN 'buy' THEN -o.debit
                                       WHEN 'sell' THEN -o.debit END),
        (o.credit_asset_id, CASE o.type WHEN 'withdrawal' THEN -o.credit WHEN 'buy' THEN o.credit
                                        WHEN 'sell' THEN o.credit END)
    ) leg (asset, change)
    WHERE o.status = 'completed' AND leg.asset IS NOT NULL AND leg.change IS NOT NULL AND {THEIRS}
"""  # noqa: S608  (no value of anybody's: constants of this module)

#: What CoinMENA was last heard to say. An asset with orders that none of its answers has listed is held at nothing; one
#: that was listed once and is no more has a reading of zero.
READINGS = """
    SELECT c.partner_client_id AS client, b.asset_id AS asset, b.balance AS live, b.read_at AS live_at
    FROM clients_balancereading b JOIN clients_client c ON c.id = b.client_id
    UNION ALL
    SELECT moved.client, moved.asset, 0, read.at
    FROM (SELECT DISTINCT client, asset FROM legs) moved
    JOIN clients_client c ON c.partner_client_id = moved.client
    JOIN (SELECT client_id, max(read_at) AS at FROM clients_balancereading GROUP BY client_id) read
        ON read.client_id = c.id
    WHERE NOT EXISTS (
        SELECT 1 FROM clients_balancereading b WHERE b.client_id = c.id AND b.asset_id = moved.asset
    )
"""

#: What open exceptions of the orders would make of a balance: CoinMENA's list is more than ours by their difference.
OPEN_EXCEPTIONS = """
    SELECT client, asset, sum(-difference) AS total, array_agg(-difference) AS each
    FROM reconciliation_exceptionitem
    WHERE source = 'operations' AND state IN ('open', 'waiting', 'carried') AND difference IS NOT NULL
    GROUP BY client, asset
"""

PROOFS = f"""
    WITH legs AS MATERIALIZED ({LEGS}),
    readings AS ({READINGS}),
    opened AS (
        SELECT DISTINCT ON (p.client, p.asset) p.client, p.asset, p.live AS opening, p.live_at AS opened_at
        FROM reconciliation_balanceproof p
        WHERE p.client <> '' AND p.difference = 0
        ORDER BY p.client, p.asset, p.live_at DESC, p.id DESC
    ),
    added AS (
        SELECT r.client, r.asset, r.live, r.live_at, o.opening, o.opened_at,
               COALESCE(sum(l.change) FILTER (WHERE l.at <= r.live_at), 0) AS all_effects,
               count(*) FILTER (WHERE l.at <= r.live_at)::int AS all_rows,
               COALESCE(sum(l.change) FILTER (WHERE l.at <= r.live_at AND l.at > o.opened_at), 0) AS new_effects,
               count(*) FILTER (WHERE l.at <= r.live_at AND l.at > o.opened_at)::int AS new_rows,
               COALESCE(bool_or(l.at >= r.live_at - %(unsure_before)s), false) AS is_unsure
        FROM readings r
        LEFT JOIN opened o ON o.client = r.client AND o.asset = r.asset AND o.opened_at <= r.live_at
        LEFT JOIN legs l ON l.client = r.client AND l.asset = r.asset AND l.at <= r.live_at + %(unsure_after)s
        WHERE r.live_at <= %(read_to)s
        GROUP BY r.client, r.asset, r.live, r.live_at, o.opening, o.opened_at
    ),
    sides AS (
        SELECT client, asset, live, live_at, is_unsure, 0::numeric AS opening, NULL::timestamptz AS opened_at,
               all_effects AS effects, all_rows AS rows
        FROM added WHERE opened_at IS NULL OR live = all_effects
        UNION ALL
        SELECT client, asset, live, live_at, is_unsure, opening, opened_at, new_effects, new_rows
        FROM added WHERE opened_at IS NOT NULL AND live <> all_effects
    ),
    decided AS (
        SELECT sides.*, live - opening - effects AS difference FROM sides
        WHERE live = opening + effects OR NOT is_unsure
    )
    INSERT INTO reconciliation_balanceproof
        (run_id, client, account, asset, opening, opened_at, effects, orders_count, live, live_at, difference,
         explained)
    SELECT %(run_id)s, d.client, '', d.asset, d.opening, d.opened_at, d.effects, d.rows, d.live, d.live_at,
           d.difference,
           CASE WHEN d.difference <> 0 AND (d.difference = said.total OR d.difference = ANY(said.each))
                THEN d.difference ELSE 0 END
    FROM decided d
    LEFT JOIN ({OPEN_EXCEPTIONS}) said ON said.client = d.client AND said.asset = d.asset
    ORDER BY d.client, d.asset
"""  # noqa: S608  (no value of anybody's: constants of this module)

#: How the proofs of a run came out, and how many balances have none.
OUTCOMES = f"""
    WITH legs AS MATERIALIZED ({LEGS})
    SELECT CASE WHEN p.id IS NOT NULL AND p.difference = p.explained THEN 'matched'
                WHEN p.id IS NOT NULL THEN 'balance_differs'
                WHEN r.live_at <= %(read_to)s THEN 'too_early' ELSE 'mirror_behind' END, count(*)
    FROM ({READINGS}) r
    LEFT JOIN reconciliation_balanceproof p ON p.run_id = %(run_id)s AND p.client = r.client AND p.asset = r.asset
    GROUP BY 1
"""  # noqa: S608  (no value of anybody's: constants of this module)


def assets_moved(partner_client_id: str) -> set[str]:
    """Return every asset that completed orders of a client have moved."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT asset FROM ({LEGS}) legs WHERE client = %s", [partner_client_id])  # noqa: S608
        return {asset for (asset,) in cursor.fetchall()}


def prove(*, run_id: int, read_to: datetime | None) -> Counter[str]:
    """Write a proof for every balance that can be judged, and count how all of them came out.

    :param read_to: the moment before which every order of CoinMENA is mirrored; None if they were never read.
    """
    values: dict[str, Any] = {
        "run_id": run_id,
        "read_to": read_to,
        "unsure_before": UNSURE_BEFORE,
        "unsure_after": UNSURE_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(PROOFS, values)
        cursor.execute(OUTCOMES, values)
        return Counter(dict(cursor.fetchall()))

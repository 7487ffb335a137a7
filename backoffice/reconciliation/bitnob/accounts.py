"""What each account at Bitnob should hold, against what Bitnob says it holds, in one SQL pass.

Booked is what settled, less its fee (bitnob.md, assumption B12). One that was reversed stays booked beside the REVERSAL
row that takes it back; without such a row the state alone took it back, so it counts for nothing, and never twice.
Simulated money is in the balance of the sandbox only.

What an account held before the first transaction we know is nowhere said: its first proof takes it as the opening, and
every later one is held to it. An account that moved while it was read is left for the next time, and so is one that
Bitnob's newest answer leaves out: what an earlier one said of it proves nothing.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection

from backoffice.reconciliation.bitnob.linking import LINKS
from backoffice.transactions.models import AccountBalance

#: Around the moment a balance was read, by two clocks: what moved there may be in the balance or not.
UNSURE_BEFORE: Final = timedelta(seconds=5)
UNSURE_AFTER: Final = timedelta(seconds=30)

#: Bitnob's number serves several currencies (trap 6); an empty one on either side names no account.
OF_ACCOUNT = """
    {alias}.currency = a.currency
    AND ({alias}.account_number = a.account_number OR {alias}.account_number = '' OR a.account_number = '')
"""

#: By how much Bitnob's balance is more than its list adds up to, if a fault of the run is true of the list only.
EFFECTS_OF_FAULTS = """
    SELECT f.transaction_id, f.fault, f.currency,
           CASE f.fault WHEN 'detail_differs' THEN t.amount_by_id - t.amount
                        WHEN 'side_contradicts' THEN -2 * t.amount
                        WHEN 'reversed_unlinked' THEN t.amount - COALESCE(t.fee, 0)
                        WHEN 'reversal_unlinked' THEN -t.amount
                        WHEN 'reference_shared' THEN COALESCE(t.fee, 0) - t.amount END AS effect
    FROM reconciliation_transactionfinding f
    JOIN transactions_transaction t ON t.transaction_id = f.transaction_id
    WHERE f.run_id = %(run_id)s
"""

PROOFS = f"""
    WITH {LINKS},
    booked AS (
        SELECT t.currency, t.account_number, t.state, t.amount - COALESCE(t.fee, 0) AS change, t.created_at,
               COALESCE(t.updated_at, t.created_at) AS moved_at, l.reversed IS NOT NULL AS is_linked
        FROM transactions_transaction t LEFT JOIN links l ON l.reversed = t.transaction_id
        WHERE t.state IN ('SETTLED', 'REVERSED') AND (%(is_sandbox)s OR NOT t.is_simulated)
    ),
    added AS (
        SELECT a.account_id, a.currency, a.ledger_balance AS live, a.read_at, COALESCE(sum(b.change), 0) AS effects,
               count(b.change)::int AS rows
        FROM transactions_accountbalance a
        LEFT JOIN booked b ON {OF_ACCOUNT.format(alias="b")}
            AND ((b.state = 'SETTLED' AND b.moved_at <= a.read_at)
                 OR (b.state = 'REVERSED' AND b.created_at <= a.read_at AND (b.is_linked OR b.moved_at > a.read_at)))
        WHERE a.read_at < %(read_to)s AND a.read_at >= %(answered_at)s
        GROUP BY a.account_id
    ),
    held AS (
        SELECT added.*, COALESCE(before.opening, added.live - added.effects) AS opening, before.id IS NULL AS is_first
        FROM added
        LEFT JOIN LATERAL (
            SELECT p.id, p.opening FROM reconciliation_balanceproof p
            WHERE p.client = '' AND p.account = added.account_id AND p.asset = added.currency
            ORDER BY p.id DESC LIMIT 1
        ) before ON true
    ),
    decided AS (
        SELECT held.*, live - opening - effects AS difference FROM held
        WHERE (NOT is_first AND live = opening + effects) OR NOT EXISTS (
            SELECT 1 FROM transactions_transaction t
            JOIN transactions_accountbalance a ON a.account_id = held.account_id
            WHERE {OF_ACCOUNT.format(alias="t")}
              AND (t.created_at BETWEEN a.read_at - %(unsure_before)s AND a.read_at + %(unsure_after)s
                   OR t.updated_at BETWEEN a.read_at - %(unsure_before)s AND a.read_at + %(unsure_after)s)
        )
    )
    INSERT INTO reconciliation_balanceproof
        (run_id, client, account, asset, opening, opened_at, effects, orders_count, live, live_at, difference,
         explained)
    SELECT %(run_id)s, '', account_id, currency, opening, NULL, effects, rows, live, read_at, difference,
           CASE WHEN difference <> 0 AND (difference = said.total OR difference = ANY(said.each))
                THEN difference ELSE 0 END
    FROM decided
    LEFT JOIN LATERAL (
        SELECT sum(effect) AS total, array_agg(effect) AS each FROM ({EFFECTS_OF_FAULTS}) one
        WHERE one.currency = decided.currency
    ) said ON true
    ORDER BY currency, account_id
"""  # noqa: S608  (no value of anybody's: constants of this module)


def prove_accounts(*, run_id: int, read_to: datetime | None, answered_at: datetime | None) -> Counter[str]:
    """Write a proof for every account that can be judged, and count how they came out.

    :param read_to: when the list of transactions was last read to its known part; None if it never was.
    :param answered_at: before Bitnob last answered with the balances, and after any answer before that; None likewise.
    """
    values: dict[str, Any] = {
        "run_id": run_id,
        "read_to": read_to,
        "answered_at": answered_at,
        "is_sandbox": settings.BITNOB_ENVIRONMENT == "sandbox",
        "unsure_before": UNSURE_BEFORE,
        "unsure_after": UNSURE_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(PROOFS, values)
        cursor.execute(OUTCOMES, values)
        return Counter(dict(cursor.fetchall()))


def left_out(answered_at: datetime) -> list[str]:
    """The currencies of the accounts that Bitnob's newest answer does not name, one for each account.

    :param answered_at: as for `prove_accounts`.
    """
    return list(AccountBalance.objects.filter(read_at__lt=answered_at).values_list("currency", flat=True))


#: How the proofs of a run came out, and how many accounts have none.
OUTCOMES = """
    SELECT CASE WHEN p.id IS NULL THEN 'mirror_behind' WHEN p.difference = p.explained THEN 'matched'
                ELSE 'balance_differs' END, count(*)
    FROM transactions_accountbalance a
    LEFT JOIN reconciliation_balanceproof p ON p.run_id = %(run_id)s AND p.account = a.account_id
    GROUP BY 1
"""

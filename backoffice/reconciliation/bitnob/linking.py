"""Which REVERSAL row takes back which transaction: one for one, so that nothing is counted twice (bitnob.md §13).

Bitnob documents no link but the reference, which both legs of a trade share. So a pair needs one reference, one
currency and opposite amounts, with the fee given back or without it. Where a reversal names its transaction, that one
comes first. What is left over on either side is a fault, never a guess.
"""

#: A PostgreSQL UUID in any case; the metadata is the partner's own and may hold anything.
_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def _by_rank(name: str, taken: str, opposite: str) -> str:
    """Pair the first reversal of a reference, currency and amount with the first transaction, and so on.

    Those that stand as REVERSED come first: a reversal of a settled one is paired only where none of them is left.
    """
    return f"""
    {name} AS (
        SELECT r.transaction_id AS reversal, t.transaction_id AS reversed
        FROM (
            SELECT r.*, row_number() OVER (PARTITION BY reference, currency, amount
                                           ORDER BY created_at, transaction_id) AS nth
            FROM reversals r
            WHERE r.named IS NULL AND r.reference <> '' AND r.transaction_id NOT IN (SELECT reversal FROM {taken})
        ) r
        JOIN (
            SELECT t.*, {opposite} AS opposite,
                   row_number() OVER (PARTITION BY reference, currency, {opposite}
                                      ORDER BY state <> 'REVERSED', created_at, transaction_id) AS nth
            FROM may_be_reversed t
            WHERE t.transaction_id NOT IN (SELECT reversed FROM {taken})
        ) t ON t.reference = r.reference AND t.currency = r.currency AND t.opposite = r.amount AND t.nth = r.nth
    ),
    {name}_and_before AS (SELECT * FROM {taken} UNION ALL SELECT * FROM {name})"""  # noqa: S608  (constants only)


#: The common table expressions up to ``links (reversal, reversed)``.
LINKS = f"""
    reversals AS (
        SELECT transaction_id, reference, currency, amount, created_at,
               CASE WHEN metadata ->> 'reversed_transaction_id' ~ '{_UUID}'
                    THEN (metadata ->> 'reversed_transaction_id')::uuid END AS named
        FROM transactions_transaction WHERE type = 'REVERSAL' AND state <> 'FAILED'
    ),
    may_be_reversed AS (
        SELECT transaction_id, reference, currency, amount, COALESCE(fee, 0) AS fee, state, created_at
        FROM transactions_transaction t
        WHERE type <> 'REVERSAL' AND state IN ('SETTLED', 'REVERSED')
          AND (reference <> '' AND reference IN (SELECT reference FROM reversals)
               OR transaction_id IN (SELECT named FROM reversals))
    ),
    named AS (
        SELECT DISTINCT ON (t.transaction_id) r.transaction_id AS reversal, t.transaction_id AS reversed
        FROM reversals r
        JOIN may_be_reversed t
            ON t.transaction_id = r.named AND t.currency = r.currency AND r.amount IN (-t.amount, t.fee - t.amount)
        ORDER BY t.transaction_id, r.created_at, r.transaction_id
    ),
    {_by_rank("with_fee", "named", "t.fee - t.amount")},
    {_by_rank("without_fee", "with_fee_and_before", "-t.amount")},
    links AS (SELECT * FROM without_fee_and_before)
"""  # noqa: S608  (no value of anybody's: constants of this module)

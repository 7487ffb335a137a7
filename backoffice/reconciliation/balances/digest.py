"""The digest of a run whose findings are its own kind: SHA-256 over faults and proofs in canonical form.

As in `comparing/digest.py` the form is what COPY writes: times in UTC with microseconds, amounts in plain digits, the
ids of the run left out.
"""

import hashlib

from django.db import connection

_MOMENT = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
FORMS = (
    """
    COPY (
        SELECT transaction_id, fault, reference, currency, type, state, amount, expected, actual, counterpart
        FROM reconciliation_transactionfinding WHERE run_id = %s ORDER BY transaction_id, fault COLLATE "C"
    ) TO STDOUT WITH (FORMAT csv)
    """,
    f"""
    COPY (
        SELECT client, account, asset, opening, to_char(opened_at AT TIME ZONE 'UTC', {_MOMENT}), effects, orders_count,
               live, to_char(live_at AT TIME ZONE 'UTC', {_MOMENT}), difference, explained
        FROM reconciliation_balanceproof WHERE run_id = %s
        ORDER BY client COLLATE "C", account COLLATE "C", asset COLLATE "C"
    ) TO STDOUT WITH (FORMAT csv)
    """,  # noqa: S608  (no value of anybody's: constants of this module)
)


def digest_of(run_id: int) -> str:
    """Return the digest of a run of transactions or balances as 64 hexadecimal digits, read as a stream."""
    total = hashlib.sha256()
    with connection.cursor() as cursor:
        for form in FORMS:
            with cursor.copy(form, [run_id]) as rows:
                for block in rows:
                    total.update(block)
    return total.hexdigest()

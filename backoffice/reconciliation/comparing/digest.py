"""The digest of a run: SHA-256 over its findings in canonical form.

The form is the output of one COPY: a row for each finding, ordered by reference and order, times in UTC with
microseconds and ``Z``, amounts in plain digits. It leaves out what differs between two runs that found the same (ids
and times of the run itself), so a run repeated over unchanged data has an equal digest.
"""

import hashlib

from django.db import connection

CANONICAL = """
    COPY (
        SELECT verdict, reference, order_id, our_client, our_type, our_asset, our_amount, our_state,
               to_char(our_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               their_client, their_type, their_asset, their_amount, their_opposite_amount, their_status,
               to_char(their_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), same_reference_count
        FROM reconciliation_finding
        WHERE run_id = %s
        ORDER BY reference COLLATE "C", order_id NULLS FIRST
    ) TO STDOUT WITH (FORMAT csv)
"""


def digest_of(run_id: int) -> str:
    """Return the digest of a run's findings as 64 hexadecimal digits, read as a stream."""
    total = hashlib.sha256()
    with connection.cursor() as cursor, cursor.copy(CANONICAL, [run_id]) as rows:
        for block in rows:
            total.update(block)
    return total.hexdigest()

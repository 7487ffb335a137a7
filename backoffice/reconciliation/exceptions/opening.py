"""What a run found, taken into the exceptions in the transaction that writes the run. One statement, never a loop."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from backoffice.reconciliation.models import EXCEPTIONS, Run

#: Opens what is new and says which run saw the rest last. `xmax` is 0 for a row this statement inserted.
TAKE_IN = """
    WITH found AS (
        SELECT DISTINCT ON (key) *
        FROM (
            SELECT CASE WHEN f.entry_id IS NOT NULL THEN 'entry:' || r.ledger_id || ':' || f.reference
                        WHEN f.operation_id IS NOT NULL THEN 'operation:' || f.reference
                        ELSE 'order:' || f.order_id END AS key,
                   r.source, f.verdict, COALESCE(f.their_at, f.our_at) AS at,
                   COALESCE(f.our_client, f.their_client, '') AS client, f.reference, f.operation_id, f.order_id,
                   COALESCE(f.our_asset, f.their_asset, '') AS asset, r.finished_at, f.id
            FROM reconciliation_finding f JOIN reconciliation_run r ON r.id = f.run_id
            WHERE f.run_id = %(run)s AND f.verdict = ANY(%(exceptions)s)
        ) one
        ORDER BY key, id
    ),
    taken AS (
        INSERT INTO reconciliation_exceptionitem (
            source, key, verdict, day, at, client, reference, operation_id, order_id, asset, state, severity, due_at,
            first_run_id, last_run_id, opened_at, resolution, resolution_text, ticket
        )
        SELECT source, key, verdict, (at AT TIME ZONE %(zone)s)::date, at, client, reference, operation_id, order_id,
               asset, 'open', 'medium', finished_at + interval '1 day', %(run)s, %(run)s, finished_at, '', '', ''
        FROM found
        ON CONFLICT (source, key) DO UPDATE SET last_run_id = EXCLUDED.last_run_id
        RETURNING xmax = 0 AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM taken
"""


@dataclass(frozen=True)
class Taken:
    """What one run did to the exceptions: how many it opened, saw again, found changed, and cleared."""

    opened: int = 0
    seen: int = 0
    changed: int = 0
    cleared: int = 0


def take_in(run: Run) -> Taken:
    """Open an exception for every discrepancy of the run that has none, and note that it saw the rest."""
    values = {"run": run.pk, "exceptions": [one.value for one in EXCEPTIONS], "zone": settings.COMPANY_TIME_ZONE}
    with connection.cursor() as cursor:
        cursor.execute(TAKE_IN, values)
        opened, seen = cursor.fetchone()
    return Taken(opened=opened, seen=seen)

"""Every test of every mirrored transaction, in one SQL pass (`models.Fault` names them; bitnob.md §5, §7, §13).

`tests/reconciliation/bitnob/twin.py` says all of this again, slowly, in Python; a property test holds the two together.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from backoffice.mirror.incidents import CHANGED
from backoffice.mirror.models import Mirror
from backoffice.reconciliation.bitnob.linking import LINKS
from backoffice.reconciliation.models import Fault
from backoffice.transactions.models import TERMINAL_STATES

DOCUMENTED_STATES: Final = ("PENDING", "IN_PROGRESS", *TERMINAL_STATES)
#: Asynchronous, but not for days: what is not final by then is looked into (no figure is documented).
STUCK_AFTER: Final = timedelta(hours=24)

#: Each column a final transaction was told otherwise in: as it was first, as it is now. Changed back is no fault.
CHANGES = """
    changes AS (
        SELECT object_id, changed.name,
               (array_agg(i.before -> changed.name ORDER BY i.seen_at, i.id))[1] AS first,
               (array_agg(i.after -> changed.name ORDER BY i.seen_at DESC, i.id DESC))[1] AS last
        FROM mirror_incident i
        CROSS JOIN LATERAL jsonb_object_keys(i.after) AS changed (name)
        WHERE i.mirror = %(mirror)s AND i.kind = %(changed)s AND jsonb_typeof(i.after) = 'object'
        GROUP BY object_id, changed.name
    ),
    final_changes AS (
        SELECT object_id::uuid AS transaction_id,
               string_agg(name || ' ' || COALESCE(first #>> '{}', '-'), ', ' ORDER BY name) AS expected,
               string_agg(name || ' ' || COALESCE(last #>> '{}', '-'), ', ' ORDER BY name) AS actual
        FROM changes
        WHERE first IS DISTINCT FROM last
          AND NOT (name = 'state' AND first = '"SETTLED"'::jsonb AND last = '"REVERSED"'::jsonb)
        GROUP BY object_id
    )
"""

#: A reference belongs to one transaction, or to the legs of one trade; a reversal carries that of what it takes back.
SHARED = """
    units AS (
        SELECT transaction_id, COALESCE(NULLIF(trade_id, ''), transaction_id::text) AS unit,
               first_value(transaction_id) OVER by_reference AS first_id,
               first_value(COALESCE(NULLIF(trade_id, ''), transaction_id::text)) OVER by_reference AS first_unit
        FROM transactions_transaction
        WHERE reference <> '' AND type <> 'REVERSAL'
        WINDOW by_reference AS (PARTITION BY reference ORDER BY created_at, transaction_id)
    )
"""

FAULTS = f"""
    WITH {LINKS}, {CHANGES}, {SHARED},
    faults AS (
        SELECT transaction_id, 'detail_differs' AS fault, amount::text AS expected, amount_by_id::text AS actual,
               NULL::uuid AS counterpart
        FROM transactions_transaction
        WHERE amount_by_id <> amount AND abs(amount_by_id - amount) <> COALESCE(abs(fee), 0)
        UNION ALL
        SELECT transaction_id, 'side_contradicts', CASE WHEN amount < 0 THEN 'Debit' ELSE 'Credit' END, side, NULL
        FROM transactions_transaction
        WHERE (lower(side) = 'credit' AND amount < 0) OR (lower(side) = 'debit' AND amount > 0)
        UNION ALL
        SELECT transaction_id, 'final_changed', expected, actual, NULL FROM final_changes
        UNION ALL
        SELECT transaction_id, 'reversed_unlinked', (COALESCE(fee, 0) - amount)::text, '', NULL
        FROM transactions_transaction
        WHERE state = 'REVERSED' AND transaction_id NOT IN (SELECT reversed FROM links)
        UNION ALL
        SELECT t.transaction_id, 'reversal_unlinked', 'REVERSED', COALESCE(o.state, ''), o.transaction_id
        FROM transactions_transaction t
        LEFT JOIN links l ON l.reversal = t.transaction_id
        LEFT JOIN transactions_transaction o ON o.transaction_id = l.reversed
        WHERE t.type = 'REVERSAL' AND t.state = 'SETTLED' AND o.state IS DISTINCT FROM 'REVERSED'
        UNION ALL
        SELECT transaction_id, 'reference_shared', first_unit, unit, first_id FROM units WHERE unit <> first_unit
        UNION ALL
        SELECT transaction_id, 'state_unknown', '', state, NULL
        FROM transactions_transaction WHERE state <> ALL(%(documented)s)
        UNION ALL
        SELECT transaction_id, 'stuck', 'SETTLED', state, NULL
        FROM transactions_transaction WHERE state IN ('PENDING', 'IN_PROGRESS') AND created_at < %(stuck_before)s
    )
    INSERT INTO reconciliation_transactionfinding
        (run_id, transaction_id, fault, reference, currency, type, state, amount, expected, actual, counterpart, at)
    SELECT %(run_id)s, t.transaction_id, f.fault, t.reference, t.currency, t.type, t.state, t.amount,
           f.expected, f.actual, f.counterpart, t.created_at
    FROM faults f JOIN transactions_transaction t ON t.transaction_id = f.transaction_id
    ORDER BY array_position(%(weights)s::text[], f.fault), t.created_at, t.transaction_id
"""  # noqa: S608  (no value of anybody's: constants of this module)

#: Each transaction once: under its gravest fault, else as open, else as matched.
COUNTS = """
    SELECT COALESCE(f.fault, CASE WHEN t.state = ANY(%(terminal)s) THEN 'matched' ELSE 'too_early' END), count(*)
    FROM transactions_transaction t
    LEFT JOIN (
        SELECT DISTINCT ON (transaction_id) transaction_id, fault FROM reconciliation_transactionfinding
        WHERE run_id = %(run_id)s ORDER BY transaction_id, array_position(%(weights)s::text[], fault::text)
    ) f USING (transaction_id)
    GROUP BY 1
"""

#: The look-up by id counted the fee into the amount and the list did not: told, and nobody's fault (trap 4).
BY_THE_FEE = """
    SELECT count(*) FROM transactions_transaction
    WHERE amount_by_id <> amount AND abs(amount_by_id - amount) = abs(fee)
"""


def find_faults(*, run_id: int, now: datetime) -> None:
    """Write one finding for every test a mirrored transaction does not pass, from one snapshot."""
    values = {
        **weights_of(run_id),
        "mirror": Mirror.TRANSACTIONS.value,
        "changed": CHANGED,
        "documented": list(DOCUMENTED_STATES),
        "stuck_before": now - STUCK_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(FAULTS, values)


def counts_of(run_id: int) -> Counter[str]:
    """Count the transactions of a run, each once, by its gravest fault or by how it stands."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, {**weights_of(run_id), "terminal": list(TERMINAL_STATES)})
        return Counter(dict(cursor.fetchall()))


def counted_by_the_fee() -> int:
    """Count the transactions whose list and detail differ by exactly the fee."""
    with connection.cursor() as cursor:
        cursor.execute(BY_THE_FEE)
        return int(cursor.fetchone()[0])


def weights_of(run_id: int) -> dict[str, Any]:
    return {"run_id": run_id, "weights": [fault.value for fault in Fault]}

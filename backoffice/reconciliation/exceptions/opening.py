"""What a run found wrong becomes exceptions that outlive it; what it proves right closes them (DESIGN.md §8).

Two statements for any number of findings. A run that was taken in before, or is older than what an exception was last
judged by, changes nothing. Runs of one source are taken in one after the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import connection, transaction

from backoffice.reconciliation.exceptions import severity
from backoffice.reconciliation.exceptions.feeds import feed_of
from backoffice.reconciliation.models import ENDED, EXCEPTIONS, PENDING, Run, Source

#: Both sides of a finding beyond its amounts; times are left out: they decide no verdict.
REST: Final = "our_type, our_asset, our_state, their_type, their_asset, their_status, same_reference_count"
#: What somebody agreed to when an exception was dealt with: how much, and whose.
AMOUNTS: Final = "our_amount, their_amount, their_opposite_amount, our_client, their_client"

#: Whether the operation in doubt that an order was linked to ended without that order after all.
LINKED: Final = """
    SELECT o.state = 'failed' OR (o.state = 'completed' AND o.partner_order_id IS DISTINCT FROM e.order_id) AS denies
    FROM funding_operation o
    WHERE e.state = 'resolved' AND e.resolution = 'linked' AND e.key = 'order:' || e.order_id AND o.id = e.operation_id
    LIMIT 1
"""


def of(alias: str, names: str) -> str:
    """Write ``names`` as columns of ``alias``."""
    return ", ".join(f"{alias}.{name.strip()}" for name in names.split(","))


def take(found: str) -> str:
    """The statement that opens what is new, notes what changed and brings back what ended otherwise."""
    return f"""
    WITH found AS MATERIALIZED (
        SELECT DISTINCT ON (key) * FROM ({found}) one ORDER BY key, finding_id
    ),
    sized AS (
        SELECT found.key, found.verdict, found.at, found.client, found.reference, found.operation_id, found.order_id,
               found.transaction_id, found.asset, found.difference, found.at_risk, found.finding_id,
               {severity.SEVERITY} AS severity
        FROM found
        LEFT JOIN unnest(%(large_assets)s::text[], %(large_amounts)s::numeric[]) large (asset, amount)
            ON large.asset = found.asset
    ),
    due AS (SELECT sized.*, {severity.DUE} AS due_at FROM sized),
    fresh AS MATERIALIZED (
        SELECT nextval((SELECT pg_get_serial_sequence('reconciliation_exceptionitem', 'id'))) AS id, due.* FROM due
        WHERE NOT EXISTS (
            SELECT 1 FROM reconciliation_exceptionitem e WHERE e.source = %(source)s AND e.key = due.key
        )
    ),
    opened AS (
        INSERT INTO reconciliation_exceptionitem (
            id, source, key, verdict, day, at, client, reference, operation_id, order_id, transaction_id, asset,
            difference, at_risk, state, severity, due_at, first_run_id, last_run_id, opened_at, resolution,
            resolution_text, ticket
        )
        SELECT id, %(source)s, key, verdict, (at AT TIME ZONE %(zone)s)::date, at, client, reference, operation_id,
               order_id, transaction_id, asset, difference, at_risk, 'open', severity, due_at, %(run_id)s, %(run_id)s,
               %(now)s, '', '', ''
        FROM fresh
    ),
    known AS (
        SELECT e.id, e.state AS old_state, e.verdict AS old_verdict, e.difference AS old_difference,
               e.asset AS old_asset, e.severity AS old_severity, e.due_at AS old_due_at, due.*,
               (e.verdict, e.asset, e.difference, e.at_risk, {of("before", AMOUNTS)})
               IS DISTINCT FROM (due.verdict, due.asset, due.difference, due.at_risk, {of("new", AMOUNTS)}) AS amounts,
               (e.client, e.order_id, {of("before", REST)})
               IS DISTINCT FROM (due.client, due.order_id, {of("new", REST)}) AS rest,
               linked.denies IS TRUE AS denied
        FROM due
        CROSS JOIN LATERAL (
            SELECT * FROM reconciliation_exceptionitem e WHERE e.source = %(source)s AND e.key = due.key LIMIT 1
        ) e
        LEFT JOIN LATERAL (SELECT * FROM reconciliation_finding f WHERE f.id = due.finding_id LIMIT 1) new ON true
        LEFT JOIN LATERAL (
            SELECT s.finding_id FROM reconciliation_sighting s WHERE s.exception_id = e.id
            ORDER BY s.run_id DESC LIMIT 1
        ) last ON true
        LEFT JOIN LATERAL (SELECT * FROM reconciliation_finding f WHERE f.id = last.finding_id LIMIT 1) before ON true
        LEFT JOIN LATERAL ({LINKED}) linked ON true
        WHERE e.last_run_id < %(run_id)s
    ),
    judged AS (
        SELECT known.*, amounts OR rest OR denied OR old_state = 'cleared' AS changed,
               old_state = 'cleared' OR denied OR (amounts AND old_state IN ('resolved', 'carried')) AS comes_back,
               old_state = 'waiting' AND (amounts OR rest) AS overtaken,
               array_position(%(ranked)s, severity) > array_position(%(ranked)s, old_severity::text) AS graver
        FROM known
    ),
    updated AS (
        UPDATE reconciliation_exceptionitem e
        SET verdict = j.verdict, at = j.at, client = j.client, reference = j.reference,
            operation_id = COALESCE(j.operation_id, CASE WHEN NOT j.comes_back THEN e.operation_id END),
            order_id = j.order_id, asset = j.asset, difference = j.difference, at_risk = j.at_risk,
            last_run_id = %(run_id)s,
            severity = CASE WHEN j.comes_back OR (j.amounts AND j.graver) THEN j.severity ELSE e.severity END,
            due_at = CASE WHEN j.comes_back THEN j.due_at
                          WHEN j.amounts AND j.graver THEN LEAST(e.due_at, j.due_at) ELSE e.due_at END,
            state = CASE WHEN j.comes_back OR j.overtaken THEN 'open' ELSE e.state END,
            ended_at = CASE WHEN j.comes_back THEN NULL ELSE e.ended_at END,
            resolution = CASE WHEN j.comes_back OR j.overtaken THEN '' ELSE e.resolution END,
            resolution_text = CASE WHEN j.comes_back OR j.overtaken THEN '' ELSE e.resolution_text END,
            resolved_by_id = CASE WHEN j.comes_back OR j.overtaken THEN NULL ELSE e.resolved_by_id END,
            approval_id = CASE WHEN j.comes_back OR j.overtaken THEN NULL ELSE e.approval_id END
        FROM judged j WHERE e.id = j.id
    ),
    seen AS (
        INSERT INTO reconciliation_sighting (exception_id, run_id, finding_id, verdict)
        SELECT id, %(run_id)s, finding_id, verdict FROM fresh
        UNION ALL
        SELECT id, %(run_id)s, finding_id, verdict FROM judged WHERE changed
    ),
    told AS (
        INSERT INTO reconciliation_exceptionevent (exception_id, kind, at, run_id, before, after, text)
        SELECT id, CASE WHEN comes_back THEN 'reopened' ELSE 'changed' END, %(now)s, %(run_id)s,
               concat_ws(' ', old_verdict, old_difference, NULLIF(old_asset, '')),
               concat_ws(' ', verdict, difference, NULLIF(asset, '')), ''
        FROM judged WHERE changed
    )
    SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM judged), (SELECT count(*) FROM judged WHERE changed)
    """  # noqa: S608  (no value of anybody's: constants of this module and of the feeds)


def clear(settled: str) -> str:
    """The statement that closes what the run proves right."""
    return f"""
    WITH standing AS MATERIALIZED (
        SELECT * FROM reconciliation_exceptionitem
        WHERE source = %(source)s AND state <> ALL(%(ended)s) AND last_run_id < %(run_id)s
    ),
    settled AS (SELECT DISTINCT ON (id) * FROM ({settled}) one ORDER BY id, finding_id),
    cleared AS (
        UPDATE reconciliation_exceptionitem e
        SET state = 'cleared', ended_at = %(now)s, last_run_id = %(run_id)s
        FROM settled WHERE e.id = settled.id
        RETURNING e.id, e.verdict AS old_verdict, settled.finding_id, settled.verdict
    ),
    seen AS (
        INSERT INTO reconciliation_sighting (exception_id, run_id, finding_id, verdict)
        SELECT id, %(run_id)s, finding_id, verdict FROM cleared
    ),
    told AS (
        INSERT INTO reconciliation_exceptionevent (exception_id, kind, at, run_id, before, after, text)
        SELECT id, 'cleared', %(now)s, %(run_id)s, old_verdict, verdict, '' FROM cleared
    )
    SELECT count(*) FROM cleared
    """  # noqa: S608  (no value of anybody's: constants of this module and of the feeds)


@dataclass(frozen=True)
class Taken:
    """What a run did to the exceptions: opened; seen again, of them changed (or back); cleared."""

    opened: int = 0
    seen: int = 0
    changed: int = 0
    cleared: int = 0

    def as_json(self) -> dict[str, int]:
        """Write it for the audit log."""
        return asdict(self)


@transaction.atomic
def take_in(run: Run) -> Taken:
    """Bring the exceptions up to a finished run; called in the transaction that wrote it. Twice changes nothing.

    An exception is cleared by a run that proves it right. What a run did not look at, or could not decide, stays.
    """
    feed = feed_of(run.source)
    if feed is None:
        return Taken()
    wait_for_others(run.source)
    with whole_sets_joined():
        opened, seen, changed = first_row(take(feed.found), run)
        (cleared,) = first_row(clear(feed.settled), run)
    return Taken(opened, seen, changed, cleared)


def wait_for_others(source: str) -> None:
    """Let the runs of one source in one after the other: two that see one discrepancy make one exception."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('exceptions'), hashtext(%s))", [source])


def hold_back_others(source: str) -> bool:
    """Keep the runs of one source out for the rest of the transaction; False while one of them is being taken in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('exceptions'), hashtext(%s))", [source])
        return bool(cursor.fetchone()[0])


@contextmanager
def whole_sets_joined() -> Iterator[None]:
    """Keep the planner from going through one set for each row of another.

    It knows nothing of the findings written a moment ago in this transaction and takes them for a handful. Where a row
    is looked up by an index, the statements say so themselves.
    """
    choose_nested_loops("off")
    yield
    choose_nested_loops("on")


def choose_nested_loops(choice: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [choice])


def first_row(statement: str, run: Run) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters_of(run))
        return cursor.fetchone()


def parameters_of(run: Run) -> dict[str, Any]:
    """The values the statements take; what a feed may use is listed in `feeds`."""
    return {
        **severity.parameters(),
        "ranked": [one.value for one in severity.RANKED],
        "run_id": run.pk,
        "source": Source(run.source).value,
        "ledger_id": str(run.ledger_id or ""),
        "window_from": run.window_from,
        "window_to": run.window_to,
        "is_complete": run.is_complete,
        "now": run.finished_at,
        "exceptions": [verdict.value for verdict in EXCEPTIONS],
        "pending": [verdict.value for verdict in PENDING],
        "ended": [state.value for state in ENDED],
    }

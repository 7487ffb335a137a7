"""Make the pass and keep a run with its findings, whole or not at all."""

from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor, System
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.orders.queries import count_not_listed
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.evidence import Evidence
from backoffice.reconciliation.comparing.matching import Comparison, count_trades_left_out, match
from backoffice.reconciliation.comparing.partner_total import PartnerTotal
from backoffice.reconciliation.comparing.patience import SOMEBODY_WAITS
from backoffice.reconciliation.comparing.totals import sums_of
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import Run, RunJob
from backoffice.reconciliation.running.jobs import finish
from backoffice.ui import times

#: For the transaction of a run. A pass over a million rows hashes and sorts them in memory, and takes longer than a
#: page may. The planner cannot know how many different references a window holds, and without them sorts what is better
#: hashed; and the day of a year is found by its indexes. Nor can it know how few rows a full join leaves: it thinks of
#: billions, and would compile the statement for longer than that saves.
ROOM: Final = """
    SET LOCAL work_mem = '256MB';
    SET LOCAL statement_timeout = '30min';
    SET LOCAL enable_mergejoin = off;
    SET LOCAL jit = off;
    SET LOCAL random_page_cost = 1.1
"""


@transaction.atomic
def write_run(
    comparison: Comparison, evidence: Evidence, said: PartnerTotal, *, job: RunJob, by: Actor, at_most: timedelta
) -> Run:
    """Make the pass and keep run and findings together, and end the job; the run comes last, since it is written once.

    :param at_most: how long its turn is waited for. :raises OperationalError: when that is not long enough.
    :raises TakenOver: when the job is another worker's by now; nothing is kept.
    """
    make_room()
    wait_for_turn(comparison.source, at_most)
    run_id = next_run_id()
    match(comparison, run_id=run_id, checks=evidence.checks)
    run = Run.objects.create(
        id=run_id,
        **facts_of(comparison, evidence, said),
        **results_of(comparison, run_id),
        run_by=None if isinstance(by, System) else by,
        finished_at=clock.now(),
    )
    finish(job, run)
    take_in(run)
    record("reconciliation.run", by=by, obj=run, client=client_of(comparison), after=summary_of(run))
    return run


def make_room() -> None:
    with connection.cursor() as cursor:
        cursor.execute(ROOM)


def wait_for_turn(source: str, at_most: timedelta = SOMEBODY_WAITS.wait) -> None:
    """Let the runs of one source take their number and look in one after the other, until they are kept.

    What a run of a later number finds replaces what an earlier one found, so it may not have looked before it. Whoever
    waits does so for a whole pass of another.

    :raises OperationalError: when it takes longer than ``at_most``.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{at_most // timedelta(milliseconds=1)}ms"])
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('runs'), hashtext(%s))", [source])
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def next_run_id() -> int:
    """Take the id the run will have: its findings are written before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('reconciliation_run', 'id'))")
        return int(cursor.fetchone()[0])


def facts_of(comparison: Comparison, evidence: Evidence, said: PartnerTotal) -> dict[str, Any]:
    partial = " ".join(filter(None, [mirror_gap(comparison), evidence.partial_because, said.partial_because]))
    return {
        "source": comparison.source,
        "ledger": comparison.ledger,
        "window_from": comparison.window.start,
        "window_to": comparison.window.end,
        "client": comparison.client,
        "started_at": comparison.started_at,
        "mirror_read_to": comparison.read_to,
        "partner_total": said.total,
        "is_complete": not partial,
        "incomplete_because": partial,
    }


def mirror_gap(comparison: Comparison) -> str:
    """Say in a sentence that the window reaches past what was read; empty when it does not."""
    if comparison.read_to is None:
        return _(
            "CoinMENA's orders have never been read to their end, so nothing can be proven. See Read from partners."
        )
    if comparison.read_to >= comparison.window.end:
        return ""
    return _("CoinMENA's orders are read up to %(read)s, and this window ends at %(end)s.") % {
        "read": times.written(comparison.read_to),
        "end": times.written(comparison.window.end),
    }


def results_of(comparison: Comparison, run_id: int) -> dict[str, Any]:
    sums = sums_of(run_id)
    return {
        "counts": sums.counts,
        "ours_count": sums.ours_count,
        "theirs_count": sums.theirs_count,
        "trades_count": count_trades_left_out(comparison, run_id=run_id),
        "vanished_count": count_not_listed(
            comparison.window.start, comparison.window.end, client_of(comparison) or None
        ),
        "totals": [total.as_json() for total in sums.totals],
        "digest": digest_of(run_id),
    }


def client_of(comparison: Comparison) -> str:
    return comparison.client.partner_client_id if comparison.client else ""


def summary_of(run: Run) -> dict[str, Any]:
    """What the audit log keeps of a run."""
    return {
        "run": run.pk,
        "source": run.source,
        "ledger": str(run.ledger or ""),
        "window_from": run.window_from,
        "window_to": run.window_to,
        "is_complete": run.is_complete,
        "counts": run.counts,
        "no_longer_listed": run.vanished_count,
        "totals": run.totals,
        "digest": run.digest,
    }

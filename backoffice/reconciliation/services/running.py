"""Reconcile a window: bring the mirror up to date, ask for what seems to be missing, compare, keep the result.

A run never moves money and never changes an operation. It is written whole or not at all; whatever could not be read or
asked makes it partial, with the reason in a sentence, and never makes a verdict.
"""

import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor, System
from backoffice.audit.services import record
from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.mirror.models import Mirror
from backoffice.mirror.registry import registered
from backoffice.mirror.runs import AlreadyRunning, last_complete
from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.evidence import Evidence, gather
from backoffice.reconciliation.comparing.matching import Comparison, count_trades_left_out, match
from backoffice.reconciliation.comparing.totals import totals_of
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import Finding, Run
from backoffice.reconciliation.policies import check_can_reconcile
from backoffice.ui import times

#: A gap the sync closes in a moment. A longer one is the worker's to close: nobody waits for it in front of a page.
SHORT_GAP: Final = timedelta(minutes=15)
SYNC_TRIES: Final = 4
SYNC_PAUSE_SECONDS: Final = 0.5


def reconcile(*, window_from: datetime, window_to: datetime, client: Client | None = None, by: Actor) -> Run:
    """Compare ours with theirs in ``[window_from, window_to)`` and return the finished run.

    What lies in the future is cut off the window.

    :param client: compare the rows of this client only; None for all.
    :raises Refused: for people who may only read.
    :raises WindowRefused: for a window that is empty or has not begun.
    """
    check_can_reconcile(by)
    started_at = clock.now()
    window = Window(window_from, window_to).until(started_at)
    comparison = Comparison(window=window, client=client, read_to=read_up_to(window.end), started_at=started_at)
    evidence = gather(comparison)
    return write_run(comparison, evidence, by=by)


def read_up_to(end: datetime) -> datetime | None:
    """Have the orders read up to `end` where that takes a moment, and return how far they are read.

    A sync leaves out the last minutes, in which an order may still become visible, so a window that ends now is never
    read to its end.
    """
    reached = mirror_read_to()
    if reached is None or reached >= end or end - reached > SHORT_GAP:
        return reached
    for _try in range(SYNC_TRIES):
        if sync_orders():
            break
        time.sleep(SYNC_PAUSE_SECONDS)
    return mirror_read_to()


def sync_orders() -> bool:
    """Read CoinMENA's new orders; False while another process does. A failure shows in how far the mirror reaches."""
    try:
        registered()[Mirror.ORDERS]()
    except AlreadyRunning:
        return False
    return True


def mirror_read_to() -> datetime | None:
    """The moment before which every order of CoinMENA is mirrored, or None if they were never read."""
    complete = last_complete(Mirror.ORDERS)
    return complete.read_to if complete else None


@transaction.atomic
def write_run(comparison: Comparison, evidence: Evidence, *, by: Actor) -> Run:
    """Make the pass and keep run and findings together; the run comes last, since it is written once."""
    run_id = next_run_id()
    match(comparison, run_id=run_id, checks=evidence.checks)
    run = Run.objects.create(
        id=run_id,
        **facts_of(comparison, evidence),
        **results_of(comparison, run_id),
        run_by=None if isinstance(by, System) else by,
        finished_at=clock.now(),
    )
    take_in(run)
    record("reconciliation.run", by=by, obj=run, client=client_of(comparison), after=summary_of(run))
    return run


def next_run_id() -> int:
    """Take the id the run will have: its findings are written before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('reconciliation_run', 'id'))")
        return int(cursor.fetchone()[0])


def facts_of(comparison: Comparison, evidence: Evidence) -> dict[str, Any]:
    partial = " ".join(filter(None, [mirror_gap(comparison), evidence.partial_because]))
    return {
        "source": comparison.source,
        "ledger": comparison.ledger,
        "window_from": comparison.window.start,
        "window_to": comparison.window.end,
        "client": comparison.client,
        "started_at": comparison.started_at,
        "mirror_read_to": comparison.read_to,
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
    findings = Finding.objects.filter(run_id=run_id).order_by()
    return {
        "counts": dict(Counter(findings.values_list("verdict", flat=True).iterator())),
        "ours_count": findings.filter(operation__isnull=False).count(),
        "theirs_count": findings.filter(order_id__isnull=False).count(),
        "trades_count": count_trades_left_out(comparison, run_id=run_id),
        "totals": [total.as_json() for total in totals_of(run_id)],
        "digest": digest_of(run_id),
    }


def client_of(comparison: Comparison) -> str:
    return comparison.client.partner_client_id if comparison.client else ""


def summary_of(run: Run) -> dict[str, Any]:
    """What the audit log keeps of a run."""
    return {
        "run": run.pk,
        "window_from": run.window_from,
        "window_to": run.window_to,
        "is_complete": run.is_complete,
        "counts": run.counts,
        "totals": run.totals,
        "digest": run.digest,
    }

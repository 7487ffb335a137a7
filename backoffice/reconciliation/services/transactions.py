"""Check what Bitnob says against itself: every transaction, and every account's balance. Nothing here moves money."""

from collections import Counter

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor, System
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.registry import registered
from backoffice.mirror.runs import AlreadyRunning, last_complete
from backoffice.reconciliation.balances.digest import digest_of
from backoffice.reconciliation.bitnob.accounts import prove_accounts
from backoffice.reconciliation.bitnob.checking import counts_of, find_faults
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import Run, Source, Verdict
from backoffice.reconciliation.policies import check_can_reconcile
from backoffice.reconciliation.services.writing import make_room, next_run_id, summary_of
from backoffice.transactions.models import Transaction
from backoffice.worker.stopping import Stopping


def read_bitnob() -> None:
    """Bring both mirrors of Bitnob up to date: first the balances, then the list, so that it reaches past them.

    Whoever was asked to stop checks what is read: nobody goes on with the job.
    """
    for mirror in (Mirror.BITNOB_BALANCES, Mirror.TRANSACTIONS):
        try:
            registered()[mirror]()
        except (AlreadyRunning, Stopping):
            continue


@transaction.atomic
def check_transactions(*, by: Actor) -> Run:
    """Test every mirrored transaction and prove every account, and keep what was found as a run.

    :raises Refused: for people who may only read.
    """
    check_can_reconcile(by)
    make_room()
    started_at, read, run_id = clock.now(), last_complete(Mirror.TRANSACTIONS), next_run_id()
    find_faults(run_id=run_id, now=started_at)
    accounts = prove_accounts(run_id=run_id, read_to=read.read_to if read else None)
    counts = counts_of(run_id)
    held = counts.total()
    partial = why_partial(read)
    run = Run.objects.create(
        id=run_id,
        source=Source.TRANSACTIONS,
        window_from=Transaction.objects.aggregate(first=Min("created_at"))["first"] or started_at,
        window_to=started_at,
        run_by=None if isinstance(by, System) else by,
        started_at=started_at,
        finished_at=clock.now(),
        mirror_read_to=read.read_to if read else None,
        is_complete=not partial,
        incomplete_because=partial,
        ours_count=0,
        theirs_count=held,
        partner_total=read.rows_reported if read else None,
        counts=dict(counts + not_even(accounts)),
        totals=[],
        digest=digest_of(run_id),
    )
    take_in(run)
    record("reconciliation.transactions_checked", by=by, obj=run, after=summary_of(run))
    return run


def not_even(accounts: Counter[str]) -> Counter[str]:
    """The accounts a person has to know of; those that came out even are no transactions."""
    return Counter({word: count for word, count in accounts.items() if word != Verdict.MATCHED})


def why_partial(read: SyncRun | None) -> str:
    """Say in a sentence that the list was not read to its end; empty when it was."""
    if read is None:
        return _("Bitnob's transactions have never been read to their end, so nothing can be proven.")
    return ""

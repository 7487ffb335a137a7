"""Check what Bitnob says against itself: every transaction, and every account's balance. Nothing here moves money."""

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.actors import Actor, System
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.queries import freshness_of
from backoffice.mirror.registry import registered
from backoffice.mirror.runs import AlreadyRunning, last_complete
from backoffice.partner.fields import text_for_people
from backoffice.reconciliation.balances.digest import digest_of
from backoffice.reconciliation.bitnob.accounts import left_out, prove_accounts
from backoffice.reconciliation.bitnob.checking import counts_of, find_faults
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import Run, Source, Verdict
from backoffice.reconciliation.policies import check_can_reconcile
from backoffice.reconciliation.services.writing import make_room, next_run_id, summary_of, wait_for_turn
from backoffice.transactions.models import Transaction
from backoffice.ui import times
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
    wait_for_turn(Source.TRANSACTIONS)
    started_at, run_id = clock.now(), next_run_id()
    read, balances = last_complete(Mirror.TRANSACTIONS), last_complete(Mirror.BITNOB_BALANCES)
    answered_at = balances.started_at if balances else None
    find_faults(run_id=run_id, now=started_at)
    accounts = prove_accounts(run_id=run_id, read_to=read.read_to if read else None, answered_at=answered_at)
    counts = counts_of(run_id)
    held = counts.total()
    partial = why_partial(read, balances)
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


def why_partial(read: SyncRun | None, balances: SyncRun | None) -> str:
    """Say in sentences what the check could not know of Bitnob; empty when it saw everything.

    :param read: the newest complete reading of the transactions, None if there is none.
    :param balances: that of the balances.
    """
    return " ".join(filter(None, (why_list_is_old(read), why_balances_are_old(balances), why_unproven(balances))))


def why_list_is_old(read: SyncRun | None) -> str:
    if read is None or read.read_to is None:
        return _("Bitnob's transactions have never been read to their end, so nothing can be proven.")
    return why_old(
        Mirror.TRANSACTIONS, read.read_to, _("Bitnob's transactions were last read to their end %(age)s ago.")
    )


def why_balances_are_old(balances: SyncRun | None) -> str:
    if balances is None:
        return _("Bitnob's balances have never been read, so no account can be proven.")
    return why_old(Mirror.BITNOB_BALANCES, balances.started_at, _("Bitnob's balances were last read %(age)s ago."))


def why_old(mirror: Mirror, read_to: datetime, sentence: str) -> str:
    """Give the age of what a mirror holds, and its trouble; empty while it is fresh and its newest run met none."""
    newest, age = freshness_of(mirror), clock.now() - read_to
    if age < times.STALE_AFTER and not newest.is_troubled:
        return ""
    said = sentence % {"age": times.age(age.total_seconds())}
    return f"{said} {newest.sentence}" if newest.is_troubled else said


def why_unproven(balances: SyncRun | None) -> str:
    currencies = left_out(balances.started_at) if balances else []
    if not currencies:
        return ""
    said = ngettext(
        "Bitnob's newest answer leaves out %(n)s account it named before (%(currencies)s), so what that holds is not"
        " proven.",
        "Bitnob's newest answer leaves out %(n)s accounts it named before (%(currencies)s), so what those hold is not"
        " proven.",
        len(currencies),
    )
    named = text_for_people(", ".join(sorted(set(currencies))))
    return said % {"n": f"{len(currencies):,}", "currencies": named}

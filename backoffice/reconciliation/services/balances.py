"""Prove the balances of clients, and have them read afresh before. Nothing here moves money."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.actors import Actor, System
from backoffice.audit.services import record
from backoffice.clients.models import BalanceReading, Client
from backoffice.clients.services import read_balances
from backoffice.database import clock
from backoffice.mirror.models import Mirror
from backoffice.mirror.runs import last_complete
from backoffice.orders.models import COMPLETED, Order
from backoffice.reconciliation.balances.digest import digest_of
from backoffice.reconciliation.balances.proving import assets_moved, prove
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import BalanceProof, Run, Source
from backoffice.reconciliation.policies import check_can_reconcile
from backoffice.reconciliation.services.writing import make_room, next_run_id, summary_of, wait_for_turn
from backoffice.worker.stopping import stop_if_asked

#: So many clients are asked for at a time, one request each: a minute where an answer takes 0.6 s.
MOST_READ: Final = 100
#: A balance that was read since then is young enough to be proven.
YOUNG: Final = timedelta(hours=6)
#: A reading older than this is no proof of today: its turn came after six hours, and has not been taken in six more.
LATE: Final = 2 * YOUNG
READER: Final = System("Balances")
READINGS: Final = BalanceReading.objects.filter(client=OuterRef("pk"))
NEVER_READ: Final = ~Q(Exists(READINGS))


def read_afresh(*, by: Actor = READER, most: int = MOST_READ) -> int:
    """Read the balances of clients with orders that were never read, or not of late; return how many were read.

    Who is asked is drawn by lot in every round. Clients whom CoinMENA refuses stay to be read for ever: asked in the
    order of their readings they would come before all others, and a hundred of them would be the whole of each round.

    A client whose own balances cannot be had is passed over. The round ends where nobody's can be had.

    :raises Refused: for people on whose behalf CoinMENA is not asked.
    :raises Stopping: when this process was asked to stop; the next round goes on likewise.
    """
    read = 0
    for client in to_be_read().order_by("?")[:most]:
        stop_if_asked()
        answer = read_balances(client, by, moved=assets_moved(client.partner_client_id))
        if answer.concerns_all:
            break
        read += answer.is_fresh
    return read


def to_be_read() -> QuerySet[Client]:
    """Clients whose balances can have moved and were not read of late, or never."""
    return with_orders().filter(NEVER_READ | read_before(clock.now() - YOUNG))


def read_before(moment: datetime) -> Q:
    """Whose balances were read, and not since ``moment``."""
    return Q(Exists(READINGS.filter(read_at__lt=moment)))


def with_orders() -> QuerySet[Client]:
    """Clients for whom an order has completed."""
    completed = Order.objects.filter(partner_client_id=OuterRef("partner_client_id"), status=COMPLETED)
    return Client.objects.defer("raw").filter(Exists(completed))


@transaction.atomic
def prove_balances(*, by: Actor) -> Run:
    """Prove the balance of every client in every asset as it was last read, and keep the proofs as a run.

    :raises Refused: for people who may only read.
    """
    check_can_reconcile(by)
    make_room()
    wait_for_turn(Source.BALANCES)
    started_at, read, run_id = clock.now(), last_complete(Mirror.ORDERS), next_run_id()
    read_to = read.read_to if read else None
    counts = prove(run_id=run_id, read_to=read_to)
    proofs = BalanceProof.objects.filter(run_id=run_id)
    partial = why_partial(started_at, is_read=read_to is not None)
    run = Run.objects.create(
        id=run_id,
        source=Source.BALANCES,
        window_from=proofs.aggregate(first=Min("opened_at"))["first"] or started_at,
        window_to=started_at,
        run_by=None if isinstance(by, System) else by,
        started_at=started_at,
        finished_at=clock.now(),
        mirror_read_to=read_to,
        is_complete=not partial,
        incomplete_because=partial,
        ours_count=0,
        theirs_count=counts.total(),
        counts=dict(counts),
        totals=[],
        digest=digest_of(run_id),
    )
    take_in(run)
    record("reconciliation.balances_proven", by=by, obj=run, after=summary_of(run))
    return run


def why_partial(now: datetime, *, is_read: bool) -> str:
    """Say in sentences what could not be proven as it is now; empty when everything could be."""
    if not is_read:
        return _("CoinMENA's orders have never been read to their end, so nothing can be proven.")
    never, late = (with_orders().filter(those).count() for those in (NEVER_READ, read_before(now - LATE)))
    return " ".join(filter(None, [said_never_read(never), said_late(late)]))


def said_never_read(count: int) -> str:
    """Say how many clients have no balances that could be proven; empty for none."""
    if not count:
        return ""
    said = ngettext(
        "The balances of %(n)s client with orders were never read.",
        "The balances of %(n)s clients with orders were never read.",
        count,
    )
    return said % {"n": f"{count:,}"}


def said_late(count: int) -> str:
    """Say of how many clients only old balances could be proven; empty for none."""
    if not count:
        return ""
    said = ngettext(
        "The balances of %(n)s client with orders were last read more than %(hours)s hours ago.",
        "The balances of %(n)s clients with orders were last read more than %(hours)s hours ago.",
        count,
    )
    return said % {"n": f"{count:,}", "hours": LATE // timedelta(hours=1)}

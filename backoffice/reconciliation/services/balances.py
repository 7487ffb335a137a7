"""Prove the balances of clients, and have them read afresh before. Nothing here moves money."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery
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
from backoffice.reconciliation.balances.proving import prove
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import BalanceProof, Run, Source
from backoffice.reconciliation.policies import check_can_reconcile
from backoffice.reconciliation.services.writing import make_room, next_run_id, summary_of
from backoffice.worker.stopping import stop_if_asked

#: So many clients are read at a time, one request each: a minute where an answer takes 0.6 s.
MOST_READ: Final = 100
#: A balance that was read since then is young enough to be proven.
YOUNG: Final = timedelta(hours=6)
READER: Final = System("Balances")


def read_afresh(*, by: Actor = READER, most: int = MOST_READ) -> int:
    """Read the balances of clients with orders that were never read, or longest ago; return how many were read.

    Stops at the first client CoinMENA does not answer for: the next round goes on from there.

    :raises Refused: for people on whose behalf CoinMENA is not asked.
    :raises Stopping: when this process was asked to stop; the next round goes on likewise.
    """
    read = 0
    for client in to_be_read()[:most]:
        stop_if_asked()
        if not read_balances(client, by).is_fresh:
            break
        read += 1
    return read


def to_be_read() -> QuerySet[Client]:
    """Clients whose balances can have moved and were not read of late, the never read ones first."""
    readings = BalanceReading.objects.filter(client=OuterRef("pk")).order_by().values("client")
    return (
        with_orders()
        .annotate(balances_read_at=Subquery(readings.annotate(oldest=Min("read_at")).values("oldest")))
        .filter(Q(balances_read_at=None) | Q(balances_read_at__lt=clock.now() - YOUNG))
        .order_by(F("balances_read_at").asc(nulls_first=True), "pk")
    )


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
    started_at, read, run_id = clock.now(), last_complete(Mirror.ORDERS), next_run_id()
    read_to = read.read_to if read else None
    counts = prove(run_id=run_id, read_to=read_to)
    proofs = BalanceProof.objects.filter(run_id=run_id)
    never_read = with_orders().exclude(Exists(BalanceReading.objects.filter(client=OuterRef("pk")))).count()
    partial = why_partial(never_read, is_read=read_to is not None)
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


def why_partial(never_read: int, *, is_read: bool) -> str:
    """Say in a sentence what could not be proven at all; empty when everything could be."""
    if not is_read:
        return _("CoinMENA's orders have never been read to their end, so nothing can be proven.")
    if never_read:
        said = ngettext(
            "The balances of %(n)s client with orders were never read.",
            "The balances of %(n)s clients with orders were never read.",
            never_read,
        )
        return said % {"n": f"{never_read:,}"}
    return ""

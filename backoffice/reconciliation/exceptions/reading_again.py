"""Ask the partner once more about one exception, and compare that one again: the answer may clear it.

The comparison is a run like any other, over the moments between our time and the order's, of that client. Transactions
of Bitnob and balances are tested as a whole each time, so there the one is read again and all of them are tested.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Client
from backoffice.clients.services.balances import read_balances
from backoffice.mirror.runs import AlreadyRunning
from backoffice.orders.models import Order
from backoffice.orders.services import NoSuchOrder, NotRead, look_up_order, reread_order
from backoffice.reconciliation.exceptions.queries import newest_finding
from backoffice.reconciliation.models import ExceptionItem, LedgerSource, Run, Source
from backoffice.reconciliation.services.balances import prove_balances
from backoffice.reconciliation.services.running import NotMade, reconcile
from backoffice.reconciliation.services.transactions import check_transactions
from backoffice.transactions.services import NotRead as NotReadAtBitnob
from backoffice.transactions.services import reread_transaction, sync_balances

#: Compares what one exception is about once more; returns the run.
Comparing = Callable[[ExceptionItem, Person], Run]
#: The smallest step of a half-open window.
INSTANT: Final = timedelta(microseconds=1)

_comparing: dict[Source, Comparing] = {}


def register(source: Source, comparing: Comparing) -> None:
    """Have the exceptions of a source read again by ``comparing``; called from ``AppConfig.ready()``."""
    _comparing[source] = comparing


def read_and_compare(item: ExceptionItem, by: Person) -> Run:
    """Ask the partner about what the exception is about, and compare it again.

    :raises Conflict: when the partner cannot be asked, or the source is compared as a whole only.
    """
    comparing = _comparing.get(Source(item.source))
    if comparing is None:
        raise Conflict(_("This kind is compared as a whole only. Reconcile it again on its own page."))
    return comparing(item, by)


def an_order_again(item: ExceptionItem, by: Person) -> Run:
    """Read the order of an exception singly, and compare the two sides again.

    :raises Conflict: when CoinMENA cannot be asked, or the same moments are being compared by somebody else.
    """
    ask_for_order(item, by)
    start, end = moments_of(item)
    client = Client.objects.filter(partner_client_id=item.client).first()
    try:
        return reconcile(window_from=start, window_to=end, client=client, ledger=ledger_of(item), by=by)
    except NotMade as error:
        raise Conflict(str(error)) from error


def ledger_of(item: ExceptionItem) -> LedgerSource | None:
    """The ledger an exception is of, which its key names; None where ours are operations."""
    if item.source != Source.LEDGER:
        return None
    return LedgerSource.objects.get(pk=int(item.key.split(":")[1]))


def a_transaction_again(item: ExceptionItem, by: Person) -> Run:
    """Read a transaction again, or the accounts where it is about one, and check what Bitnob says anew.

    :raises Conflict: when Bitnob cannot be asked.
    """
    try:
        if item.transaction_id is None:
            sync_balances()
        else:
            reread_transaction(transaction_id=str(item.transaction_id), by=by)
    except AlreadyRunning as error:
        raise Conflict(_("Bitnob's accounts are being read this moment. Try again shortly.")) from error
    except NotReadAtBitnob as error:
        raise Conflict(str(error)) from error
    return check_transactions(by=by)


def a_balance_again(item: ExceptionItem, by: Person) -> Run:
    """Read the balances of the client again, and prove all that are known anew.

    :raises Conflict: when CoinMENA cannot be asked.
    """
    read = read_balances(Client.objects.get(partner_client_id=item.client), by)
    if read.sentence:
        raise Conflict(read.sentence)
    return prove_balances(by=by)


def ask_for_order(item: ExceptionItem, by: Person) -> None:
    """Mirror the order as it is now. That there is none is no failure: it is kept, and the run says what follows."""
    try:
        if item.order_id is None:
            look_up_order(text=item.reference, by=by)
        else:
            reread_order(order_id=item.order_id, by=by)
    except NoSuchOrder:
        return
    except NotRead as error:
        if item.order_id is not None:
            raise Conflict(str(error)) from error


def moments_of(item: ExceptionItem) -> tuple[datetime, datetime]:
    """The window that holds both sides of an exception, and as little else as can be."""
    finding = newest_finding(item)
    orders = Order.objects.filter(pk=item.order_id) if item.order_id else Order.objects.none()
    if item.reference:
        orders = orders | Order.objects.filter(partner_order_ref=item.reference)
    known = [item.at, *orders.values_list("created_at", flat=True)]
    if finding is not None and finding.our_at is not None:
        known.append(finding.our_at)
    return min(known), max(known) + INSTANT


register(Source.OPERATIONS, an_order_again)
register(Source.LEDGER, an_order_again)
register(Source.TRANSACTIONS, a_transaction_again)
register(Source.BALANCES, a_balance_again)

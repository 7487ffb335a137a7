"""Ask once more for what a copy follows before the copy is sent (docs/adr/0017).

An order may appear however late, and with the time at which it was asked for: no reading of a list promises to meet it
before somebody tries again what failed without it.
"""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction

from backoffice.database import clock
from backoffice.funding.models import Operation
from backoffice.funding.queries import attempts_that_left, chain_of
from backoffice.funding.services import late_orders
from backoffice.funding.services.lookups import look_up_at_once
from backoffice.funding.services.moving import locked
from backoffice.funding.services.recording import mirror_or_report
from backoffice.partner.coinmena import payloads

log = structlog.get_logger(__name__)


def ask_after_predecessors(operation_id: int, *, holder: str) -> bool:
    """Look up each operation that an operation follows and that may have left; False where CoinMENA gave no word of its
    own about one of them. An order that turns up is kept as what it is, and the claim goes by it."""
    return all(_is_heard_of(one, holder) for one in _that_left(operation_id))


def _that_left(operation_id: int) -> Iterable[Operation]:
    operation = Operation.objects.only("copy_of").get(pk=operation_id)
    if operation.copy_of_id is None:
        return []
    return [one for one in chain_of(operation).filter(pk__lt=operation_id) if attempts_that_left(one)]


def _is_heard_of(operation: Operation, holder: str) -> bool:
    asked_at = clock.now()
    lookup = look_up_at_once(operation.pk, operation.reference, holder)
    if lookup is None or not (lookup.order or lookup.is_credible_absence):
        log.warning("funding_copy_waits", reference=operation.reference, because="no word about the one before")
        return False
    if lookup.order is not None:
        _keep(operation.pk, lookup.order, asked_at)
    return True


def _keep(operation_id: int, order: payloads.Order, asked_at: datetime) -> None:
    with transaction.atomic():
        operation = locked(operation_id)
        mirror_or_report(order, asked_at)
        late_orders.notice(operation, order)

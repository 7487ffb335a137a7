"""Ask once more for what is to be followed by a copy, while the person who wants it waits (docs/adr/0017).

An order may appear however late, and with the time at which it was asked for: no reading of a list promises to meet it
before somebody tries again what failed without it.
"""

from datetime import datetime
from typing import Final

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.database import clock
from backoffice.funding.freezing.freezes import restored_at
from backoffice.funding.models import Operation
from backoffice.funding.queries import chain_of
from backoffice.funding.services import late_orders
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.lookups import look_up_at_once
from backoffice.funding.services.moving import locked
from backoffice.funding.services.recording import mirror_or_report
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.mirror.sentences import said_by
from backoffice.partner.coinmena import payloads
from backoffice.partner.coinmena.answers import OrderLookup
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.errors import PartnerError
from backoffice.worker.bells import DATABASE_TROUBLE

HOLDER: Final = "before copying"

log = structlog.get_logger(__name__)


class NotHeard(Exception):
    """CoinMENA gave no word of its own about what is to be followed. The text is fit for staff."""


def ask_after(original: Operation) -> None:
    """Look up an operation that is to be followed, and each that it follows itself, as far as they may have left.

    An order that turns up is kept as what it is and reported, and keeps the copy from being made.

    :raises NotHeard: where CoinMENA did not say of each whether there is an order of it.
    """
    try:
        client = for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS)
    except PartnerError as error:
        raise NotHeard(said_by(error)) from error
    restored = restored_at()
    for operation in chain_of(original).filter(pk__lte=original.pk):
        if _may_have_left(operation, client.environment, restored):
            _ask_after(operation, client)


def _may_have_left(operation: Operation, environment: str, restored: datetime | None) -> bool:
    """Tell whether a request for it may have reached ``environment``: it was free to be sent, and not elsewhere only;
    or a database that was set back later may have forgotten that it was."""
    if restored is not None and operation.requested_at <= restored:
        return True
    was_free = operation.approved_at is not None or operation.ungated_rule_version is not None
    environments = attempts_of(operation).environments
    return was_free and (not environments or environment in environments)


def _ask_after(operation: Operation, client: CoinmenaClient) -> None:
    asked_at = clock.now()
    lookup = _look_up(operation, client)
    order = None if lookup is None else lookup.order
    if order is not None and order.partner_order_ref == operation.reference:
        _keep(operation.pk, order, asked_at)
    elif lookup is None or not lookup.is_credible_absence:
        raise NotHeard(
            _("CoinMENA did not say whether it has an order of %(reference)s by now. Nothing was made: try again.")
            % {"reference": operation.reference}
        )


def _look_up(operation: Operation, client: CoinmenaClient) -> OrderLookup | None:
    try:
        return look_up_at_once(operation.pk, operation.reference, HOLDER, client)
    except DATABASE_TROUBLE:
        log.exception("funding_lookup_not_stored", reference=operation.reference)
        connection.close()
        return None


def _keep(operation_id: int, order: payloads.Order, asked_at: datetime) -> None:
    with transaction.atomic():
        operation = locked(operation_id)
        mirror_or_report(order, asked_at)
        late_orders.notice(operation, order)

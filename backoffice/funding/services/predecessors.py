"""Ask once more for what is to be followed by a copy, while the person who wants it waits (docs/adr/0017).

An order may appear however late, and with the time at which it was asked for: no reading of a list promises to meet it
before somebody tries again what failed without it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from backoffice.database import clock
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
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.errors import PartnerError

HOLDER: Final = "before copying"


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
    for operation in _that_may_have_left(original, client.environment):
        _ask_after(operation, client)


def _that_may_have_left(original: Operation, environment: str) -> Iterable[Operation]:
    """What was once free to be sent, whether a restored database knows of an attempt or not; of what was sent to
    another environment, this one says nothing."""
    was_free = Q(approved_at__isnull=False) | Q(ungated_rule_version__isnull=False)
    for one in chain_of(original).filter(was_free, pk__lte=original.pk):
        environments = attempts_of(one).environments
        if not environments or environment in environments:
            yield one


def _ask_after(operation: Operation, client: CoinmenaClient) -> None:
    asked_at = clock.now()
    lookup = look_up_at_once(operation.pk, operation.reference, HOLDER, client)
    if lookup is not None and lookup.order is not None:
        _keep(operation.pk, lookup.order, asked_at)
    elif lookup is None or not lookup.is_credible_absence:
        raise NotHeard(
            _("CoinMENA did not say whether it has an order of %(reference)s by now. Nothing was made: try again.")
            % {"reference": operation.reference}
        )


def _keep(operation_id: int, order: payloads.Order, asked_at: datetime) -> None:
    with transaction.atomic():
        operation = locked(operation_id)
        mirror_or_report(order, asked_at)
        late_orders.notice(operation, order)

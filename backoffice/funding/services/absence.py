"""When a "not found" is conclusive: the six conditions of reliability.md §6. Whatever cannot be met is not met.

Our clock is the database's, the partner's is its ``Date``; both must be past the bound.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, Min, OuterRef

from backoffice.database import clock
from backoffice.funding.models import Attempt, AttemptOutcome, LookupAnswer, Operation
from backoffice.funding.services.attempts import Attempts, attempts_of
from backoffice.funding.services.lookups import Heard, ask
from backoffice.funding.states import State
from backoffice.partner.coinmena.answers import OrderLookup
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.coinmena.payloads import Order, OrderStatus
from backoffice.partner.errors import PartnerError

MOST_PAGES: Final = 200
CONTROLS_ASKED: Final = 3
WINDOW_BEFORE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Conditions:
    """Which of the six hold. ``control`` is the known reference that answered; empty where none did.

    ``listed`` is the order, where the list shows it although the look-up did not.
    """

    envelope: bool = False
    environment: bool = False
    control: str = ""
    clocks: bool = False
    second: bool = False
    list_read: bool = False
    listed: Order | None = None

    @property
    def counts(self) -> bool:
        """Whether the "not found" counts at all: conditions 1 to 4."""
        return self.envelope and self.environment and bool(self.control) and self.clocks

    @property
    def may_send_again(self) -> bool:
        return self.counts and self.list_read

    @property
    def is_conclusive(self) -> bool:
        return self.may_send_again and self.second

    def as_json(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "listed"}


class FoundInList(Exception):
    """The order list shows an order that the look-up by its reference did not."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.partner_order_ref)
        self.order = order


def quarantine() -> timedelta:
    """Return Q: how long after its timestamp a request may still turn up at the partner."""
    return timedelta(seconds=settings.COINMENA_QUARANTINE_SECONDS)


def apart() -> timedelta:
    """Return how far apart two "not found" must be to be two."""
    return quarantine() / 5


def bound_of(attempts: Attempts) -> datetime:
    """Return the moment after which a "not found" begins to count: Q after the youngest timestamp that was signed."""
    return attempts.signed_until + quarantine()


def is_only_environment(environment: str, attempts: Attempts) -> bool:
    """Tell whether all attempts were sent to ``environment``: another partner's order is a 404 too."""
    return attempts.environments == {environment}


def glance(operation: Operation, heard: Heard, client: CoinmenaClient) -> Conditions:
    """Say which conditions hold as far as the answer itself tells; asks nothing more, so it never counts."""
    lookup = heard.lookup
    if lookup is None or lookup.order is not None:
        return Conditions()
    return _glance(attempts_of(operation), lookup, client)


def _glance(attempts: Attempts, lookup: OrderLookup, client: CoinmenaClient) -> Conditions:
    bound, date = bound_of(attempts), lookup.partner_date
    return Conditions(
        envelope=lookup.is_credible_absence,
        environment=is_only_environment(client.environment, attempts),
        clocks=date is not None and date > bound and clock.now() > bound,
    )


def weigh(operation: Operation, heard: Heard, client: CoinmenaClient, ask_until: float) -> Conditions:
    """Say which conditions hold for the "not found" in ``heard``; asks the partner for the control and the list.

    :param ask_until: in seconds of `clock.monotonic`. No request begins later: a conclusion needs the lease, and what
        nobody had the time to ask is not met.
    """
    lookup = heard.lookup
    if lookup is None or lookup.order is not None:
        return Conditions()
    attempts = attempts_of(operation)
    seen = _glance(attempts, lookup, client)
    if not (seen.envelope and seen.environment and seen.clocks):
        return seen
    bound, control = bound_of(attempts), positive_control(operation, client, ask_until)
    seen = replace(seen, control=control, second=_is_second(operation, bound, heard))
    try:
        return replace(seen, list_read=bool(control) and is_not_listed(operation, client, bound, ask_until))
    except FoundInList as found:
        return replace(seen, listed=found.order)


def positive_control(operation: Operation, client: CoinmenaClient, ask_until: float) -> str:
    """Return a completed reference of the same environment that answers now; empty where none is known or answers.

    The newest few are asked for: a partner that lost one of them still shows the others. One without any answer ends
    the asking, because the others would hang as well.
    """
    here = Attempt.objects.filter(operation=OuterRef("pk"), environment=client.environment)
    completed = Operation.objects.filter(Exists(here), state=State.COMPLETED)
    known = completed.exclude(pk=operation.pk).order_by("-ended_at", "-id").values_list("reference", flat=True)
    for reference in known[:CONTROLS_ASKED]:
        if clock.monotonic() > ask_until:
            break
        heard = ask(client, reference)
        if _is_shown(heard, reference):
            return reference
        if heard.lookup is None:
            break
    return ""


def _is_shown(heard: Heard, reference: str) -> bool:
    """Tell whether the partner itself, and not a cache, shows the completed order of a reference."""
    if heard.lookup is None or heard.lookup.order is None or not heard.lookup.exchange.is_fresh_word:
        return False
    order = heard.lookup.order
    return (order.partner_order_ref, order.status) == (reference, OrderStatus.COMPLETED)


def is_not_listed(operation: Operation, client: CoinmenaClient, bound: datetime, ask_until: float) -> bool:
    """Tell whether the client's order list, read to its end, does not hold the reference.

    The window ends at the bound, which is past, so no order can appear in it any more. A window in which nothing can
    lie, a list that does not add up or may come from a cache, a page that brings nothing new, a row that cannot be
    read, one that there was no time to read, or one that may be it but names no reference, is no proof.

    :raises FoundInList: when it does hold the reference.
    """
    began = _earliest_of(operation) - WINDOW_BEFORE
    if began >= bound:
        return False
    seen, number = set[int](), 0
    try:
        while number < MOST_PAGES and clock.monotonic() <= ask_until:
            number += 1
            page = client.orders(
                number,
                partner_client_id=operation.client.partner_client_id,
                from_datetime=began,
                to_datetime=bound,
            )
            for order in page.items:
                if order.partner_order_ref == operation.reference:
                    raise FoundInList(order)
            if not page.is_fresh_word or any(_may_be_it(order, operation) for order in page.items):
                return False
            new = {order.id for order in page.items} - seen
            seen |= new
            if page.is_last:
                return len(seen) == page.total and not page.unreadable
            if page.unreadable or not new:
                return False
    except PartnerError:
        return False
    return False


def _may_be_it(order: Order, operation: Operation) -> bool:
    """Tell whether an order that names no reference can be the operation's: a row may leave out any field."""
    is_unnamed = order.partner_order_ref is None and order.type == operation.kind
    amounts = [amount for amount in (order.debit, order.credit) if amount]
    return is_unnamed and (not amounts or operation.amount in amounts)


def _earliest_of(operation: Operation) -> datetime:
    """Return the earliest moment at which a request of the operation can have been made, whichever clock tells it.

    A claim that was written while the database's clock ran ahead lies after its own request. What its request was
    signed with does not: another clock told it. Of an attempt that nobody knows the signature of, only when the
    operation was asked for is certain, which can be many pages of orders earlier.
    """
    made = operation.attempts.aggregate(claimed=Min("claimed_at"), signed=Min("outcomes__signed_at"))
    looked = operation.lookups.aggregate(first=Min("asked_at"))
    told: list[datetime] = [moment for moment in (*made.values(), *looked.values()) if moment is not None]
    is_signed = Exists(AttemptOutcome.objects.filter(attempt=OuterRef("pk"), signed_at__isnull=False))
    if operation.attempts.exclude(is_signed).exists():
        told.append(operation.requested_at)
    return min(told, default=operation.requested_at)


def first_counted(operation: Operation, bound: datetime) -> LookupAnswer | None:
    """Return the first "not found" past the bound that met conditions 1 to 4."""
    answers = LookupAnswer.objects.filter(lookup__operation=operation, counts=True, partner_date__gt=bound)
    return answers.order_by("recorded_at", "id").first()


def _is_second(operation: Operation, bound: datetime, heard: Heard) -> bool:
    first = first_counted(operation, bound)
    date = heard.lookup.partner_date if heard.lookup else None
    if first is None or first.partner_date is None or date is None:
        return False
    return date - first.partner_date >= apart() and clock.now() - first.recorded_at >= apart()

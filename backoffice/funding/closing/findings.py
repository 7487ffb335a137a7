"""What the partner is known to hold under one reference: the facts two people close an operation by.

The mirror tells the orders; the last look-up that got a definite answer tells whether one was shown at all.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from backoffice.funding.closing.linked import LinkedOrder, orders_linked_to
from backoffice.funding.models import LookupAnswer, Operation
from backoffice.money import to_plain
from backoffice.orders.models import COMPLETED, TERMINAL_STATUSES, Order


@dataclass(frozen=True)
class Difference:
    """One field in which an order is not what was meant; ``theirs`` is empty where the partner says nothing."""

    field: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class FoundOrder:
    """One order under our reference, and every field in which it differs from what was meant.

    ``is_gone``: CoinMENA's list no longer has it, and it was not read singly since.
    """

    id: int
    status: str
    differences: tuple[Difference, ...]
    is_taken: bool
    is_gone: bool = False

    @property
    def is_completed(self) -> bool:
        return self.status == COMPLETED

    @property
    def is_final(self) -> bool:
        return self.status in TERMINAL_STATUSES

    @property
    def may_close(self) -> bool:
        """Whether an operation can be booked with it: completed, and the order of no other operation."""
        return self.is_completed and not self.is_taken


@dataclass(frozen=True)
class Findings:
    """All orders under one reference, what the last definite look-up answered (None: there was none), and the orders of
    other references that people linked to it."""

    orders: tuple[FoundOrder, ...]
    is_shown: bool
    looked_up_at: datetime | None
    linked: tuple[LinkedOrder, ...] = ()

    @property
    def completed(self) -> tuple[FoundOrder, ...]:
        return tuple(order for order in self.orders if order.is_completed and not self._is_missed(order))

    @property
    def closable(self) -> tuple[FoundOrder, ...]:
        return tuple(order for order in self.completed if order.may_close)

    @property
    def unfinished(self) -> tuple[FoundOrder, ...]:
        return tuple(order for order in self.orders if not order.is_final and not self._is_missed(order))

    @property
    def is_shown_but_not_held(self) -> bool:
        """Whether a look-up showed an order that the mirror could not take, so that nothing can be said of it."""
        return self.is_shown and not self.orders

    @property
    def has_vanished(self) -> bool:
        """Whether the mirror holds an order that the last look-up no longer found."""
        return bool(self.orders) and not self.is_shown and self.looked_up_at is not None

    @property
    def stands(self) -> bool:
        """Whether the partner holds an order by all that is known: seen by an answer, a look-up or the list, and not
        missed since."""
        return self.is_shown or (bool(self.orders) and not self.has_vanished)

    def _is_missed(self, order: FoundOrder) -> bool:
        """Whether CoinMENA says in both ways that it has this order no more: a list that leaves it out frees nothing by
        itself, and neither does one look-up."""
        return order.is_gone and self.has_vanished

    def order(self, order_id: int | None) -> FoundOrder | None:
        return next((order for order in self.orders if order.id == order_id), None)

    def as_json(self) -> dict[str, Any]:
        """Return what a decision is bound to: the same for as long as nothing new is known."""
        linked = {"linked": [asdict(order) for order in self.linked]} if self.linked else {}
        return {"orders": [_as_json(order) for order in self.orders], "is_shown": self.is_shown, **linked}


def findings_of(operation: Operation) -> Findings:
    """Read what is known now under the operation's reference."""
    orders = Order.objects.defer("raw").filter(partner_order_ref=operation.reference).order_by("id")
    answers = LookupAnswer.objects.filter(lookup__operation=operation, found__isnull=False)
    last = answers.order_by("id").last()  # by id: a moment may lie ahead, written while the clock ran ahead
    return Findings(
        orders=tuple(_found(operation, order) for order in orders),
        is_shown=bool(last and last.found),
        looked_up_at=last.recorded_at if last else None,
        linked=tuple(orders_linked_to(operation)),
    )


def _found(operation: Operation, order: Order) -> FoundOrder:
    taken = Operation.objects.filter(partner_order_id=order.pk).exclude(pk=operation.pk).exists()
    return FoundOrder(order.pk, order.status, tuple(differences(operation, order)), taken, order.is_gone)


def _as_json(order: FoundOrder) -> dict[str, Any]:
    """Name ``is_gone`` only where it is so: what was asked before anybody knew of it stays bound to the same."""
    return {name: value for name, value in asdict(order).items() if name != "is_gone" or value}


def differences(operation: Operation, order: Order) -> list[Difference]:
    """List every field of ``order`` that is not what ``operation`` meant, the amount on the wrong side included."""
    booked, asset, opposite = _sides(operation, order)
    compared = [
        Difference("type", str(operation.kind), order.type),
        Difference("client", operation.client.partner_client_id, order.partner_client_id),
        Difference("asset", operation.asset_id, asset),
        Difference("amount", to_plain(operation.amount), _plain(booked)),
    ]
    found = [one for one in compared if one.ours != one.theirs]
    if booked is not None and booked == operation.amount:
        found = [one for one in found if one.field != "amount"]  # the same amount with other zeros is the same amount
    if opposite:
        found.append(Difference("opposite", "0", to_plain(opposite)))
    return found


def _sides(operation: Operation, order: Order) -> tuple[Decimal | None, str, Decimal | None]:
    """Return amount, asset and the other side's amount: a deposit stands in ``debit``, a withdrawal in ``credit``."""
    if operation.is_deposit:
        return order.debit, order.debit_asset_id or "", order.credit
    return order.credit, order.credit_asset_id or "", order.debit


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else to_plain(amount)

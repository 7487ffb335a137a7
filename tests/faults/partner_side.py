"""What a schedule makes happen at the partner, beside what our own requests do there."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.coinmena.records import Client as PartnerClient
from backoffice.sandbox.coinmena.records import Order, funding_draft
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID, OTHER_PARTNER_ID
from backoffice.sandbox.messages import Request
from tests.faults.wire import Line, LineFault

#: From a request's signature until its order can be seen, at most: late landing, lag of look-ups and error of clocks
#: together. Longer than Q + Q/5 nobody can tell such an order from none, and that is the partner's promise (docs).
LONGEST_DELAY_SECONDS: Final = 350.0


@dataclass
class PartnerSide:
    """The sandbox and the line to it, as a schedule moves them."""

    sandbox: Sandbox
    line: Line
    _altered: list[Order] = field(default_factory=list)
    _delay_left: float = LONGEST_DELAY_SECONDS

    def begin(self) -> None:
        """Forget the last schedule. What it altered is put back, so that any completed order is a control again."""
        for order in self._altered:
            self.sandbox.ledger.change_order(order)
        self._altered.clear()
        self._delay_left = LONGEST_DELAY_SECONDS

    def faults_off(self) -> Counter[str]:
        """End everything that goes wrong there or on the way, and return what of it struck, by row of the table."""
        fired = Counter[str]()
        for rule in self.sandbox.faults.rules():
            if rule.label and rule.fired:
                fired[rule.label] += rule.fired
        for fault in self.line.faults:
            if fault.fired:
                fired[fault.name] += fault.fired
        self.sandbox.faults.clear()
        self.sandbox.come_up()
        self.sandbox.clock.offset_seconds = 0.0
        self.line.faults.clear()
        return fired

    def register(self, client: str, balance: str, asset: str) -> None:
        """Open somebody's account, with something to withdraw; at the other partner too, so that what is sent with its
        key would be carried out."""
        for partner in (COINMENA_PARTNER_ID, OTHER_PARTNER_ID):
            self.sandbox.directory.add_client(partner, PartnerClient(client))
            self.sandbox.ledger.adjust(partner=partner, client=client, asset=asset, change=Decimal(balance), held=None)

    def break_line(self, name: str, how: str, fits: Callable[[Request], bool], times: int = 1) -> None:
        """Have the line itself fail; ``how`` as in `wire.LineFault`."""
        self.line.faults.append(LineFault(name, how, fits, times))

    def delayed_by(self, seconds: float) -> float:
        """Return how much of a delay may still be made, and count it: see `LONGEST_DELAY_SECONDS`."""
        seconds = min(seconds, self._delay_left)
        self._delay_left -= seconds
        return seconds

    def place_order(self, client: str, kind: str, asset: str, amount: str, *, reference: str | None) -> int:
        """Book an order that no request of ours made, and return its id. :raises InsufficientFunds, ReferenceTaken:"""
        draft = funding_draft(
            partner=COINMENA_PARTNER_ID,
            client=client,
            type=kind,
            asset=asset,
            amount=amount,
            reference=reference,
            created_at=self.sandbox.clock.microseconds(),
        )
        self.sandbox.ledger.check_funds(draft)
        return self.sandbox.ledger.place(draft).id

    def holds_any(self, references: list[str]) -> bool:
        """Tell whether an order stands in our books under any of these references."""
        return any(self.sandbox.ledger.order_by_reference(COINMENA_PARTNER_ID, one) for one in references)

    def alter_order(self, reference: str, changes: dict[str, Any]) -> bool:
        """Have the partner change, or hide, an order; False where there is none under this reference."""
        order = self.sandbox.ledger.order_by_reference(COINMENA_PARTNER_ID, reference)
        if order is not None:
            self._altered.append(order)
            self.sandbox.ledger.change_order(order, **changes)
        return order is not None

"""What an order does to the client: the one place that knows which side of the partner's books is which.

``debit`` and ``credit`` are CoinMENA's books (coinmena.md §9.2): a deposit stands in ``debit``, a withdrawal in
``credit``; a trade pays ``debit`` and receives ``credit``. Everything here is signed from the client's side. The
generated columns ``effect_amount`` and ``effect_asset_id`` say the same in SQL; a property test holds both together.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.money import Money, format_amount
from backoffice.orders.models import COMPLETED, TERMINAL_STATUSES, Kind


class Outcome(StrEnum):
    """Whether the effect took place."""

    HAPPENED = "happened"
    REFUSED = "refused"
    OPEN = "open"


#: What became of the client's balance, by kind and outcome. Trades take the amount that was traded.
WORDS: dict[Kind, dict[Outcome, Promise]] = {
    Kind.DEPOSIT: {
        Outcome.HAPPENED: _("Deposited"),
        Outcome.REFUSED: _("Not deposited"),
        Outcome.OPEN: _("Not deposited yet"),
    },
    Kind.WITHDRAWAL: {
        Outcome.HAPPENED: _("Withdrawn"),
        Outcome.REFUSED: _("Not withdrawn"),
        Outcome.OPEN: _("Not withdrawn yet"),
    },
    Kind.BUY: {
        Outcome.HAPPENED: _("Bought"),
        Outcome.REFUSED: _("Not bought"),
        Outcome.OPEN: _("Not bought yet"),
    },
    Kind.SELL: {
        Outcome.HAPPENED: _("Sold"),
        Outcome.REFUSED: _("Not sold"),
        Outcome.OPEN: _("Not sold yet"),
    },
}
UNKNOWN = _("Not known")


class PartnerBooks(Protocol):
    """The fields of an order an effect is read from."""

    @property
    def type(self) -> str: ...

    @property
    def status(self) -> str: ...

    @property
    def debit(self) -> Decimal | None: ...

    @property
    def debit_asset_id(self) -> str | None: ...

    @property
    def credit(self) -> Decimal | None: ...

    @property
    def credit_asset_id(self) -> str | None: ...


@dataclass(frozen=True)
class Effect:
    """What an order does, or would have done, to the client's balances.

    `amount` is what was funded, or paid and received in money by a trade, signed from the client's side; None where the
    partner left it out or the type is not one we know. `other` is the asset a trade was about, signed likewise.
    """

    kind: Kind | None
    amount: Money | None
    other: Money | None
    outcome: Outcome

    @property
    def has_happened(self) -> bool:
        """Whether the client's balance has changed by it."""
        return self.outcome is Outcome.HAPPENED

    @property
    def words(self) -> str:
        """The effect in words: "Deposited", "Not withdrawn", "Bought 0.015 BTC"."""
        if self.kind is None:
            return str(UNKNOWN)
        said = str(WORDS[self.kind][self.outcome])
        if self.other is None:
            return said
        return f"{said} {format_amount(self.other.amount.copy_abs())} {self.other.asset}"


def effect_of(order: PartnerBooks) -> Effect:
    """Turn the partner's books into the effect on the client."""
    kind = Kind(order.type) if order.type in Kind.values else None
    taken, given = money(order.debit, order.debit_asset_id), money(order.credit, order.credit_asset_id)
    amount, other = sides(kind, taken, given)
    return Effect(kind, amount, other, outcome_of(order.status))


def sides(kind: Kind | None, debit: Money | None, credit: Money | None) -> tuple[Money | None, Money | None]:
    """Sign the two sides of the partner's books for the client: first the money, then what a trade was about."""
    match kind:
        case Kind.DEPOSIT:
            return debit, None
        case Kind.WITHDRAWAL:
            return negated(credit), None
        case Kind.BUY:
            return negated(debit), credit
        case Kind.SELL:
            return credit, negated(debit)
    return None, None


def outcome_of(status: str) -> Outcome:
    """Read a status: a word we do not know is an order that is still open."""
    if status == COMPLETED:
        return Outcome.HAPPENED
    return Outcome.REFUSED if status in TERMINAL_STATUSES else Outcome.OPEN


def money(amount: Decimal | None, asset_id: str | None) -> Money | None:
    return None if amount is None else Money(amount, asset_id or "")


def negated(amount: Money | None) -> Money | None:
    return None if amount is None else -amount

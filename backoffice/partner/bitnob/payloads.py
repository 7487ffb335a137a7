"""What Bitnob says, typed. Amounts are whole numbers of the currency's smallest unit, with a sign."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator

from backoffice.partner.fields import Day, Identifier, Instant, Payload, SmallestUnits, Text
from backoffice.partner.strict_json import storable

_SIDES: Final = {"credit": 1, "debit": -1}


class TransactionState(StrEnum):
    """The documented states; a transaction's own `state` is text, because the list may grow."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SETTLED = "SETTLED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"


TERMINAL_STATES: Final = frozenset({TransactionState.SETTLED, TransactionState.FAILED, TransactionState.REVERSED})

#: Empty and null both say "none" (https://www.bitnob.dev/api-reference/transactions, `trade_id`, `idempotency_key`).
OptionalIdentifier = Annotated[Identifier | None, BeforeValidator(lambda value: None if value == "" else value)]
Metadata = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else storable(value)[0])]


class Transaction(Payload):
    """https://www.bitnob.dev/api-reference/transactions: `transaction_id` is the only key; references repeat.

    A negative `amount` is a debit. The `_formatted` texts are for people and never read. `metadata` is storable as it
    stands; what the partner sent to the byte is in `raw`.
    """

    transaction_id: Identifier
    account_number: Identifier | None = None
    currency: Identifier
    type: Identifier
    state: Identifier
    amount: SmallestUnits
    fee: SmallestUnits | None = None
    reference: OptionalIdentifier = None
    idempotency_key: OptionalIdentifier = None
    trade_id: OptionalIdentifier = None
    metadata: Metadata = Field(default_factory=dict)
    created_at: Instant
    updated_at: Instant | None = None
    value_date: Day | None = None
    amount_formatted: Text | None = None
    fee_formatted: Text | None = None
    side: Text | None = None

    @property
    def is_terminal(self) -> bool:
        """True once the partner promises not to change it, bar a reversal after settlement."""
        return self.state in TERMINAL_STATES

    @property
    def is_simulated(self) -> bool:
        """True for a sandbox deposit, which is no money."""
        return self.metadata.get("is_simulated") is True

    @property
    def side_agrees(self) -> bool:
        """True unless `side` contradicts the sign of `amount`; the sign decides, a contradiction is reported."""
        return _SIDES.get((self.side or "").lower(), 0) * self.amount >= 0


class AccountBalance(Payload):
    """One account of the list of balances; `account_number` alone names nothing, several currencies share it."""

    account_id: Identifier
    account_number: Identifier | None = None
    currency: Identifier
    ledger_balance: SmallestUnits
    available_balance: SmallestUnits
    ledger_balance_formatted: Text | None = None
    available_balance_formatted: Text | None = None
    created_at: Instant | None = None


class CurrencyBalance(Payload):
    """The balance of one currency, in either of the two shapes in use; `total` reads the one that is there."""

    account_number: Identifier | None = None
    company_id: Identifier | None = None
    currency: Identifier
    available_balance: SmallestUnits
    pending_balance: SmallestUnits | None = None
    total_balance: SmallestUnits | None = None
    ledger_balance: SmallestUnits | None = None
    as_of: Instant | None = None

    @model_validator(mode="after")
    def _has_a_total(self) -> "CurrencyBalance":
        if self.total_balance is None and self.ledger_balance is None:
            raise ValueError("neither total_balance nor ledger_balance")
        return self

    @property
    def total(self) -> SmallestUnits | None:
        """`total_balance`, or in the older shape `ledger_balance`; holds explain the gap to what is available."""
        return self.ledger_balance if self.total_balance is None else self.total_balance


class Identity(Payload):
    """https://docs.bitnob.com/api-reference/authentication, ``whoami``: who our credentials are, and where."""

    environment: Text
    client_id: Identifier | None = None
    client_name: Text | None = None
    active: bool | None = None
    active_company_id: Identifier | None = None
    auth_method: Text | None = None
    permissions: list[Text] | None = None

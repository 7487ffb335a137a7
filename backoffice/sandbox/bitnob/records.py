"""What Bitnob keeps, in the smallest unit of each currency, and how it writes it out."""

from dataclasses import dataclass, field
from typing import Any, Final

from backoffice.sandbox.clock import calendar_date, short_or_long_fraction
from backoffice.sandbox.messages import Json

#: Decimals between the smallest unit and the currency; anything else counts in the chain's own 18.
DECIMALS: Final = {"BTC": 8, "USDT": 6, "USDC": 6, "NGN": 2, "USD": 2, "ETH": 18}
STATES: Final = ("PENDING", "IN_PROGRESS", "SETTLED", "FAILED", "REVERSED")
#: Where a state may go (assumption B1).
MOVES: Final = {
    "PENDING": ("IN_PROGRESS", "SETTLED", "FAILED"),
    "IN_PROGRESS": ("SETTLED", "FAILED"),
    "SETTLED": ("REVERSED",),
    "FAILED": (),
    "REVERSED": (),
}
#: The words of the `status` filter, which are not those of `state` (assumption B2).
STATUS_FILTER: Final = {
    "pending": ("PENDING", "IN_PROGRESS"),
    "completed": ("SETTLED",),
    "failed": ("FAILED",),
    "reversed": ("REVERSED",),
}
ACCOUNT_NUMBER: Final = "7000000001"
COMPANY_ID: Final = "aaaaaaaa-0000-4000-8000-000000000001"


def formatted(units: int, currency: str) -> str:
    """Write units for people: no trailing zeros but at least one decimal, then the currency (`-10.0 USDT`)."""
    decimals = DECIMALS.get(currency, 18)
    digits = f"{abs(units):0{decimals + 1}d}"
    fraction = digits[-decimals:].rstrip("0") or "0"
    return f"{'-' if units < 0 else ''}{digits[:-decimals]}.{fraction} {currency}"


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One transaction. `amount` is negative for a debit; `side` is stored, because a partner may contradict itself."""

    transaction_id: str
    currency: str
    type: str
    state: str
    amount: int
    reference: str
    created_at: int
    updated_at: int
    side: str = ""
    fee: int = 0
    idempotency_key: str = ""
    trade_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    account_number: str = ACCOUNT_NUMBER

    @property
    def is_booked(self) -> bool:
        """Whether the amount stands in the ledger balance: a reversed one does, its `REVERSAL` row takes it back."""
        return self.state in ("SETTLED", "REVERSED")

    @property
    def hold(self) -> int:
        """What a debit on its way keeps from being available (assumption B12)."""
        is_open_debit = self.state in ("PENDING", "IN_PROGRESS") and self.amount < 0
        return self.fee - self.amount if is_open_debit else 0

    def list_json(self) -> Json:
        return self._json(self.amount)

    def detail_json(self) -> Json:
        """Count the fee into a debit's amount, as the partner's example by id does and its list does not."""
        return self._json(self.amount - self.fee if self.amount < 0 else self.amount)

    def _json(self, amount: int) -> Json:
        return {
            "transaction_id": self.transaction_id,
            "account_number": self.account_number,
            "currency": self.currency,
            "type": self.type,
            "state": self.state,
            "amount": str(amount),
            "fee": str(self.fee),
            "reference": self.reference,
            "idempotency_key": self.idempotency_key,
            "trade_id": self.trade_id,
            "metadata": self.metadata,
            "created_at": short_or_long_fraction(self.created_at),
            "updated_at": short_or_long_fraction(self.updated_at),
            "value_date": calendar_date(self.created_at),
            "amount_formatted": formatted(amount, self.currency),
            "fee_formatted": formatted(self.fee, self.currency),
            "side": self.side or ("Debit" if amount < 0 else "Credit"),
        }


@dataclass(frozen=True, kw_only=True)
class Account:
    """One currency's account with what is booked and what is on hold, in the smallest unit."""

    account_id: str
    currency: str
    ledger: int
    held: int
    created_at: int

    @property
    def available(self) -> int:
        return self.ledger - self.held

    def as_json(self) -> Json:
        """Write the account as `GET /api/balances` lists it."""
        return {
            "account_id": self.account_id,
            "account_number": ACCOUNT_NUMBER,
            "currency": self.currency,
            **self._figures(),
            "created_at": short_or_long_fraction(self.created_at),
        }

    def openapi_json(self) -> Json:
        """Write the newer of the two shapes of `GET /api/balances/{currency}`."""
        return {
            "account_number": ACCOUNT_NUMBER,
            "company_id": COMPANY_ID,
            "currency": self.currency,
            "available_balance": str(self.available),
            "pending_balance": str(self.held),
            "total_balance": str(self.ledger),
        }

    def older_json(self, now: int) -> Json:
        """Write the older shape, which the partner's command-line client reads."""
        return {
            "account_number": ACCOUNT_NUMBER,
            "company_id": COMPANY_ID,
            "currency": self.currency,
            **self._figures(),
            "as_of": short_or_long_fraction(now),
        }

    def _figures(self) -> dict[str, str]:
        return {
            "ledger_balance": str(self.ledger),
            "available_balance": str(self.available),
            "ledger_balance_formatted": formatted(self.ledger, self.currency),
            "available_balance_formatted": formatted(self.available, self.currency),
        }

"""What CoinMENA keeps, and how it writes it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, Inexact, InvalidOperation, Rounded
from typing import Final

from backoffice.sandbox.clock import whole_seconds
from backoffice.sandbox.messages import Json

#: Sums keep every digit or raise: the ledger is the oracle.
EXACT: Final = Context(prec=200, traps=[Inexact, Rounded, InvalidOperation])
ZERO: Final = "0E-8"
FUNDING_TYPES: Final = ("deposit", "withdrawal")
ORDER_TYPES: Final = (*FUNDING_TYPES, "buy", "sell")
FINAL_STATUSES: Final = ("completed", "failed", "rejected")
_NUMBER_PREFIXES: Final = {"deposit": "MND", "withdrawal": "MNW", "buy": "MNB", "sell": "MNS"}
_EIGHT_DECIMALS: Final = Decimal("1E-8")


def amount_text(amount: Decimal) -> str:
    """Write an amount as CoinMENA does: zero as `0E-8`, small ones in scientific notation."""
    return str(amount) if amount else ZERO


@dataclass(frozen=True)
class Asset:
    """An asset with its flags. `usd_rate` values balances in US dollars and is not published."""

    asset_id: str
    name: str
    type: str
    precision: int
    published: bool
    depositable: bool
    withdrawable: bool
    usd_rate: str = "1"

    def may_fund(self, order_type: str) -> bool:
        """Tell whether deposits (or withdrawals) of it are open; funding takes fiat only."""
        flag = self.depositable if order_type == "deposit" else self.withdrawable
        return self.type == "fiat" and self.published and flag

    def as_json(self) -> Json:
        return {
            "asset_id": self.asset_id,
            "name": self.name,
            "type": self.type,
            "precision": self.precision,
            "published": self.published,
            "depositable": self.depositable,
            "withdrawable": self.withdrawable,
        }


@dataclass(frozen=True)
class Client:
    """An end user of a partner. The names are optional, and may hold any text at all."""

    partner_client_id: str
    id: int = 0
    status: str = "verified"
    active: bool = True
    country_id: str = "bh"
    first_name: str | None = None
    last_name: str | None = None
    created_at: int = 0
    updated_at: int = 0

    def as_json(self) -> Json:
        names = {"first_name": self.first_name, "last_name": self.last_name}
        return {
            "id": self.id,
            "partner_client_id": self.partner_client_id,
            "status": self.status,
            "active": self.active,
            "country_id": self.country_id,
            **{key: name for key, name in names.items() if name is not None},
            "created_at": whole_seconds(self.created_at),
            "updated_at": whole_seconds(self.updated_at),
        }


@dataclass(frozen=True)
class Balance:
    """What a client holds of an asset, and what of it cannot be moved."""

    asset: Asset
    balance: Decimal = Decimal(0)
    held: Decimal = Decimal(0)

    @property
    def available(self) -> Decimal:
        return EXACT.subtract(self.balance, self.held)

    def as_json(self) -> Json:
        return {
            "asset_id": self.asset.asset_id,
            "balance": amount_text(self.balance),
            "available_balance": amount_text(self.available),
            "balance_usd": self._in_usd(self.balance),
            "available_balance_usd": self._in_usd(self.available),
        }

    def _in_usd(self, amount: Decimal) -> str:
        """Value an amount in US dollars, cut to eight decimals: a figure for display, in no ledger."""
        value = EXACT.multiply(amount, Decimal(self.asset.usd_rate))
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -8:
            value = value.quantize(_EIGHT_DECIMALS, rounding=ROUND_DOWN)
        return amount_text(value)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An order before it has an id.

    `debit` and `credit` follow CoinMENA's books: a deposit's amount is the debit, a withdrawal's the credit; in a
    trade the client pays the debit and receives the credit. A fee is part of these amounts, not on top of them.
    """

    partner: str
    client: str
    type: str
    status: str = "completed"
    source: str = "bank"
    debit: str | None = None
    debit_asset: str | None = None
    credit: str | None = None
    credit_asset: str | None = None
    fee: str = "0"
    fee_asset: str | None = None
    vat: str = "0"
    reference: str | None = None
    price: str | None = None
    created_at: int

    def effects(self) -> Iterator[tuple[str, Decimal]]:
        """Yield asset and change of every balance of the client that the order moves."""
        if self.status != "completed":
            return
        if self.debit is not None and self.debit_asset is not None:
            change = Decimal(self.debit)
            yield self.debit_asset, change if self.type == "deposit" else EXACT.minus(change)
        if self.credit is not None and self.credit_asset is not None:
            change = Decimal(self.credit)
            yield self.credit_asset, EXACT.minus(change) if self.type == "withdrawal" else change


@dataclass(frozen=True, kw_only=True)
class Order(Draft):
    """An order on the books. `stored_at` is when it came there; `created_at` is what it says of itself."""

    id: int
    transitioned_at: int
    updated_at: int
    stored_at: int

    @property
    def number(self) -> str:
        return f"{_NUMBER_PREFIXES[self.type]}{self.id:010d}"

    def full_json(self) -> Json:
        """Write every field, unused ones as null: the form of the creation answer."""
        return {
            "id": self.id,
            "order_no": self.number,
            "partner_client_id": self.client,
            "type": self.type,
            "source": self.source,
            "status": self.status,
            "credit": self.credit,
            "credit_asset_id": self.credit_asset,
            "debit": self.debit,
            "debit_asset_id": self.debit_asset,
            "fee": self.fee,
            "fee_asset_id": self.fee_asset,
            "vat": self.vat,
            "partner_order_ref": self.reference,
            "price": self.price,
            "created_at": whole_seconds(self.created_at),
            "transitioned_at": whole_seconds(self.transitioned_at),
            "updated_at": whole_seconds(self.updated_at),
        }

    def list_json(self) -> dict[str, Json]:
        """Write what the partner's list example shows; what is null is left out."""
        content = {
            "id": self.id,
            "partner_client_id": self.client,
            "type": self.type,
            "status": self.status,
            "debit": self.debit,
            "debit_asset_id": self.debit_asset,
            "credit": self.credit,
            "credit_asset_id": self.credit_asset,
            "partner_order_ref": self.reference,
            "price": self.price,
            "created_at": whole_seconds(self.created_at),
        }
        return {name: text for name, text in content.items() if text is not None}

    def lookup_json(self) -> dict[str, Json]:
        """Write what the partner's look-up example shows: the order number besides."""
        return {"id": self.id, "order_no": self.number, **self.list_json()}


def funding_draft(
    *,
    partner: str,
    client: str,
    type: str,
    asset: str,
    amount: str,
    reference: str | None,
    created_at: int,
    status: str = "completed",
) -> Draft:
    """Return a deposit or withdrawal with its amount on the side where CoinMENA books it."""
    side = "debit" if type == "deposit" else "credit"
    return Draft(
        partner=partner,
        client=client,
        type=type,
        status=status,
        fee_asset=asset,
        reference=reference,
        created_at=created_at,
        **{side: amount, f"{side}_asset": asset},
    )

"""What CoinMENA says, typed. Look-ups and lists leave out fields that a creation shows as null: both read as None."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from backoffice.partner.fields import Identifier, Instant, PartnerDecimal, Payload, RowNumber, Text

VERIFIED: Final = "verified"


class OrderKind(StrEnum):
    """The two kinds of order we create; an order's own `type` may also be a trade, or a word not known yet."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class OrderStatus(StrEnum):
    """The documented final statuses; an order's own `status` is text, because the list may grow."""

    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"


class Asset(Payload):
    """https://docs.coinmena.com/docs/funding: an asset without a flag cannot be used, so an absent flag is False."""

    asset_id: Identifier
    name: Text | None = None
    type: Text | None = None
    precision: Annotated[int, Field(ge=0, le=18)] | None = None
    published: bool = False
    depositable: bool = False
    withdrawable: bool = False


class Country(Payload):
    """A supported country; `id` is a short code such as ``bh``."""

    id: Identifier
    name: Text | None = None


class Client(Payload):
    """https://docs.coinmena.com/docs/clients: an end user of ours, registered under our partner account."""

    id: RowNumber | None = None
    partner_client_id: Identifier
    status: Text
    active: bool
    first_name: Text | None = None
    last_name: Text | None = None
    country_id: Text | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None

    @property
    def can_be_funded(self) -> bool:
        """True if verified and active; every other status counts as not eligible."""
        return self.status == VERIFIED and self.active


class Balance(Payload):
    """One asset of one client; `available_balance` is the one to check before a withdrawal."""

    asset_id: Identifier
    balance: PartnerDecimal
    available_balance: PartnerDecimal
    balance_usd: PartnerDecimal | None = None
    available_balance_usd: PartnerDecimal | None = None


class Order(Payload):
    """https://docs.coinmena.com/docs/orders: `debit` and `credit` are CoinMENA's books, not the client's side."""

    id: RowNumber
    order_no: Identifier | None = None
    partner_client_id: Identifier
    type: Identifier
    source: Text | None = None
    status: Identifier
    credit: PartnerDecimal | None = None
    credit_asset_id: Identifier | None = None
    debit: PartnerDecimal | None = None
    debit_asset_id: Identifier | None = None
    fee: PartnerDecimal | None = None
    fee_asset_id: Identifier | None = None
    vat: PartnerDecimal | None = None
    partner_order_ref: Identifier | None = None
    price: PartnerDecimal | None = None
    created_at: Instant
    transitioned_at: Instant | None = None
    updated_at: Instant | None = None

    def is_for(self, kind: OrderKind, asset_id: str, amount: Decimal) -> bool:
        """True if this order moves exactly `amount` of `asset_id` in the direction of `kind`.

        A deposit sits in `debit`, a withdrawal in `credit`; an amount on the other side as well is not this order.
        """
        booked, other = (self.debit, self.credit) if kind is OrderKind.DEPOSIT else (self.credit, self.debit)
        booked_asset = self.debit_asset_id if kind is OrderKind.DEPOSIT else self.credit_asset_id
        return self.type == kind and booked == amount and booked_asset == asset_id and not other

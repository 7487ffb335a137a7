"""Orders as CoinMENA says them, and the mirror they are written into by the service that mirrors."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from backoffice.mirror.incidents import store
from backoffice.mirror.targets import Row
from backoffice.orders.models import MintedReference, Order
from backoffice.orders.services import ORDERS, order_values
from backoffice.partner.coinmena import payloads
from backoffice.partner.strict_json import slice_at

NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)


def said(**fields: Any) -> payloads.Order:
    """Return a deposit of 1000.00 USD by user_12345 as the partner says it, with these fields said otherwise.

    A field given as ``...`` is left out, as in the partner's shorter answers.
    """
    order = {
        "id": 80101,
        "order_no": "MND0000080101",
        "partner_client_id": "user_12345",
        "type": "deposit",
        "source": "bank",
        "status": "completed",
        "debit": "1000.00",
        "debit_asset_id": "USD",
        "fee": "0",
        "fee_asset_id": "USD",
        "vat": "0",
        "partner_order_ref": "dep-2026-z6t1n8bc",
        "created_at": "2026-11-19T12:00:00Z",
        **fields,
    }
    spoken = {name: value for name, value in order.items() if value is not ...}
    return payloads.Order.from_slice(slice_at(json.dumps({"result": spoken}).encode(), "result"))


def withdrawal(**fields: Any) -> payloads.Order:
    """Return a withdrawal as the partner says it: the amount stands in credit."""
    return said(
        **{
            "type": "withdrawal",
            "debit": None,
            "debit_asset_id": None,
            "credit": "12500.00",
            "credit_asset_id": "USD",
            **fields,
        }
    )


def trade(**fields: Any) -> payloads.Order:
    """Return a purchase of bitcoin as the partner says it: paid stands in debit, bought in credit, no reference."""
    bought = {"type": "buy", "debit": "1480.35", "credit": "0.015", "credit_asset_id": "BTC", "partner_order_ref": None}
    return said(**{**bought, **fields})


def mirror(*orders: payloads.Order, read_at: datetime = NOON) -> None:
    """Write orders into the mirror as a sync does."""
    store(ORDERS, [Row(order_values(order), order.raw, read_at) for order in orders])


def mirrored(order: payloads.Order) -> Order:
    """Write one order into the mirror and return its row."""
    mirror(order)
    return Order.objects.get(pk=order.id)


def deposits(count: int, first_id: int = 1) -> Iterable[payloads.Order]:
    """Return deposits a second apart, each of another amount, every third under a reference of its own."""
    for number in range(first_id, first_id + count):
        moment = NOON - timedelta(seconds=number)
        yield said(
            id=number,
            order_no=f"MND{number:010d}",
            debit=f"{number}.50",
            partner_order_ref=f"dep-{number}" if number % 3 else None,
            created_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


def mint(*references: str) -> None:
    """Mint references, as the creation of an operation does."""
    MintedReference.objects.bulk_create(MintedReference(reference=each, minted_at=NOON) for each in references)

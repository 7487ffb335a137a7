"""What a client should have, once more: slowly, in Python, order by order, from the effects the order's page shows."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from backoffice.money import exact_sum
from backoffice.orders.effects import effect_of
from backoffice.orders.models import Order


def effects_on(orders: Iterable[Order], client: str, asset: str, until: datetime) -> Decimal:
    """What completed orders up to a moment did to one balance of one client."""
    moved = []
    for order in orders:
        effect = effect_of(order)
        if order.partner_client_id != client or not effect.has_happened:
            continue
        if (order.transitioned_at or order.created_at) > until:
            continue
        moved += [side.amount for side in (effect.amount, effect.other) if side is not None and side.asset == asset]
    return exact_sum(moved)

"""The oracle's view: everything the partners' books hold, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backoffice.sandbox.clock import whole_seconds
from backoffice.sandbox.control.reading import ControlError
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID
from backoffice.sandbox.messages import Json

if TYPE_CHECKING:
    from backoffice.sandbox.app import Sandbox


def ledger_json(sandbox: Sandbox, query: dict[str, str]) -> Json:
    """Return orders, arrivals, balances, movements, transactions and request counts.

    `reference`, `client` and `after` (an order id) narrow orders, arrivals, balances and movements down.
    """
    reference, client, after = query.get("reference"), query.get("client"), query.get("after", "0")
    if not after.isdecimal():
        raise ControlError("after must be an order id.")
    with sandbox.store.reading():
        orders = sandbox.ledger.entries(reference=reference, client=client, after=int(after))
        return {
            "now": whole_seconds(sandbox.clock.microseconds()),
            "orders": [
                {**order.full_json(), "partner": order.partner, "stored_at": whole_seconds(order.stored_at)}
                for order in orders
            ],
            "arrivals": sandbox.arrivals.as_json(reference),
            "balances": _balances(sandbox, client),
            "movements": sandbox.ledger.movements(client=client),
            "transactions": [row.list_json() for row in sandbox.bitnob_ledger.all()],
            "requests": sandbox.arrivals.requests(),
        }


def _balances(sandbox: Sandbox, client: str | None) -> Json:
    """Return balances of our partner's clients: client, then asset, then the figures."""
    holders = sandbox.ledger.holders(COINMENA_PARTNER_ID) if client is None else [client]
    return {
        holder: {b.asset.asset_id: b.as_json() for b in sandbox.ledger.balances(COINMENA_PARTNER_ID, holder)}
        for holder in holders
    }

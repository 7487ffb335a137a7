"""Faults of content: an answer in good form that says something else than what was asked or what happened."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from backoffice.sandbox.coinmena.records import EXACT
from backoffice.sandbox.faults.scene import Scene, kind
from backoffice.sandbox.messages import Json, Reply

_MISSING: Final = object()
_ALIASES: Final = {"client": "partner_client_id", "reference": "partner_order_ref"}
_SWAPPED: Final = {
    "debit": "credit",
    "credit": "debit",
    "debit_asset_id": "credit_asset_id",
    "credit_asset_id": "debit_asset_id",
}


@kind("echo")
@dataclass(frozen=True)
class Echo:
    """Apply truly, answer falsely: one field of each order or transaction in the answer is altered.

    `field` is a key of the object, or `client`, `reference`, `asset`, `amount`, or `side`, which puts the amount on
    the other side. `value` replaces it, `delta` is added to an amount, `omit` leaves the key out.
    """

    field: str
    value: Json = None
    delta: str | None = None
    omit: bool = False

    def play(self, scene: Scene) -> Reply:
        reply = scene.proceed()
        if reply.status != 200:
            return reply
        content = reply.json
        for item in _objects(content):
            self._alter(item)
        return reply.with_json(content)

    def _alter(self, item: dict[str, Json]) -> None:
        if self.field == "side":
            _swap_sides(item)
            return
        key = self._key(item)
        if self.omit:
            item.pop(key, None)
        elif self.delta is not None:
            item[key] = str(EXACT.add(Decimal(item[key]), Decimal(self.delta)))
        else:
            item[key] = self.value

    def _key(self, item: dict[str, Json]) -> str:
        side = "debit" if item.get("debit") is not None else "credit"
        if self.field == "amount" and "amount" not in item:
            return side
        if self.field == "asset":
            return f"{side}_asset_id"
        return _ALIASES.get(self.field, self.field)


@kind("order_status")
@dataclass(frozen=True)
class OrderStatus:
    """Store and answer the new order under this status. Only `completed` moves money; any uses up the reference."""

    status: str = "failed"

    def play(self, scene: Scene) -> Reply:
        return scene.proceed(order_status=self.status)


@kind("read_lag")
@dataclass(frozen=True)
class ReadLag:
    """Look-ups and lists do not see an order until so many `seconds` after it was booked."""

    seconds: float = 60.0

    def play(self, scene: Scene) -> Reply:
        return scene.proceed(lag_seconds=self.seconds)


def _objects(content: Json) -> list[dict[str, Json]]:
    """Return the orders, balances, clients or transactions in an answer."""
    if "items" in content:
        return list(content["items"])
    inner = content.get("result", content.get("data", content))
    return list(inner["transactions"]) if "transactions" in inner else [inner]


def _swap_sides(item: dict[str, Json]) -> None:
    before = {key: item.pop(key, _MISSING) for key in _SWAPPED}
    item.update({_SWAPPED[key]: text for key, text in before.items() if text is not _MISSING})

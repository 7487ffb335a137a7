"""Orders that come about without a request of ours: made elsewhere, corrected by the partner, or by the hundred
thousand for a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from backoffice.sandbox.clock import DAY
from backoffice.sandbox.coinmena.ledger import InsufficientFunds, ReferenceTaken
from backoffice.sandbox.coinmena.records import FUNDING_TYPES, ORDER_TYPES, Draft, Order, funding_draft
from backoffice.sandbox.control.reading import ControlError, amount_in, instant_in, known_only, partner_in, required
from backoffice.sandbox.history.bulk import place_bulk
from backoffice.sandbox.messages import Json

if TYPE_CHECKING:
    from backoffice.sandbox.app import Sandbox

_FUNDING_FIELDS: Final = ("asset", "amount")
_TRADE_FIELDS: Final = ("debit", "debit_asset", "credit", "credit_asset", "fee", "fee_asset", "price")
_COMMON_FIELDS: Final = ("partner", "client", "type", "status", "reference", "created_at")
#: What an order may break on purpose: a client nobody registered, more than the client has, a reference used twice.
_LICENCES: Final = ("unknown_client", "overdraw", "duplicate")


def create(sandbox: Sandbox, content: dict[str, Any]) -> Json:
    """Book one order, several under `orders` (all or none), or `{"bulk": {"count": ..., "days": ..., "seed": ...}}`."""
    if "bulk" in content:
        return _create_bulk(sandbox, known_only(content["bulk"], ("count", "days", "seed")))
    wanted = content.get("orders", [content])
    with sandbox.store.transaction():
        return {"orders": [_create(sandbox, order).full_json() for order in wanted]}


def change(sandbox: Sandbox, order_id: str, content: dict[str, Any]) -> Json:
    """Change the status or the amount of an order that is there, or hide it; balances follow."""
    known_only(content, ("partner", "status", "amount", "hidden"))
    order = sandbox.ledger.order(partner_in(content), int(order_id)) if order_id.isdecimal() else None
    if order is None:
        raise ControlError(f"There is no order {order_id}.", status=404)
    changes: dict[str, Any] = {"status": content["status"]} if "status" in content else {}
    if "amount" in content:
        side = "debit" if order.debit is not None else "credit"
        changes[side] = str(amount_in(content, "amount"))
    return sandbox.ledger.change_order(order, hidden=content.get("hidden", False), **changes).full_json()


def _create_bulk(sandbox: Sandbox, content: dict[str, Any]) -> Json:
    count = required(content, "count")
    if not isinstance(count, int) or count < 1:
        raise ControlError("count must be a whole number, 1 or more.")
    window = content.get("days", 30) * DAY
    place_bulk(sandbox.directory, sandbox.ledger, sandbox.clock, count, window, content.get("seed", 1))
    return {"count": count}


def _create(sandbox: Sandbox, content: dict[str, Any]) -> Order:
    known_only(content, (*_COMMON_FIELDS, *_FUNDING_FIELDS, *_TRADE_FIELDS, *_LICENCES))
    draft = _draft(sandbox, content)
    if not content.get("unknown_client") and sandbox.directory.client(draft.partner, draft.client) is None:
        raise ControlError(f"There is no client {draft.client}; unknown_client allows that.", status=404)
    with _refusals_as_sentences():
        if not content.get("overdraw"):
            sandbox.ledger.check_funds(draft)
        return sandbox.ledger.place_all([draft], unique=not content.get("duplicate"))[0]


def _draft(sandbox: Sandbox, content: dict[str, Any]) -> Draft:
    type = required(content, "type")
    common: dict[str, Any] = {
        "partner": partner_in(content),
        "client": required(content, "client"),
        "type": type,
        "status": content.get("status", "completed"),
        "reference": content.get("reference"),
        "created_at": instant_in(content, "created_at", sandbox.clock.microseconds()),
    }
    if type in FUNDING_TYPES:
        return funding_draft(**common, asset=required(content, "asset"), amount=str(amount_in(content, "amount")))
    if type not in ORDER_TYPES:
        raise ControlError(f"type must be one of {', '.join(ORDER_TYPES)}.")
    trade = {name: content[name] for name in _TRADE_FIELDS if name in content}
    return Draft(**common, source="trade", **trade)


@contextmanager
def _refusals_as_sentences() -> Iterator[None]:
    try:
        yield
    except InsufficientFunds as error:
        raise ControlError(f"{error} overdraw allows that.", status=409) from error
    except ReferenceTaken as error:
        raise ControlError("The reference is used already; duplicate allows that.", status=409) from error

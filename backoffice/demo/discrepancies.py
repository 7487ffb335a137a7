"""How CoinMENA's books come apart from ours in the story: booked otherwise, corrected, twice, or not at all."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from backoffice.audit.canonical import instant
from backoffice.demo.partners import control
from backoffice.demo.story import Deed
from backoffice.demo.written import Written
from backoffice.money import to_plain

#: What of an order CoinMENA books otherwise than it was asked for.
BOOKED_OTHERWISE: Final[dict[str, dict[str, str]]] = {
    "other_asset": {"asset": "AED"},
    "other_client": {"client": "user_72904"},
    "other_type": {"type": "withdrawal"},
    "pending_there": {"status": "pending"},
}
CORRECTION: Final = Decimal("-0.50")
#: An order that somebody keyed in at CoinMENA, this long after the last deed of its day.
MADE_ELSEWHERE: Final = {"client": "user_20871", "type": "deposit", "asset": "USD", "amount": "500.00"}
AFTERWARDS: Final = timedelta(minutes=7)


def order_of(deed: Deed, reference: str) -> dict[str, Any]:
    """Compose the order CoinMENA books for a deed."""
    return {
        "client": deed.client,
        "type": deed.kind,
        "asset": deed.asset,
        "amount": to_plain(deed.amount),
        "reference": reference,
        "created_at": instant(deed.sent_at + timedelta(milliseconds=400)),
        "overdraw": True,
        **BOOKED_OTHERWISE.get(deed.ending, {}),
    }


def come_apart(written: Sequence[Written]) -> None:
    """Let CoinMENA change, repeat and lose what the story says, and book what nobody here asked for."""
    for one in written:
        if change := change_to(one.deed):
            control("POST", f"orders/{one.order_id}", change)
        elif one.deed.ending == "booked_twice":
            again = {"created_at": instant(one.deed.sent_at + AFTERWARDS), "duplicate": True}
            control("POST", "orders", {**order_of(one.deed, one.operation.reference), **again})
    last_of_yesterday = max(one.deed.sent_at for one in written if one.deed.ending == "vanished")
    control("POST", "orders", {**MADE_ELSEWHERE, "created_at": instant(last_of_yesterday + AFTERWARDS)})


def change_to(deed: Deed) -> dict[str, Any]:
    """What CoinMENA changes of an order that it had booked as asked; nothing for most."""
    changes: dict[str, dict[str, Any]] = {
        "amount_corrected": {"amount": to_plain(deed.amount + CORRECTION)},
        "status_changed": {"status": "failed"},
        "vanished": {"hidden": True},
    }
    return changes.get(deed.ending, {})

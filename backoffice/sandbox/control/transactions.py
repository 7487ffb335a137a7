"""Bitnob transactions made or moved on by the control path."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from backoffice.sandbox.bitnob.ledger import IllegalMove
from backoffice.sandbox.bitnob.records import STATES, Transaction
from backoffice.sandbox.control.reading import ControlError, instant_in, known_only, required
from backoffice.sandbox.messages import Json

if TYPE_CHECKING:
    from backoffice.sandbox.app import Sandbox

_TEXT_FIELDS: Final = ("currency", "type", "state", "reference")
_OPTIONAL_FIELDS: Final = ("side", "idempotency_key", "trade_id", "metadata")


def create(sandbox: Sandbox, content: dict[str, Any]) -> Json:
    """Store one transaction, or several under `transactions`; amounts are texts in the smallest unit."""
    wanted = content.get("transactions", [content])
    made = [_transaction(sandbox, one) for one in wanted]
    if taken := [one.transaction_id for one in made if sandbox.bitnob_ledger.transaction(one.transaction_id)]:
        raise ControlError(f"There is a transaction {', '.join(taken)} already.", status=409)
    sandbox.bitnob_ledger.add(made)
    return {"transactions": [one.list_json() for one in made]}


def move(sandbox: Sandbox, transaction_id: str, content: dict[str, Any]) -> Json:
    """Put a transaction into another state; REVERSED adds the REVERSAL row unless `reversal_row` is false."""
    known_only(content, ("state", "reversal_row"))
    transaction = sandbox.bitnob_ledger.transaction(transaction_id)
    if transaction is None:
        raise ControlError(f"There is no transaction {transaction_id}.", status=404)
    try:
        with_reversal = content.get("reversal_row", True)
        moved = sandbox.bitnob_ledger.move(transaction, required(content, "state"), with_reversal=with_reversal)
    except IllegalMove as error:
        raise ControlError(str(error), status=409) from error
    return {"transactions": [one.list_json() for one in moved]}


def _transaction(sandbox: Sandbox, content: dict[str, Any]) -> Transaction:
    known_only(content, ("transaction_id", "amount", "fee", "created_at", *_TEXT_FIELDS, *_OPTIONAL_FIELDS))
    if required(content, "state") not in STATES:
        raise ControlError(f"state must be one of {', '.join(STATES)}.")
    at = instant_in(content, "created_at", sandbox.clock.microseconds())
    return Transaction(
        transaction_id=content.get("transaction_id", str(uuid.uuid4())),
        amount=_units(required(content, "amount")),
        fee=_units(content.get("fee", "0")),
        created_at=at,
        updated_at=at,
        **{name: required(content, name) for name in _TEXT_FIELDS},
        **{name: content[name] for name in _OPTIONAL_FIELDS if name in content},
    )


def _units(text: Any) -> int:
    try:
        return int(text) if isinstance(text, str) else int("")
    except ValueError as error:
        raise ControlError(f"{text!r} is no whole number of the smallest unit, written as a text.") from error

"""An operation in the partner's words: the bytes that ask for it, and the order its answer must repeat."""

import hashlib

from backoffice.funding.models import Operation
from backoffice.partner.coinmena.client import body_of
from backoffice.partner.coinmena.payloads import OrderKind
from backoffice.partner.outcome import IntendedOrder


def body_for(operation: Operation) -> bytes:
    """Return the bytes to send: those of the first attempt where there was one, so that they never differ."""
    first = operation.attempts.order_by("number").first()
    if first is not None:
        return bytes(first.body)
    return body_of(
        partner_client_id=operation.client.partner_client_id,
        asset_id=operation.asset_id,
        amount=operation.amount,
        partner_order_ref=operation.reference,
    )


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a body as 64 hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


def intended_order(operation: Operation) -> IntendedOrder:
    """Return what an order must say, field by field, to be this operation's."""
    return IntendedOrder(
        reference=operation.reference,
        partner_client_id=operation.client.partner_client_id,
        kind=OrderKind(operation.kind),
        asset_id=operation.asset_id,
        amount=operation.amount,
    )

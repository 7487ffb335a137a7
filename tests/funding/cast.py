"""Reaching a state by the services that lead to it, so that no impossible operation stands in a test."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Kind, Operation
from backoffice.funding.references import reference_of
from backoffice.funding.services.creating import ask_for_withdrawal, create_deposit
from backoffice.funding.services.resolving import resolve
from backoffice.funding.services.sending import send
from backoffice.orders.models import Order
from backoffice.orders.services import look_up_order
from tests.approving import approve
from tests.partners import Partners

#: Opens a browser for one of the cast, by name.
SignIn = Callable[[str], Browser]
WORKER = "worker 1"
NOURA = "user_12345"


def mirrored_client(partner_client_id: str = NOURA, **details: Any) -> Client:
    """Put a client into our mirror, verified and active unless ``details`` say otherwise."""
    known = {"name": "Noura Al Khalifa", "status": "verified", "active": True, **details}
    return Client.objects.create(partner_client_id=partner_client_id, raw=b"{}", read_at=timezone.now(), **known)


def mirrored_asset(asset_id: str = "USD", **flags: Any) -> Asset:
    """Put an asset into our mirror, open for both directions unless ``flags`` say otherwise."""
    known = {"name": asset_id, "type": "fiat", "published": True, "depositable": True, "withdrawable": True, **flags}
    return Asset.objects.create(asset_id=asset_id, raw=b"{}", read_at=timezone.now(), **known)


def deposit(by: Person, client: Client, asset: Asset, amount: str = "1000.00", **details: Any) -> Operation:
    details = {"reason": "Bank transfer received", "submission_token": uuid4(), **details}
    return create_deposit(client=client, asset=asset, amount=Decimal(amount), by=by, **details)


def withdrawal(by: Person, client: Client, asset: Asset, amount: str = "500.00", **details: Any) -> Operation:
    details = {"reason": "Client payout, request 8841", "submission_token": uuid4(), **details}
    return ask_for_withdrawal(client=client, asset=asset, amount=Decimal(amount), by=by, **details)


def approved_by(person: Person, operation: Operation) -> Operation:
    """Approve what is stored and return the operation as it is now."""
    request = Request.objects.get(subject=operation.reference)
    approve(request, by=person)
    return now(operation)


def sent(operation: Operation, holder: str = WORKER) -> Operation:
    """Do what the worker does at the bell, and return the operation as it is now."""
    send(operation.pk, holder=holder)
    return now(operation)


def looked_up(operation: Operation, holder: str = "worker 2") -> Operation:
    """Do what the resolver does when the look-up is due, and return the operation as it is now."""
    Operation.objects.filter(pk=operation.pk).update(next_lookup_at=timezone.now())
    resolve(operation.pk, holder=holder)
    return now(operation)


def lost_order(coinmena: Partners, by: Person, amount: str, **details: Any) -> Order:
    """Have CoinMENA hold an order of ours of which nothing is known here, and look it up."""
    reference = reference_of(Kind(details.get("type", Kind.DEPOSIT)), uuid4(), timezone.now().year)
    coinmena.make_order(NOURA, amount=amount, reference=reference, **details)
    look_up_order(text=reference, by=by)
    return Order.objects.get(partner_order_ref=reference)


def now(operation: Operation) -> Operation:
    """Return the operation as the database has it."""
    return Operation.objects.select_related("client", "asset", "approval", "requested_by").get(pk=operation.pk)

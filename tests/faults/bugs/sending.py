"""Bugs of whoever sends: 1 and 13 to 18 are about the request itself, 22 to 24 and 32 about what the claim
must ask."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import requests
from django.db import transaction

from backoffice.database import clock
from backoffice.funding import policies
from backoffice.funding.models import Kind, Operation, Scope
from backoffice.funding.references import mint
from backoffice.funding.services import claiming, intents, sending
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from backoffice.partner import connection
from backoffice.partner.coinmena.client import body_of
from backoffice.partner.exchange import Exchange
from backoffice.partner.http import Transport
from tests.faults import wire
from tests.faults.bugs.acting import approved, asked, calm, fault, other_credentials, sent
from tests.faults.bugs.breaking import all_of, bug, instead, without_constraint, without_trigger
from tests.faults.world import World

# The request ----------------------------------------------------------------------------------------------------------


def lost_on_the_way(world: World) -> None:
    """The first request is lost before it is applied; after Q it is sent again."""
    operation = asked(world)
    fault(world, "close_before_apply", operation)
    sent(world, operation)
    calm(world)


@bug(
    1,
    "a new reference on every sending",
    caught_as="I6",
    schedule=lost_on_the_way,
    disarms=without_trigger("funding_attempt", "the_same_bytes_every_time"),
)
@contextmanager
def new_reference(world: World) -> Iterator[None]:
    def body_for(operation: Operation) -> bytes:
        is_first = not operation.attempts.exists()
        return body_of(
            partner_client_id=operation.client.partner_client_id,
            asset_id=operation.asset_id,
            amount=operation.amount,
            partner_order_ref=operation.reference if is_first else another_reference(operation),
        )

    with instead(claiming, "body_for", body_for):
        yield


def another_reference(operation: Operation) -> str:
    now = clock.now()
    return mint(Kind(operation.kind), uuid4(), year=now.year, now=now)


def sent_elsewhere(world: World) -> None:
    """The first request is answered by a redirect (F20)."""
    operation = asked(world)
    fault(world, "redirect", operation, status=307)
    sent(world, operation)
    calm(world)


@bug(13, "a redirect is followed", caught_as="more requests than attempts", schedule=sent_elsewhere)
@contextmanager
def redirect_followed(world: World) -> Iterator[None]:
    class Following(connection.HardenedSession):
        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            return super().send(request, **{**options, "allow_redirects": True})

        get_redirect_target = requests.Session.get_redirect_target  # type: ignore[assignment]

    with instead(wire, "HardenedSession", Following):
        yield


@bug(14, "the HTTP layer sends again", caught_as="more requests than attempts", schedule=lost_on_the_way)
@contextmanager
def retried_below(world: World) -> Iterator[None]:
    write = Transport.write

    def insistent(transport: Transport, *request: Any, **options: Any) -> Exchange:
        exchange = write(transport, *request, **options)
        return write(transport, *request, **options) if exchange.status is None else exchange

    with instead(Transport, "write", insistent):
        yield


def a_byte_a_second(world: World) -> None:
    """The answer comes one byte a second (F6)."""
    operation = asked(world)
    fault(world, "drip", operation, seconds_per_byte=1.0)
    sent(world, operation)
    calm(world)


@bug(15, "the timeout is per read", caught_as="deadline", schedule=a_byte_a_second)
@contextmanager
def timeout_per_read(world: World) -> Iterator[None]:
    with instead(connection.Attempt, "seconds_left", lambda _attempt: 25.0):
        yield


def an_amount_no_float_can_hold(world: World) -> None:
    sent(world, asked(world, "90071992547.40993001"))
    calm(world)


@bug(16, "the amount goes through a float", caught_as="not what was asked for", schedule=an_amount_no_float_can_hold)
@contextmanager
def amount_through_float(world: World) -> Iterator[None]:
    def body(*, amount: Decimal, **fields: str) -> bytes:
        order = {**fields, "amount": repr(float(amount))}
        return json.dumps(order, separators=(",", ":")).encode("ascii")

    with instead(intents, "body_of", body):
        yield


# The claim ------------------------------------------------------------------------------------------------------------


def all_is_well(world: World) -> None:
    sent(world, asked(world))
    calm(world)


@bug(17, "the claim is committed after the send", caught_as="I6", schedule=all_is_well)
@contextmanager
def claim_after_send(world: World) -> Iterator[None]:
    atomic, send = transaction.atomic, sending.send

    def quietly_nested(*_: Any, durable: bool = False, **__: Any) -> Any:
        return atomic()

    def in_one_transaction(operation_id: int, *, holder: str) -> bool:
        with atomic():
            return send(operation_id, holder=holder)

    with instead(transaction, "atomic", quietly_nested), instead(sending, "send", in_one_transaction):
        yield


def two_workers_at_once(world: World) -> None:
    """A second worker answers the same bell while the first one is between reading and writing."""
    operation = asked(world)
    world.plan(0.5, "another worker", lambda: world.send(operation.pk))
    sent(world, operation)
    calm(world)


@bug(
    18,
    "the claim reads, then writes",
    caught_as="out of completed",
    schedule=two_workers_at_once,
    disarms=all_of(
        without_trigger("funding_operation", "state_moves", "what_has_ended_stays"),
        without_constraint("funding_operation", "operation_ended_when"),
    ),
)
@contextmanager
def read_then_write(world: World) -> Iterator[None]:
    def claim(operation_id: int, holder: str) -> claiming.Claim | None:
        operation = Operation.objects.get(pk=operation_id)
        if operation.state != State.APPROVED:
            return None
        clock.sleep(1)
        with transaction.atomic():
            now = clock.now()
            current = Operation.objects.get(pk=operation_id)
            return claiming._take(current, current.attempts.count() + 1, holder, now, clock.monotonic())

    with instead(sending, "claim", claim):
        yield


# What the claim asks --------------------------------------------------------------------------------------------------


def the_workers_were_away_for_a_day(world: World) -> None:
    """An approval runs out while no worker is there; the first one to come back hears the old bell."""
    operation = approved(world, asked(world, kind=Kind.WITHDRAWAL))
    world.pass_time(25 * 3600)
    sent(world, operation)
    calm(world)


@bug(22, "the claim does not look at the expiry", caught_as="ran out", schedule=the_workers_were_away_for_a_day)
@contextmanager
def expiry_unchecked(world: World) -> Iterator[None]:
    def blind(operation: Operation, now: datetime) -> str:
        return policies.why_not_in_force(operation, min(now, (operation.valid_until or now) - timedelta(seconds=1)))

    with instead(claiming, "why_not_in_force", blind):
        yield


def frozen_before_the_bell(world: World) -> None:
    operation = asked(world)
    frozen = partial(freeze, scope=Scope.CLIENT, client=operation.client)
    world.act("Lina freezes", lambda: frozen(reason="A call we did not expect", by=world.cast.lina))
    world.pass_time(1)
    sent(world, operation)
    calm(world)


@bug(
    23,
    "the claim does not look for freezes",
    caught_as="claimed while it was frozen",
    schedule=frozen_before_the_bell,
    disarms=without_trigger("funding_operation", "what_is_frozen_stays"),
)
@contextmanager
def freeze_unchecked(world: World) -> Iterator[None]:
    with instead(claiming, "_why_frozen", lambda _operation: ""):
        yield


def the_amount_is_changed_after_the_approval(world: World) -> None:
    """Somebody with the owner's rights writes another amount into what was approved."""
    operation = approved(world, asked(world, "100.00", kind=Kind.WITHDRAWAL))
    with without_trigger("funding_operation", "content_is_frozen")(world):
        world.database.execute("UPDATE funding_operation SET amount = 900.00 WHERE id = %s", (operation.pk,))
    sent(world, operation)
    world.act("Maya cancels", lambda: cancel_operation(operation_id=operation.pk, by=world.cast.maya))
    calm(world)


@bug(
    24,
    "the claim does not look at the fingerprint",
    caught_as="not what was approved",
    schedule=the_amount_is_changed_after_the_approval,
)
@contextmanager
def fingerprint_unchecked(world: World) -> Iterator[None]:
    with instead(policies, "fingerprint_of", lambda operation: operation.fingerprint):
        yield


def other_credentials_before_the_bell(world: World) -> None:
    """The workers run with another partner's key when the bell rings, and with ours from then on."""
    operation = asked(world)
    other_credentials()
    try:
        sent(world, operation)
    finally:
        world.own_credentials()
    calm(world)


@bug(
    32,
    "the claim does not keep to the environment",
    caught_as="paid from another account",
    schedule=other_credentials_before_the_bell,
)
@contextmanager
def environment_unchecked(_world: World) -> Iterator[None]:
    with (
        instead(claiming, "keep_to_environment", lambda *_: None),
        instead(claiming, "why_not_here", lambda *_: ""),
    ):
        yield

"""What the people, the workers and the partner do in the shortest schedules, in one line each."""

from base64 import b64encode
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from django.conf import settings

from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Kind, Operation
from backoffice.funding.services.creating import Intent, create
from backoffice.sandbox.coinmena.records import Draft
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID, OTHER_PARTNER_ID, OTHER_PARTNER_SEED
from tests.approving import approve
from tests.faults.world import World

QUARANTINE_SECONDS: Final = 300
SWEEP_SECONDS: Final = 10
QUIET_SECONDS: Final = QUARANTINE_SECONDS + 120


# People ---------------------------------------------------------------------------------------------------------------


def asked(
    world: World, amount: str = "100.00", *, kind: Kind = Kind.DEPOSIT, client: Client | None = None, **details: Any
) -> Operation:
    """Have Maya ask for an operation, of a client of its own unless one is named."""
    client = client or world.new_client()
    asset = Asset.objects.get(asset_id="USD")
    intent = Intent(kind, client, asset, Decimal(amount), "Client payout, request 8841", uuid4(), **details)
    operation = world.act("Maya asks", lambda: create(intent, by=world.cast.maya))
    assert operation is not None
    return world.own(operation)


def approved(world: World, operation: Operation) -> Operation:
    """Have Omar approve what was asked for."""
    request = Request.objects.get(subject=operation.reference)
    world.act(
        "Omar approves",
        lambda: approve(request, by=world.cast.omar),
    )
    return operation


def sent(world: World, operation: Operation) -> Operation:
    """Have a worker answer the bell of an operation."""
    world.send(operation.pk)
    return operation


# Workers --------------------------------------------------------------------------------------------------------------


def work(world: World, seconds: float) -> None:
    """Let the workers sweep every ten seconds for so long."""
    for after in range(SWEEP_SECONDS, int(seconds) + 1, SWEEP_SECONDS):
        world.plan(after, "sweep", world.sweep)
    world.pass_time(seconds)


def other_credentials() -> None:
    """Let the workers run with another partner's id and key, until `World.own_credentials`."""
    settings.COINMENA_PARTNER_ID = OTHER_PARTNER_ID
    settings.COINMENA_PRIVATE_KEY = b64encode(OTHER_PARTNER_SEED).decode()


def hold(world: World) -> None:
    """Halt all sending until it is let go; look-ups go on."""
    world.database.execute("UPDATE funding_gate SET halted_at = %s, halted_because = 'held'", (world.clock.now(),))


def let_go(world: World) -> None:
    world.database.execute("UPDATE funding_gate SET halted_at = NULL, halted_because = ''")


def calm(world: World) -> None:
    """End every fault and let the workers go on for as long as anything may take."""
    world.faults_off()
    let_go(world)
    work(world, QUIET_SECONDS)


# The partner ----------------------------------------------------------------------------------------------------------


def fault(
    world: World, kind: str, operation: Operation | None = None, *, nth: int = 1, times: int | None = 1, **action: Any
) -> None:
    """Make the partner fail the requests that carry an operation's money."""
    match = {"method": "POST", **({"reference": operation.reference} if operation else {})}
    world.sandbox.faults.add({"match": match, "action": {"kind": kind, **action}, "nth": nth, "times": times})


def fault_in_reading(
    world: World, kind: str, path: str = "/v1/partner/orders", *, client: str | None = None, **action: Any
) -> None:
    """Make the partner fail whoever looks under ``path``, or lists the orders of ``client``, until the faults end."""
    match = {"method": "GET", "path": path, "client": client}
    world.sandbox.faults.add({"match": match, "action": {"kind": kind, **action}, "times": None})


def books(world: World, *, unique: bool = True, **order: Any) -> None:
    """Have the partner book an order that nobody asked for through us."""
    made = {"partner": COINMENA_PARTNER_ID, "type": "deposit", "created_at": world.sandbox.clock.microseconds()}
    (booked,) = world.sandbox.ledger.place_all([Draft(**{**made, **order})], unique=unique)
    world.scripted.outside_orders.add(booked.id)

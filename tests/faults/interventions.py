"""What people do around payments: freeze and release, copy what ended without effect, close what is in review."""

from decimal import Decimal
from random import Random
from typing import Any, Final

from backoffice.approvals.models import Request
from backoffice.clients.models import Client
from backoffice.funding.closing.attachments import Attachment
from backoffice.funding.models import Closing, Freeze, Kind, LateOrder, Operation, Scope
from backoffice.funding.services import late_orders
from backoffice.funding.services.closing import ClaimedOutcome
from backoffice.funding.services.creating import Intent, create
from backoffice.funding.services.freezing import freeze
from backoffice.orders.services import sync_orders
from tests.approving import approve, ask_for_release, ask_to_close
from tests.faults.world import World, token

_LETTER: Final = Attachment("statement.pdf", "application/pdf", b"%PDF-1.7 What CoinMENA wrote")
_EQUAL: Final = """
    SELECT id FROM orders WHERE reference = ? AND client = ? AND type = ? AND status = 'completed'
    AND coalesce(debit_asset, credit_asset) = ? AND (debit = ? OR credit = ?)
"""
#: The positive control of the world is always one.
_ANOTHER: Final = "SELECT max(id) AS id FROM orders WHERE status = 'completed' AND reference IS NOT ?"


def freeze_something(world: World, random: Random) -> None:
    """Lina stops everything, money out, one asset or one client."""
    scope = random.choice((Scope.EVERYTHING, Scope.MONEY_OUT, Scope.ASSET, Scope.CLIENT, Scope.CLIENT))
    content: dict[str, Any] = {}
    if scope is Scope.ASSET:
        content = {"asset": world.assets["USD"]}
    elif scope is Scope.CLIENT:
        content = {"client": random.choice(world.clients)}
    world.act(
        f"Lina freezes {scope}",
        lambda: freeze(scope=scope, reason="A call we did not expect", by=world.cast.lina, **content).pk,
    )


def freeze_client(world: World, client: Client) -> None:
    """Lina stops whatever is for one client."""
    reason = "A call we did not expect"
    world.act(
        "Lina freezes a client", lambda: freeze(scope=Scope.CLIENT, client=client, reason=reason, by=world.cast.lina).pk
    )


def release_everything(world: World) -> None:
    """Nadia asks, Omar approves: the two others."""
    frozen = world.database.execute("SELECT id FROM funding_freeze WHERE released_at IS NULL ORDER BY id").fetchall()
    for row in frozen:
        world.act("Nadia asks to release", lambda freeze_id=row["id"]: _ask_for_release(world, freeze_id))  # type: ignore[misc]
        for request in Request.objects.filter(kind="release", state="waiting").order_by("pk"):
            world.act("Omar releases", lambda request=request: _approve(world, request))  # type: ignore[misc]


def _ask_for_release(world: World, freeze_id: int) -> int:
    return ask_for_release(Freeze.objects.get(pk=freeze_id), by=world.cast.nadia, reason="Looked into it").pk


def _approve(world: World, request: Request) -> str:
    by = world.cast.omar
    return str(approve(request, by=by).state)


def copy(world: World, original: Operation) -> Operation | None:
    """Ask again for what ended without effect; refused for anything else, and for a second copy."""
    amount = Decimal(original.amount)
    intent = Intent(
        kind=Kind(original.kind),
        client=original.client,
        asset=original.asset,
        amount=amount,
        reason="Asked again",
        submission_token=token(),
        confirmed_equal=True,
        copy_of=original,
    )
    made = world.act(f"Maya copies {original.reference}", lambda: create(intent, by=world.cast.maya))
    return None if made is None else world.own(made)


def read_the_list(world: World) -> None:
    """The mirror reads the orders as it does every few minutes, and the watch compares what ended with them."""
    world.act("the mirror reads the orders", lambda: sync_orders().pk)
    compare_what_ended(world)


def compare_what_ended(world: World) -> None:
    world.act("the watch compares", late_orders.watch)


def settle_late_orders(world: World) -> None:
    """The list is read, and Lina writes down what was done about each order that is late."""
    read_the_list(world)
    for late in LateOrder.objects.filter(settled_at=None).order_by("pk"):
        world.act(f"Lina settles order {late.order_id}", lambda late=late: _settle(world, late))  # type: ignore[misc]


def _settle(world: World, late: LateOrder) -> int:
    return late_orders.settle(late_order_id=late.pk, settlement="CoinMENA was told.", by=world.cast.lina).pk


def close_reviews(world: World) -> None:
    """Two people close what is in review, as the partner's books, which they were sent, say."""
    for operation in _in_review(world):
        _close(world, operation, _order_there(world, operation))


def close_with_another_order(world: World) -> None:
    """Two people would close what is in review with an order of another reference: it is never adopted."""
    for operation in _in_review(world):
        row = world.sandbox.store.connection.execute(_ANOTHER, (operation.reference,)).fetchone()
        _close(world, operation, int(row["id"]))


def _in_review(world: World) -> list[Operation]:
    ids = [operation_id for operation_id, state in world.rows.states().items() if state == "review"]
    return list(Operation.objects.select_related("client", "asset").filter(pk__in=ids).order_by("pk"))


def _close(world: World, operation: Operation, order: int | None) -> None:
    """Nadia asks, Omar signs."""
    world.act(f"Nadia asks to close {operation.reference}", lambda: _ask_to_close(world, operation, order).outcome)
    for request in Request.objects.filter(kind="closing", state="waiting").order_by("pk"):
        world.act(f"Omar signs {request.subject}", lambda request=request: _approve(world, request))  # type: ignore[misc]


def _ask_to_close(world: World, operation: Operation, order: int | None) -> Closing:
    claim = ClaimedOutcome(
        outcome=Closing.Outcome.FAILED if order is None else Closing.Outcome.COMPLETED,
        reason_code=Closing.ReasonCode.CONFIRMED,
        statement="CoinMENA wrote what its books say.",
        evidence=[_LETTER],
        order_id=order,
    )
    return ask_to_close(operation, claim, by=world.cast.nadia)


def _order_there(world: World, operation: Operation) -> int | None:
    amount = format(operation.amount, "f")
    texts = {str(Decimal(amount)), amount}
    for text in texts:
        wanted = (operation.reference, operation.client.partner_client_id, str(operation.kind), operation.asset_id)
        row = world.sandbox.store.connection.execute(_EQUAL, (*wanted, text, text)).fetchone()
        if row is not None:
            return int(row["id"])
    return None

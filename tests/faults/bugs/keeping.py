"""Bugs of the log, of the database's own guards, of copies, of the mirror, of late orders and of
closings: 25 to 31, 35 and 37."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pgtrigger
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from backoffice.audit import services as audit
from backoffice.database import checks
from backoffice.funding import policies
from backoffice.funding.models import Operation
from backoffice.funding.services import closing, creating, late_orders, moving
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import Intent
from backoffice.funding.states import State
from backoffice.mirror import paging, upsert
from backoffice.mirror.targets import Row, Target
from backoffice.orders import services as orders
from tests.faults import interventions
from tests.faults.bugs.acting import asked, books, calm, fault, sent
from tests.faults.bugs.breaking import all_of, bug, instead, without_constraint, without_trigger
from tests.faults.world import World

# The log --------------------------------------------------------------------------------------------------------------


def all_is_well(world: World) -> None:
    sent(world, asked(world))
    calm(world)


@bug(25, "the audit entry comes after the commit", caught_as="I8", schedule=all_is_well)
@contextmanager
def audit_after_commit(world: World) -> Iterator[None]:
    def later(*entry: Any, **more: Any) -> None:
        transaction.on_commit(lambda: audit.record(*entry, **more))

    with instead(moving, "record", later):
        yield


def two_write_at_once(world: World) -> None:
    """While one change holds the newest entry in its hand, another one is written over a connection of its own."""
    clients = [world.new_client(), world.new_client()]
    operation = asked(world, client=clients[0])
    waiting = [lambda: asked(world, "2.00", client=clients[1])]
    lock_head = audit.lock_head

    def overtaken() -> tuple[int, str, Any]:
        head = lock_head()
        if waiting and not _is_locked(world):
            _in_another_thread(waiting.pop())
        return head

    with instead(audit, "lock_head", overtaken):
        sent(world, operation)
    calm(world)


def _is_locked(world: World) -> bool:
    """Tell whether somebody holds the head of the log, so that another writer would have to wait."""
    locked = world.database.execute("SELECT 1 FROM audit_head FOR UPDATE SKIP LOCKED").fetchone()
    return locked is None


def _in_another_thread(act: Callable[[], object]) -> None:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


@bug(
    26,
    "the head of the log is not locked",
    caught_as="does not follow entry",
    schedule=two_write_at_once,
    disarms=all_of(
        without_trigger("audit_entry", "follows_the_head"),
        without_trigger("audit_head", "moves_with_its_entry"),
        without_constraint("audit_entry", "audit_entry_pkey"),
    ),
)
@contextmanager
def head_unlocked(world: World) -> Iterator[None]:
    def lock_head() -> tuple[int, str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT number, hash, clock_timestamp() FROM audit_head")
            number, prev, now = cursor.fetchone()
        return number, prev, now

    with instead(audit, "lock_head", lock_head):
        yield


# The database's guards ------------------------------------------------------------------------------------------------


def found_at_start() -> list[str]:
    """What the start-up check finds, apart from the rig's own triggers, which it names as none of the product's."""
    return [fault for fault in checks.faults() if " rig_" not in fault]


def somebody_rewrites_an_end(world: World) -> None:
    """SQL with the application's login, past every service: a completed payment is called failed."""
    operation = sent(world, asked(world))
    try:
        with transaction.atomic(), pgtrigger.ignore():
            Operation.objects.filter(pk=operation.pk).update(state=State.FAILED)
    except DatabaseError:
        world.tell("the database refuses")
    calm(world)


@bug(27, "a trigger is missing", caught_as="I3", schedule=somebody_rewrites_an_end)
@contextmanager
def triggers_missing(world: World) -> Iterator[None]:
    with without_trigger("funding_operation", "state_moves", "what_has_ended_stays")(world):
        assert len(found_at_start()) == 2, "the start-up check must miss both"
        yield


@bug(28, "triggers can be ignored", caught_as="I3", schedule=somebody_rewrites_an_end)
@contextmanager
def back_door_open(world: World) -> Iterator[None]:
    world.database.execute(_LIBRARYS_OWN_FUNCTION)
    assert found_at_start() == ["The function that lets triggers be ignored is not closed."]
    yield


_LIBRARYS_OWN_FUNCTION = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN AS $$
    BEGIN
        RETURN coalesce(current_setting('pgtrigger.ignore', true), '') LIKE '%' || trigger_name || '%';
    END;
    $$ LANGUAGE plpgsql
"""


# Copies ---------------------------------------------------------------------------------------------------------------


def copied_while_in_doubt(world: World) -> None:
    """The answer is lost; an impatient person copies the payment."""
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    form = Intent(
        operation.kind,  # type: ignore[arg-type]
        operation.client,
        operation.asset,
        operation.amount,
        "Again",
        uuid4(),
        confirmed_equal=True,
        copy_of=operation,
    )
    copy = world.act("Maya copies it", lambda: creating.create(form, by=world.cast.maya))
    if copy is not None:
        sent(world, world.own(copy))
    calm(world)


@bug(
    29,
    "what is in doubt can be copied",
    caught_as="I1",
    schedule=copied_while_in_doubt,
    disarms=without_trigger("funding_operation", "copied_without_effect"),
)
@contextmanager
def copied_from_unknown(world: World) -> Iterator[None]:
    with instead(policies, "why_not_copy", lambda _operation: ""):
        yield


# The mirror -----------------------------------------------------------------------------------------------------------


def synced(world: World) -> None:
    """Read the partner's list, in virtual time; the mirror tells the time by Django's clock."""
    with instead(timezone, "now", world.clock.now):
        world.act("sync", orders.sync_orders)
    world.scripted.is_list_read = True


def an_order_is_listed_late(world: World) -> None:
    """An order shows up in the list a minute after the moment it was made (F29)."""
    client = world.new_client().partner_client_id
    made_at = world.sandbox.clock.microseconds()
    world.pass_time(30)
    synced(world)
    world.pass_time(30)
    books(world, client=client, debit="5.00", debit_asset="USD", created_at=made_at + 10_000_000)
    world.pass_time(600)
    synced(world)


@bug(30, "the list is read up to now", caught_as="not in the mirror", schedule=an_order_is_listed_late)
@contextmanager
def window_open_to_now(world: World) -> Iterator[None]:
    with instead(paging, "SETTLED_AFTER", timedelta(0)), instead(orders, "OVERLAP", timedelta(0)):
        yield


def one_reference_twice(world: World) -> None:
    """The partner breaks its promise: two orders with one reference (duplicate_reference)."""
    client = world.new_client().partner_client_id
    for amount in ("5.00", "6.00"):
        books(world, unique=False, client=client, debit=amount, debit_asset="USD", reference="dep-twice")
    world.pass_time(600)
    synced(world)


@bug(31, "the mirror keeps one order of each reference", caught_as="not in the mirror", schedule=one_reference_twice)
@contextmanager
def deduped_by_reference(world: World) -> Iterator[None]:
    key_of = upsert.key_of

    def by_reference(target: Target, row: Row) -> Any:
        return str(row.values.get("partner_order_ref") or key_of(target, row))

    with instead(upsert, "key_of", by_reference):
        yield


# Late orders ----------------------------------------------------------------------------------------------------------


def an_order_stands_under_what_was_cancelled(world: World) -> None:
    """The payment was sent after a backup, and that was restored; its requester, who cannot know, lets it go."""
    operation = asked(world)
    client = operation.client.partner_client_id
    books(world, client=client, debit="100.00", debit_asset="USD", reference=operation.reference)
    world.act("Maya cancels", lambda: cancel_operation(operation_id=operation.pk, by=world.cast.maya).state)
    calm(world)
    interventions.read_the_list(world)
    world.scripted.is_list_read = True


@bug(
    35,
    "late orders are reported to nobody",
    caught_as="nobody was told",
    schedule=an_order_stands_under_what_was_cancelled,
)
@contextmanager
def late_orders_unreported(_world: World) -> Iterator[None]:
    with instead(late_orders, "watch", lambda **_: 0), instead(late_orders, "notice", lambda *_: None):
        yield


# Closings -------------------------------------------------------------------------------------------------------------


def closed_with_another_order(world: World) -> None:
    """The order is pending, so two people are asked; they point to one that somebody else made for the client."""
    operation = asked(world)
    fault(world, "order_status", operation, status="pending")
    sent(world, operation)
    books(world, client=operation.client.partner_client_id, debit="100.00", debit_asset="USD", reference=None)
    interventions.close_with_another_order(world)
    calm(world)


@bug(37, "any closing is believed", caught_as="I2", schedule=closed_with_another_order)
@contextmanager
def closings_believed(_world: World) -> Iterator[None]:
    with instead(closing, "check_can_conclude", lambda *_: None):
        yield

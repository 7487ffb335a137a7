"""Bugs of whoever says what an answer proves: 2 and 8 to 12."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from backoffice.funding.services import sending
from backoffice.funding.services.attempts import Attempts
from backoffice.partner import outcome
from backoffice.partner.coinmena.payloads import Order, OrderKind
from backoffice.partner.outcome import Evidence, Row, Verdict
from tests.faults.bugs.acting import (
    QUARANTINE_SECONDS,
    asked,
    books,
    calm,
    fault,
    fault_in_reading,
    sent,
    work,
)
from tests.faults.bugs.breaking import bug, instead
from tests.faults.world import World


@contextmanager
def misjudged(wrong: Callable[[Verdict], Verdict]) -> Iterator[None]:
    """Have every verdict on a request go through ``wrong``."""

    def judged(*answer: Any, **more: Any) -> Verdict:
        return wrong(outcome.judge_post(*answer, **more))

    with instead(sending, "judge_post", judged):
        yield


def refused_if(row: Row) -> Callable[[Verdict], Verdict]:
    """Take one row of the table for a refusal."""

    def wrong(verdict: Verdict) -> Verdict:
        is_meant = verdict.row is row
        return replace(verdict, row=Row.REFUSED, evidence=Evidence.NOT_APPLIED) if is_meant else verdict

    return wrong


def the_answer_is_lost(world: World) -> None:
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    sent(world, operation)
    calm(world)


@bug(2, "a timeout is booked as failed", caught_as="I3", schedule=the_answer_is_lost)
@contextmanager
def timeout_is_failure(world: World) -> Iterator[None]:
    with misjudged(refused_if(Row.NO_ANSWER)):
        yield


def the_partner_stumbles_after_applying(world: World) -> None:
    operation = asked(world)
    fault(world, "envelope", operation, status=500, apply=True)
    sent(world, operation)
    calm(world)


@bug(9, "a 5xx is booked as failed", caught_as="I3", schedule=the_partner_stumbles_after_applying)
@contextmanager
def server_error_is_failure(world: World) -> Iterator[None]:
    with misjudged(refused_if(Row.SERVER_ERROR)):
        yield


def refused_the_second_time(world: World) -> None:
    """The first request is applied and out of sight for long; the second one is refused for want of funds (F15)."""
    operation = asked(world)
    fault(world, "close_after_apply", operation)
    fault(world, "envelope", operation, nth=2, status=422, code=3005, msg="insufficient balance")
    fault_in_reading(world, "read_lag", f"/v1/partner/orders/ref/{operation.reference}", seconds=400)
    fault_in_reading(world, "read_lag", client=operation.client.partner_client_id, seconds=400)
    sent(world, operation)
    work(world, QUARANTINE_SECONDS + 60)
    calm(world)


@bug(8, "a refusal closes while another attempt is open", caught_as="I3", schedule=refused_the_second_time)
@contextmanager
def refusal_closes_all(world: World) -> Iterator[None]:
    with instead(Attempts, "is_another_open", lambda *_: False):
        yield


def another_order_has_our_reference(world: World) -> None:
    """Under our reference stands an order of another amount (F13)."""
    operation = asked(world, "100.00")
    client = operation.client.partner_client_id
    books(world, client=client, debit="100.01", debit_asset="USD", reference=operation.reference)
    sent(world, operation)
    calm(world)


@bug(10, "an order is taken without comparing it", caught_as="I2", schedule=another_order_has_our_reference)
@contextmanager
def fields_not_compared(world: World) -> Iterator[None]:
    with instead(outcome, "_is_same", lambda *_: True):
        yield


def the_order_has_failed(world: World) -> None:
    """The partner answers 200, and that the order has failed (F16)."""
    operation = asked(world)
    fault(world, "order_status", operation, status="failed")
    sent(world, operation)
    calm(world)


@bug(11, "the status in a 200 is ignored", caught_as="I2", schedule=the_order_has_failed)
@contextmanager
def status_ignored(world: World) -> Iterator[None]:
    def wrong(verdict: Verdict) -> Verdict:
        is_order = verdict.order is not None and verdict.row in (Row.FAILED, Row.REJECTED, Row.OTHER_STATUS)
        return replace(verdict, row=Row.COMPLETED, evidence=Evidence.APPLIED) if is_order else verdict

    with misjudged(wrong):
        yield


def an_order_the_other_way_round(world: World) -> None:
    """Under our reference stands an order with our amount on the other side of the books (F17)."""
    operation = asked(world, "100.00")
    client = operation.client.partner_client_id
    books(world, client=client, credit="100.00", credit_asset="USD", reference=operation.reference)
    sent(world, operation)
    calm(world)


@bug(12, "debit and credit are mixed up", caught_as="I2", schedule=an_order_the_other_way_round)
@contextmanager
def sides_mixed_up(world: World) -> Iterator[None]:
    def is_for(order: Order, kind: OrderKind, asset_id: str, amount: Decimal) -> bool:
        booked, side = (order.credit, order.credit_asset_id) if kind is OrderKind.DEPOSIT else (order.debit, "")
        return order.type == kind and booked == amount and side in ("", asset_id)

    with instead(Order, "is_for", is_for):
        yield

"""The races, one round of each: prepare, let eight run at once, and hold what came of it to "exactly one" (F21)."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Final
from unittest.mock import patch
from uuid import uuid4

from backoffice.approvals import services as approvals
from backoffice.approvals.models import Decision, Request, Rule
from backoffice.database import clock
from backoffice.funding.models import Attempt, AttemptOutcome, Freeze, Kind, Lookup, Operation, Scope
from backoffice.funding.services import creating
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import EqualRequest, Intent
from backoffice.funding.services.freezing import freeze
from backoffice.funding.services.resolving import resolve
from backoffice.funding.services.sending import send
from backoffice.funding.states import State
from backoffice.orders.models import MintedReference
from tests import approving
from tests.faults.races.arena import RACERS, Act, Arena, told_of, winners
from tests.funding.cast import approved_by, now

#: How long a request of the race of decisions may be decided: everybody comes about when it runs out.
SHORT: Final = timedelta(milliseconds=40)
NARROWLY: Final = timedelta(milliseconds=5)

#: The request's timestamp is cut to the millisecond, and its duration rounded to one.
TICK: Final = timedelta(milliseconds=2)

Round = Callable[[Arena, int], None]
RACES: Final[dict[str, Round]] = {}


def race(name: str) -> Callable[[Round], Round]:
    """Add a race under the sentence that it proves."""

    def add(one_round: Round) -> Round:
        RACES[name] = one_round
        return one_round

    return add


def asked(arena: Arena, kind: Kind, number: int, *, client: int = 0) -> Operation:
    """Ask for an operation that no earlier round asked for."""
    return creating.create(intent(arena, kind, number, client=client), by=arena.maya)


def intent(arena: Arena, kind: Kind, number: int, *, client: int = 0) -> Intent:
    amount = Decimal(number + 1) / 100
    return Intent(kind, arena.clients[client], arena.usd, amount, "Client payout, request 8841", uuid4())


# Created once -------------------------------------------------------------------------------------------------------


@race("eight submits of one form make one operation")
def submits(arena: Arena, number: int) -> None:
    form = intent(arena, Kind.WITHDRAWAL if number % 2 else Kind.DEPOSIT, number)

    made = arena.all_at_once(lambda _racer: creating.create(form, by=arena.maya))

    operation = Operation.objects.get(submission_token=form.submission_token)
    assert made == [operation] * RACERS
    assert MintedReference.objects.filter(reference=operation.reference).count() == 1
    assert Request.objects.filter(subject=operation.reference).count() == (1 if operation.approval_id else 0)
    assert told_of(operation) == ["operation.requested" if operation.approval_id else "operation.created"]


@race("eight people who key one payment make one, and seven are asked")
def equal_payments(arena: Arena, number: int) -> None:
    form = intent(arena, Kind.DEPOSIT, number)

    made = arena.all_at_once(lambda _racer: creating.create(replace(form, submission_token=uuid4()), by=arena.maya))

    (operation,) = winners(made)
    assert sum(isinstance(one, EqualRequest) for one in made) == RACERS - 1
    assert Operation.objects.get(client=form.client, amount=form.amount) == operation


@race("eight copies of one operation make one copy")
def copies(arena: Arena, number: int) -> None:
    ended = cancel_operation(operation_id=asked(arena, Kind.DEPOSIT, number).pk, by=arena.maya)
    form = replace(intent(arena, Kind.DEPOSIT, number), copy_of=ended)

    made = arena.all_at_once(lambda _racer: creating.create(replace(form, submission_token=uuid4()), by=arena.maya))

    assert winners(made) == [Operation.objects.get(copy_of=ended)]


# Decided once -------------------------------------------------------------------------------------------------------


@race("eight approvers make one decision")
def approvers(arena: Arena, number: int) -> None:
    operation = asked(arena, Kind.WITHDRAWAL, number)
    request = Request.objects.get(subject=operation.reference)

    decided = arena.all_at_once(lambda racer: approve(request, arena, racer))

    assert winners(decided) == [request]
    assert Decision.objects.filter(request=request).count() == 1
    assert told_of(operation) == ["operation.requested", "operation.approved"]
    assert now(operation).state == State.APPROVED


@race("approve, reject, cancel and expire at once end in one of them")
def decisions(arena: Arena, number: int) -> None:
    brief = Rule.objects.select_related("rule_set").get(name="Every withdrawal")
    brief.validity = SHORT
    with patch.object(creating, "rule_for", lambda _facts, _rules: brief):
        operation = asked(arena, Kind.WITHDRAWAL, number)
    request = Request.objects.get(subject=operation.reference)
    acts = (approve, reject, cancel, expire)

    def act(racer: int) -> object:
        wait_for(request.valid_until + random.uniform(-1, 1) * NARROWLY)
        return acts[racer % len(acts)](request, arena, racer)

    ended = arena.all_at_once(act)

    wait_for(request.valid_until)
    ended.append(approvals.expire(request.pk))
    request.refresh_from_db()
    assert len(winners(ended)) == 1
    assert request.state == now(operation).state
    assert told_of(operation) == ["operation.requested", f"operation.{request.state}"]


def approve(request: Request, arena: Arena, racer: int) -> object:
    return approving.approve(request, by=arena.managers[racer])


def reject(request: Request, arena: Arena, racer: int) -> object:
    by, shown = arena.managers[racer], request.fingerprint
    return approvals.reject(request_id=request.pk, fingerprint=shown, reason_code="other", note="No.", by=by)


def cancel(request: Request, arena: Arena, _racer: int) -> object:
    return approvals.cancel(request_id=request.pk, by=arena.maya)


def expire(request: Request, _arena: Arena, _racer: int) -> object:
    return approvals.expire(request.pk)


def wait_for(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - clock.now()).total_seconds()))


# Sent once ----------------------------------------------------------------------------------------------------------


@race("eight senders make one request")
def senders(arena: Arena, number: int) -> None:
    operation = asked(arena, Kind.WITHDRAWAL if number % 2 else Kind.DEPOSIT, number)
    if operation.approval_id:
        approved_by(arena.managers[0], operation)

    claimed = arena.all_at_once(lambda racer: send(operation.pk, holder=f"worker {racer}"))

    assert claimed.count(True) == 1
    assert_paid_once(arena, operation)
    assert told_of(operation)[-2:] == ["operation.claimed", "operation.completed"]


@race("a send and a cancel never both happen")
def send_or_cancel(arena: Arena, number: int) -> None:
    operation = asked(arena, Kind.DEPOSIT, number)

    ended = arena.all_at_once(
        lambda racer: (
            send(operation.pk, holder=f"worker {racer}")
            if racer % 2
            else cancel_operation(operation_id=operation.pk, by=arena.maya)
        )
    )

    assert len(winners(ended)) == 1
    if now(operation).state == State.CANCELLED:
        assert arena.partners.ledger(reference=operation.reference)["arrivals"] == []
        assert told_of(operation) == ["operation.created", "operation.cancelled"]
    else:
        assert_paid_once(arena, operation)


@race("one client never has two requests under way")
def one_client(arena: Arena, number: int) -> None:
    operations = list(Operation.objects.filter(state=State.APPROVED))  # what the last round left waiting
    operations += [asked(arena, Kind.DEPOSIT, number * RACERS + racer) for racer in range(RACERS - len(operations))]

    sent = arena.all_at_once(lambda racer: send(operations[racer].pk, holder=f"worker {racer}"))

    answered = list(AttemptOutcome.objects.filter(attempt__operation__in=operations).order_by("signed_at"))
    assert len(answered) == len(winners(sent)) >= 1
    spans = [span_of(answer) for answer in answered]
    assert all(ended <= begun + TICK for (_begun, ended), (begun, _ended) in pairwise(spans))


def span_of(answer: AttemptOutcome) -> tuple[datetime, datetime]:
    """Return when a request was signed and when it was answered."""
    assert answer.signed_at is not None and answer.duration_ms is not None
    return answer.signed_at, answer.signed_at + timedelta(milliseconds=answer.duration_ms)


@race("what a freeze has not seen claimed is not sent")
def freeze_or_send(arena: Arena, number: int) -> None:
    waiting = {operation.client_id: operation for operation in Operation.objects.filter(state=State.APPROVED)}
    operations = [
        waiting.get(client.pk) or asked(arena, Kind.DEPOSIT, number, client=racer)
        for racer, client in enumerate(arena.clients)
    ]
    acts: list[Act] = [partial(send, one.pk, holder=f"worker {racer}") for racer, one in enumerate(operations)]
    acts.insert(number % RACERS, partial(freeze, scope=Scope.EVERYTHING, reason="A strange file", by=arena.managers[0]))

    ended = arena.threads.race(acts)

    frozen = Freeze.objects.get(released_at=None)
    claimed = Attempt.objects.filter(operation__in=operations)
    assert all(attempt.claimed_at < frozen.frozen_at for attempt in claimed)
    assert len(claimed) == ended.count(True)
    assert all(len(arena.partners.orders_under(one.operation.reference)) == 1 for one in claimed)
    release(arena, frozen)


def release(arena: Arena, frozen: Freeze) -> None:
    """Have two other people let go what was frozen."""
    request = approving.ask_for_release(frozen, by=arena.maya, reason="The file was ours")
    approving.approve(request, by=arena.managers[1])


@race("eight resolvers look once")
def resolvers(arena: Arena, number: int) -> None:
    operation = asked(arena, Kind.DEPOSIT, number)
    arena.partners.fault("close_after_apply", match={"reference": operation.reference})
    send(operation.pk, holder="worker 0")
    Operation.objects.filter(pk=operation.pk).update(next_lookup_at=clock.now())

    arena.all_at_once(lambda racer: resolve(operation.pk, holder=f"worker {racer}"))

    assert Lookup.objects.filter(operation=operation).count() == 1
    assert_paid_once(arena, operation)
    assert told_of(operation)[-2:] == ["operation.in_doubt", "operation.completed"]


def assert_paid_once(arena: Arena, operation: Operation) -> None:
    """Hold that one request was sent and arrived, and that it is one completed order."""
    held = arena.partners.ledger(reference=operation.reference)
    assert len(held["arrivals"]) == 1
    assert [order["status"] for order in held["orders"]] == ["completed"]
    assert Attempt.objects.filter(operation=operation).count() == 1
    assert now(operation).state == State.COMPLETED

"""Write down what an attempt proved: answer, state, mirrored order and audit entry, at once.

Tried three times when the database stumbles, then left to the resolver.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction

from backoffice.accounts.actors import System
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.models import AttemptOutcome, Operation
from backoffice.funding.queries import may_have_been_paid, waiting_to_be_sent
from backoffice.funding.services import late_orders
from backoffice.funding.services.answers import answer_fields, code_text, signed_at
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.claiming import Claim
from backoffice.funding.services.doorbells import ring_to_resolve, ring_to_send
from backoffice.funding.services.moving import NO_LEASE, locked, move
from backoffice.funding.services.verdicts import NEEDS_NO_LEASE, state_after
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.orders.services import mirror_order
from backoffice.partner.coinmena import payloads
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import Verdict
from backoffice.worker.bells import DATABASE_TROUBLE

TRIES: Final = 3
FIRST_LOOKUP_SECONDS: Final = 2
TURNED_UP: Final = "the order of an operation in review turned up"
IN_REVIEW_LOOK_EVERY: Final = timedelta(minutes=5)

log = structlog.get_logger(__name__)


def record_answer(claim: Claim, exchange: Exchange, verdict: Verdict) -> None:
    """Store the answer to ``claim``'s request and move the operation on as far as the evidence and the lease allow.

    :raises Error, ConnectorException: when the database refused it three times; the resolver finds out by itself.
    """
    for remaining in reversed(range(TRIES)):
        try:
            _record(claim, exchange, verdict)
        except DATABASE_TROUBLE:
            connection.close()
            if not remaining:
                log.exception("funding_outcome_not_stored", reference=claim.intended.reference)
                raise
            clock.sleep(0.2)
        else:
            return


def _record(claim: Claim, exchange: Exchange, verdict: Verdict) -> None:
    with transaction.atomic():
        operation = locked(claim.operation_id)
        attempts = attempts_of(operation)
        if attempts.is_answered(claim.attempt_id):
            return  # the commit before this try had gone through, only its confirmation was lost
        AttemptOutcome.objects.create(
            attempt_id=claim.attempt_id,
            kind=AttemptOutcome.Kind.ANSWER,
            row=verdict.row,
            signed_at=signed_at(exchange),
            **answer_fields(exchange, evidence=verdict.evidence, sentence=verdict.sentence, code=verdict.code),
        )
        to = state_after(verdict, is_another_open=attempts.is_another_open(claim.attempt_id))
        if to is State.FAILED and verdict.order is None and may_have_been_paid(operation):
            # Another request made it, of which a restored backup knows nothing: a refusal closes only its own attempt.
            to = State.UNKNOWN
        is_held = _holds_lease(operation, claim)
        apply(operation, to, verdict, by=System(claim.holder), holds_lease=is_held, asked_at=claim.claimed_at)
        failpoint(Failpoint.C10)
    failpoint(Failpoint.C11)


def apply(
    operation: Operation, to: State, verdict: Verdict, *, by: System, holds_lease: bool, asked_at: datetime
) -> None:
    """Move a locked operation to the state its evidence leads to, if whoever brings it may.

    Without the lease only `completed` is written; anything else stays stored as evidence for the resolver.

    :param asked_at: when the partner was asked for what the evidence says; the mirror keeps what was asked for last.
    """
    if verdict.alarm:
        log.error("funding_alarm", reference=operation.reference, row=verdict.row)
    if verdict.order is not None:
        mirror_or_report(verdict.order, asked_at)
    if to is State.COMPLETED and _is_order_of_another(operation, verdict):
        to = State.REVIEW
    if operation.state == State.REVIEW and to is State.COMPLETED:
        log.error("funding_alarm", reference=operation.reference, because=TURNED_UP)
    is_open = operation.state in (State.SUBMITTING, State.UNKNOWN)
    if not is_open or to == operation.state or not (holds_lease or to in NEEDS_NO_LEASE):
        if verdict.order is not None:
            late_orders.notice(operation, verdict.order)
        return
    _move(operation, to, verdict, by)


def mirror_or_report(order: payloads.Order, asked_at: datetime) -> None:
    """Mirror the order in the same transaction. One that cannot be stored becomes an incident, not our undoing."""
    try:
        mirror_order(order, read_at=asked_at)
    except Order.DoesNotExist:
        log.exception("funding_order_not_mirrored", order=order.id)


def _move(operation: Operation, to: State, verdict: Verdict, by: System) -> None:
    """Ring for what comes next, then move: the move locks the head of the audit log, which everybody waits for."""
    if to is State.UNKNOWN:
        ring_to_resolve(operation.pk, FIRST_LOOKUP_SECONDS)
    next_of_client = waiting_to_be_sent(clock.now()).filter(client_id=operation.client_id).exclude(pk=operation.pk)
    for operation_id in next_of_client.values_list("id", flat=True)[:1]:
        ring_to_send(operation_id)
    event = "operation.returned" if to is State.APPROVED else ""
    move(operation, to, by=by, event=event, said=verdict.sentence, **_changes(operation, to, verdict))


def _changes(operation: Operation, to: State, verdict: Verdict) -> dict[str, Any]:
    if to is State.COMPLETED and verdict.order is not None:
        return {**NO_LEASE, "partner_order_id": verdict.order.id, "next_lookup_at": None}
    if to is State.FAILED:
        return {**NO_LEASE, **_failure(verdict), "next_lookup_at": None}
    if to not in (State.UNKNOWN, State.REVIEW):
        return NO_LEASE
    now = clock.now()
    wait = timedelta(seconds=FIRST_LOOKUP_SECONDS) if to is State.UNKNOWN else IN_REVIEW_LOOK_EVERY
    doubt = {"in_doubt_since": operation.in_doubt_since or now, "next_lookup_at": now + wait}
    return {**NO_LEASE, **doubt, **(_failure(verdict) if to is State.REVIEW else {})}


def _failure(verdict: Verdict) -> dict[str, Any]:
    return {"failure_code": code_text(verdict.code), "failure_sentence": verdict.sentence}


def _holds_lease(operation: Operation, claim: Claim) -> bool:
    is_ours = operation.state == State.SUBMITTING and operation.lease_token == claim.token
    return is_ours and operation.lease_until is not None and operation.lease_until > clock.now()


def _is_order_of_another(operation: Operation, verdict: Verdict) -> bool:
    if verdict.order is None:
        return False
    return Operation.objects.filter(partner_order_id=verdict.order.id).exclude(pk=operation.pk).exists()

"""Claim an operation: durable before the first byte is sent, and the last place where a send can be refused.

Everything that was true at approval is checked again under the locks, gate → client → operation → approval.
The gate's row is read FOR SHARE: whoever halts, pauses or freezes locks it, so once that is committed no claim gets
past it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction

from backoffice.accounts.actors import System
from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.models import Attempt, Gate, Operation
from backoffice.funding.policies import MOST_ATTEMPTS_IN_DOUBT, may_retry_at, why_not_flowing, why_not_in_force
from backoffice.funding.policies_freezing import why_frozen, why_not_here
from backoffice.funding.queries import attempts_made
from backoffice.funding.services.brakes import keep_to_environment
from backoffice.funding.services.intents import body_for, digest_of, intended_order
from backoffice.funding.services.moving import locked, move
from backoffice.funding.states import State
from backoffice.mirror.partners import coinmena
from backoffice.partner.coinmena.payloads import OrderKind
from backoffice.partner.outcome import IntendedOrder

#: A worker begins to send within this time of its claim or not at all; so the lease outlives every request.
BEGIN_WITHIN_SECONDS: Final = 20
HOLDER_LENGTH: Final = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right, and the duty, to send one request. ``send_before`` is in this process's monotonic seconds."""

    operation_id: int
    attempt_id: int
    token: UUID
    holder: str
    kind: OrderKind
    body: bytes
    intended: IntendedOrder
    send_before: float


def lease_length() -> timedelta:
    """Return how long a worker may hold an operation: time to begin, and the whole deadline of one request."""
    return timedelta(seconds=settings.COINMENA_DEADLINE_SECONDS + BEGIN_WITHIN_SECONDS)


def claim(operation_id: int, holder: str) -> Claim | None:
    """Take an approved operation to send it; None when it must not, or cannot, be sent now.

    Commits by itself: inside another transaction it raises instead of quietly delaying the commit.
    """
    began = clock.monotonic()
    keep_to_environment(coinmena().environment, holder)
    with transaction.atomic(durable=True):
        gate, operation = _lock_in_order(operation_id)
        now = clock.now()
        obstacle = _why_not_approved(operation, now) or _why_not_now(gate, operation, now)
        if obstacle:
            log.info("funding_not_claimed", reference=operation.reference, because=obstacle)
            return None
        claimed = _take(operation, holder, now, began)
        failpoint(Failpoint.C4)
        return claimed


def claim_again(operation_id: int, token: UUID, holder: str) -> Claim | None:
    """Take an operation in doubt to send the same bytes under the same reference once more (reliability.md §7).

    :param token: the resolver's lease; whoever lost it may not send.
    """
    began = clock.monotonic()
    keep_to_environment(coinmena().environment, holder)
    with transaction.atomic(durable=True):
        gate, operation = _lock_in_order(operation_id)
        now = clock.now()
        obstacle = _why_not_in_doubt(operation, token, now) or why_not_here(gate, coinmena().environment)
        obstacle = obstacle or why_not_again(gate, operation, now)
        if obstacle or _is_client_busy(operation):
            log.info("funding_not_sent_again", reference=operation.reference, because=obstacle or "client busy")
            return None
        claimed = _take(operation, holder, now, began)
        failpoint(Failpoint.C4)
        return claimed


def why_not_again(gate: Gate, operation: Operation, now: datetime) -> str:
    """Say why an operation in doubt is not sent again, even if nothing of it is at the partner; empty when it may."""
    count, _last = attempts_made(operation)
    if count >= MOST_ATTEMPTS_IN_DOUBT:
        return "as many attempts were made as are allowed"
    return why_not_flowing(gate, now) or _why_frozen(operation) or why_not_in_force(operation, now)


def _lock_in_order(operation_id: int) -> tuple[Gate, Operation]:
    client_id = Operation.objects.values_list("client_id", flat=True).get(pk=operation_id)
    gate = Gate.objects.raw("SELECT * FROM funding_gate WHERE id = 1 FOR SHARE")[0]
    Client.objects.select_for_update(no_key=True).get(pk=client_id)
    return gate, locked(operation_id)


def _why_not_approved(operation: Operation, now: datetime) -> str:
    if operation.state != State.APPROVED:
        return f"it is {operation.state}"
    return why_not_in_force(operation, now)


def _why_not_now(gate: Gate, operation: Operation, now: datetime) -> str:
    count, last = attempts_made(operation)
    not_before = may_retry_at(last, count)
    if not_before is not None and not_before > now:
        return "it came back unsent a moment ago"
    stopped = why_not_flowing(gate, now) or why_not_here(gate, coinmena().environment) or _why_frozen(operation)
    return stopped or ("the client is busy" if _is_client_busy(operation) else "")


def _why_frozen(operation: Operation) -> str:
    return why_frozen(operation.kind, operation.client_id, operation.asset_id)


def _why_not_in_doubt(operation: Operation, token: UUID, now: datetime) -> str:
    if operation.state != State.UNKNOWN:
        return f"it is {operation.state}"
    is_ours = operation.lease_token == token and operation.lease_until is not None and operation.lease_until > now
    return "" if is_ours else "another worker has it"


def _is_client_busy(operation: Operation) -> bool:
    submitting = Operation.objects.filter(client_id=operation.client_id, state=State.SUBMITTING)
    return submitting.exclude(pk=operation.pk).exists()


def _take(operation: Operation, holder: str, now: datetime, began: float) -> Claim:
    token, lease_until, body = uuid4(), now + lease_length(), body_for(operation)
    holder = holder[:HOLDER_LENGTH]
    attempt = Attempt.objects.create(
        operation=operation,
        number=attempts_made(operation)[0] + 1,
        lease_token=token,
        worker=holder,
        environment=coinmena().environment,
        body=body,
        body_digest=digest_of(body),
        planned_at=lease_until,
        claimed_at=now,
    )
    lease: dict[str, Any] = {"lease_token": token, "lease_until": lease_until, "lease_holder": holder}
    move(operation, State.SUBMITTING, by=System(holder), **lease)
    return Claim(
        operation_id=operation.pk,
        attempt_id=attempt.pk,
        token=token,
        holder=holder,
        kind=OrderKind(operation.kind),
        body=body,
        intended=intended_order(operation),
        send_before=began + BEGIN_WITHIN_SECONDS,
    )

"""Claim an operation: durable before the first byte is sent, and the last place where a send can be refused.

Everything that was true at approval is checked again under the locks, gate → client → operation → approval.
The gate's row is read FOR SHARE: whoever halts, pauses or freezes locks it, so once that is committed no claim gets
past it.

A commit whose connection dropped is itself unknown: it is read again over a new one, and nothing is sent on a claim
that cannot be seen there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import System
from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.freezing.policies import why_frozen, why_not_here
from backoffice.funding.models import Attempt, Gate, Operation
from backoffice.funding.policies import MOST_ATTEMPTS_IN_DOUBT, may_retry_at, why_not_flowing, why_not_in_force
from backoffice.funding.queries import attempts_made, attempts_that_left
from backoffice.funding.services.brakes import keep_to_environment
from backoffice.funding.services.gate import share_gate
from backoffice.funding.services.intents import body_for, digest_of, intended_order
from backoffice.funding.services.moving import locked, move
from backoffice.funding.states import State
from backoffice.mirror.partners import coinmena
from backoffice.partner.coinmena.payloads import OrderKind
from backoffice.partner.http import SendBy
from backoffice.partner.outcome import IntendedOrder

#: A worker signs its request within this time of its claim, or never sends it; and it has as long again to write the
#: answer down, so the lease outlives every request by that.
BEGIN_WITHIN_SECONDS: Final = 10
HOLDER_LENGTH: Final = 64
#: An operation never changes its client, so which row to lock is read with it.
_LOCK_CLIENT: Final = """
    SELECT * FROM clients_client WHERE id = (SELECT client_id FROM funding_operation WHERE id = %s) FOR NO KEY UPDATE
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right, and the duty, to send one request, signed by ``send_by`` or never."""

    operation_id: int
    attempt_id: int
    claimed_at: datetime
    token: UUID
    holder: str
    kind: OrderKind
    body: bytes
    intended: IntendedOrder
    send_by: SendBy


def lease_length() -> timedelta:
    """Return how long a worker may hold an operation: to begin, to send within its deadline, to write the answer."""
    return timedelta(seconds=settings.COINMENA_DEADLINE_SECONDS + 2 * BEGIN_WITHIN_SECONDS)


def asking_time() -> float:
    """Return for how many seconds of a lease a look-up may be begun: its whole deadline comes after, and time to write
    down what it brought."""
    return lease_length().total_seconds() - float(settings.COINMENA_DEADLINE_SECONDS) - BEGIN_WITHIN_SECONDS / 2


def claim(operation_id: int, holder: str) -> Claim | None:
    """Take an approved operation to send it; None when it must not, or cannot, be sent now.

    Commits by itself: inside another transaction it raises instead of quietly delaying the commit.
    """
    keep_to_environment(coinmena().environment, holder)
    return _confirmed(lambda: _claim(operation_id, holder))


def _claim(operation_id: int, holder: str) -> Claim | None:
    gate, operation = _lock_in_order(operation_id)
    began, now = clock.monotonic(), clock.now()
    made, last_at = attempts_made(operation, now)
    obstacle = _why_not_approved(operation, now) or _why_not_now(gate, operation, made, last_at, now)
    if obstacle:
        log.info("funding_not_claimed", reference=operation.reference, because=obstacle)
        return None
    return _take(operation, made + 1, holder, now, began)


def claim_again(operation_id: int, token: UUID, holder: str) -> Claim | None:
    """Take an operation in doubt to send the same bytes under the same reference once more (reliability.md §7).

    :param token: the resolver's lease; whoever lost it may not send.
    """
    keep_to_environment(coinmena().environment, holder)
    return _confirmed(lambda: _claim_again(operation_id, token, holder))


def _claim_again(operation_id: int, token: UUID, holder: str) -> Claim | None:
    gate, operation = _lock_in_order(operation_id)
    began, now = clock.monotonic(), clock.now()
    obstacle = _why_not_in_doubt(operation, token, now) or why_not_here(gate, coinmena().environment)
    obstacle = obstacle or _why_elsewhere(gate) or why_not_again(gate, operation, now)
    if obstacle or _is_client_busy(operation):
        log.info("funding_not_sent_again", reference=operation.reference, because=obstacle or "client busy")
        return None
    return _take(operation, attempts_made(operation, now)[0] + 1, holder, now, began)


def _confirmed(take: Callable[[], Claim | None]) -> Claim | None:
    """Commit what ``take`` claims, and return it once it is certain to be durable.

    :raises Error: when the database failed and the claim cannot be seen over a new connection. It may still be there:
        then its lease runs out and the resolver takes over.
    """
    claimed = None
    try:
        with transaction.atomic(durable=True):
            claimed = take()
            if claimed is not None:
                failpoint(Failpoint.C4)
    except Error:
        connection.close()
        if claimed is None or not Attempt.objects.filter(lease_token=claimed.token).exists():
            raise
        log.warning("funding_claim_read_again", reference=claimed.intended.reference)
    return claimed


def why_not_again(gate: Gate, operation: Operation, now: datetime) -> str:
    """Say why an operation in doubt is not sent again, even if nothing of it is at the partner; empty when it may."""
    if attempts_that_left(operation) >= MOST_ATTEMPTS_IN_DOUBT:
        return _("It was sent as often as is allowed.")
    return why_not_flowing(gate, now) or _why_frozen(operation) or why_not_in_force(operation, now)


def _lock_in_order(operation_id: int) -> tuple[Gate, Operation]:
    gate = share_gate()
    client = Client.objects.raw(_LOCK_CLIENT, [operation_id])[0]
    return gate, locked(operation_id, client)


def _why_not_approved(operation: Operation, now: datetime) -> str:
    if operation.state != State.APPROVED:
        return f"it is {operation.state}"
    return why_not_in_force(operation, now)


def _why_not_now(gate: Gate, operation: Operation, made: int, last_at: datetime | None, now: datetime) -> str:
    not_before = may_retry_at(last_at, made)
    if not_before is not None and not_before > now:
        return "it came back unsent a moment ago"
    stopped = why_not_flowing(gate, now) or why_not_here(gate, coinmena().environment) or _why_elsewhere(gate)
    stopped = stopped or _why_frozen(operation)
    return stopped or ("the client is busy" if _is_client_busy(operation) else "")


def _why_elsewhere(gate: Gate) -> str:
    """A pooler between may have switched servers since `keep_to_environment` asked; the next sweep locks."""
    return "" if gate.is_here else "the database server is another one"


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


def _take(operation: Operation, number: int, holder: str, now: datetime, began: float) -> Claim:
    token, lease_until, body = uuid4(), now + lease_length(), body_for(operation)
    holder, client = holder[:HOLDER_LENGTH], coinmena()
    # Whichever of the two clocks is ahead: no signature that this claim leads to is younger.
    planned_at = max(now, client.signing_time) + timedelta(seconds=BEGIN_WITHIN_SECONDS)
    attempt = Attempt.objects.create(
        operation=operation,
        number=number,
        lease_token=token,
        worker=holder,
        environment=client.environment,
        body=body,
        body_digest=digest_of(body),
        planned_at=planned_at,
        claimed_at=now,
        last_lookup=operation.lookups.order_by("-id").first() if number > 1 else None,
    )
    lease: dict[str, Any] = {"lease_token": token, "lease_until": lease_until, "lease_holder": holder}
    move(operation, State.SUBMITTING, by=System(holder), **lease)
    return Claim(
        operation_id=operation.pk,
        attempt_id=attempt.pk,
        claimed_at=now,
        token=token,
        holder=holder,
        kind=OrderKind(operation.kind),
        body=body,
        intended=intended_order(operation),
        send_by=SendBy(began + BEGIN_WITHIN_SECONDS, int(planned_at.timestamp() * 1000)),
    )

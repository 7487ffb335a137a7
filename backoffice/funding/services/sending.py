"""Send one operation: commit the claim, POST once outside any transaction, commit the outcome (reliability.md §4)."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError, connection

from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.services.brakes import brake
from backoffice.funding.services.claiming import Claim, claim, claim_again
from backoffice.funding.services.lookups import look_up_at_once
from backoffice.funding.services.recording import record_answer
from backoffice.mirror.partners import coinmena
from backoffice.partner.exchange import AnswerHeaders, Exchange, Fault
from backoffice.partner.outcome import Verdict, judge_post

log = structlog.get_logger(__name__)


def send(operation_id: int, *, holder: str) -> bool:
    """Claim an approved operation and send it; False when it was not claimed. Ringing twice sends once."""
    claimed = claim(operation_id, holder)
    if claimed is not None:
        _send(claimed)
    return claimed is not None


def send_again(operation_id: int, token: UUID, *, holder: str) -> bool:
    """Send the same bytes of an operation in doubt once more, after its absence has been proven as far as re-sending
    needs; False when it was not claimed."""
    claimed = claim_again(operation_id, token, holder)
    if claimed is not None:
        _send(claimed)
    return claimed is not None


def _send(claimed: Claim) -> None:
    client = coinmena()
    is_in_time = clock.monotonic() < claimed.send_before
    failpoint(Failpoint.C5)
    exchange = client.post_order(claimed.kind, claimed.body) if is_in_time else _begun_too_late(claimed)
    failpoint(Failpoint.C9)
    verdict = _judge(claimed, exchange)
    _brake(claimed, exchange, verdict, client.clock_skew)
    record_answer(claimed, exchange, verdict)


def _brake(claimed: Claim, exchange: Exchange, verdict: Verdict, clock_skew: float | None) -> None:
    """Slow or stop sending where the answer says so; trouble in doing it must not cost us the answer."""
    is_answered = exchange.status is not None
    try:
        brake(verdict, is_answered=is_answered, clock_skew=clock_skew if is_answered else None, holder=claimed.holder)
    except DatabaseError:
        log.exception("funding_brake_failed", reference=claimed.intended.reference)
        connection.close()


def _judge(claimed: Claim, exchange: Exchange) -> Verdict:
    """Say what the answer proves; where the reference is taken, after asking for the order that took it."""
    verdict = judge_post(exchange, claimed.intended)
    if not verdict.must_look_up:
        return verdict
    try:
        lookup = look_up_at_once(claimed.operation_id, claimed.intended.reference, claimed.holder)
    except DatabaseError:
        log.exception("funding_lookup_not_stored", reference=claimed.intended.reference)
        connection.close()
        return verdict
    return verdict if lookup is None else judge_post(exchange, claimed.intended, lookup=lookup)


def _begun_too_late(claimed: Claim) -> Exchange:
    """The worker was held up between its claim and its send for so long that its lease might end under way."""
    log.warning("funding_begun_too_late", reference=claimed.intended.reference)
    return Exchange(
        request_id=uuid4().hex,
        method="POST",
        path="",
        started_at=datetime.now(UTC),
        duration_seconds=0.0,
        status=None,
        headers=AnswerHeaders(),
        body=b"",
        fault=Fault.TIMEOUT,
        bytes_may_have_been_sent=False,
    )

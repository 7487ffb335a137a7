"""Send one operation: commit the claim, POST once outside any transaction, commit the outcome (reliability.md §4)."""

from dataclasses import replace
from uuid import UUID

import structlog
from django.db import connection

from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.services.brakes import brake
from backoffice.funding.services.claiming import Claim, claim, claim_again
from backoffice.funding.services.lookups import look_up_at_once
from backoffice.funding.services.recording import record_answer
from backoffice.mirror.partners import coinmena
from backoffice.partner.exchange import Exchange
from backoffice.partner.outcome import Verdict, judge_post, unjudged
from backoffice.worker.bells import DATABASE_TROUBLE

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
    failpoint(Failpoint.C5)
    exchange = client.post_order(claimed.kind, claimed.body, send_by=claimed.send_by)
    failpoint(Failpoint.C9)
    verdict = _judge(claimed, exchange)
    _brake(claimed, exchange, verdict)
    record_answer(claimed, exchange, verdict)


def _brake(claimed: Claim, exchange: Exchange, verdict: Verdict) -> None:
    """Slow or stop sending where the answer says so; trouble in doing it must not cost us the answer."""
    try:
        brake(verdict, clock_skew=exchange.clock_skew, holder=claimed.holder)
    except DATABASE_TROUBLE:
        log.exception("funding_brake_failed", reference=claimed.intended.reference)
        connection.close()


def _judge(claimed: Claim, exchange: Exchange) -> Verdict:
    """Say what the answer proves; where the reference is taken, after asking for the order that took it.

    Trouble in asking, or in judging with what was found, leaves standing what the answer itself proves: that the
    partner said it has the reference keeps it from ever being closed as absent.
    """
    verdict = _judged(claimed, exchange)
    if not verdict.must_look_up:
        return verdict
    reference = claimed.intended.reference
    try:
        lookup = look_up_at_once(claimed.operation_id, reference, claimed.holder, coinmena())
        return verdict if lookup is None else judge_post(exchange, claimed.intended, lookup=lookup)
    except DATABASE_TROUBLE:
        log.exception("funding_lookup_not_stored", reference=reference)
        connection.close()
        return verdict
    except Exception:
        log.exception("funding_alarm", reference=reference, because="the look-up of a taken reference was not judged")
        return replace(verdict, must_look_up=False, alarm=True)


def _judged(claimed: Claim, exchange: Exchange) -> Verdict:
    """Judge an answer; a fault in judging must not cost us the answer either, so it proves nothing and calls people."""
    try:
        return judge_post(exchange, claimed.intended)
    except Exception:
        log.exception("funding_alarm", reference=claimed.intended.reference, because="the answer was not judged")
        return unjudged(exchange)

"""Operations in review and their closings: by the services, and by hand as far as the triggers ask."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision, Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.closing.attachments import Attachment
from backoffice.funding.models import Closing, ClosingEvidence, Operation
from backoffice.funding.services.claiming import lease_length
from backoffice.funding.services.closing import ClaimedOutcome
from backoffice.funding.services.moving import NO_LEASE, locked, move
from backoffice.funding.services.resolving import NO_PROOF
from backoffice.funding.states import State
from tests.approving import approve, ask_to_close, shown
from tests.funding.cast import WORKER, deposit, now, sent
from tests.partners import Partners

LETTER = Attachment("letter.pdf", "application/pdf", b"%PDF-1.7 CoinMENA wrote this")


def in_review(coinmena: Partners, by: Person, client: Client, asset: Asset, amount: str = "1000.00") -> Operation:
    """Return a deposit that never reached the partner and that nobody could prove: people have to look."""
    coinmena.fault("close_before_apply", match={"method": "POST"})
    return reviewed(sent(deposit(by, client, asset, amount)))


def reviewed(operation: Operation) -> Operation:
    """Move an operation in doubt to review, as its hour without proof would."""
    with transaction.atomic():
        one = locked(operation.pk)
        move(one, State.REVIEW, by=System(WORKER), said=NO_PROOF, failure_sentence=NO_PROOF, **NO_LEASE)
    return now(operation)


def being_looked_up(operation: Operation) -> None:
    """Let a slow look-up of ours have its turn: its lease holds for longer than anybody waits for a page."""
    until = clock.now() + lease_length()
    lease = {"lease_token": uuid4(), "lease_until": until, "lease_holder": WORKER}
    Operation.objects.filter(pk=operation.pk).update(**lease)


def claim(outcome: str = "failed", **details: Any) -> ClaimedOutcome:
    """Say what finance would say with CoinMENA's letter in hand."""
    known = {
        "outcome": Closing.Outcome(outcome),
        "reason_code": Closing.ReasonCode.CONFIRMED,
        "statement": "Rana of CoinMENA wrote on Monday that no such order exists.",
        "evidence": [LETTER],
    }
    return ClaimedOutcome(**{**known, **details})


def asked(operation: Operation, by: Person, outcome: str = "failed", **details: Any) -> Closing:
    """Ask for a closing by the service."""
    return ask_to_close(operation, claim(outcome, **details), by)


def signed(closing: Closing, by: Person) -> Operation:
    """Sign a closing by the engine, and return the operation as it is then."""
    approve(closing.approval, by)
    return now(closing.operation)


def landed(coinmena: Partners, operation: Operation, **details: Any) -> int:
    """Let an order appear at the partner under the operation's reference, and return its id."""
    meant = {"reference": operation.reference, "type": operation.kind, "amount": str(operation.amount), **details}
    return int(coinmena.make_order(operation.client.partner_client_id, **meant)["id"])


def signed_closing(operation: Operation, to: State, *, asked_by: Person, signed_by: Person, **details: Any) -> Closing:
    """Return a closing of ``operation``, approved and with its evidence, put into the database by hand.

    :param details: ``evidence``, ``decided`` or ``shown`` as False, to leave out what the triggers ask for.
    """
    now, fingerprint = timezone.now(), "c" * 64
    request = Request.objects.create(
        kind="closing",
        subject=f"{operation.reference}-closing-1",
        title="Closing",
        fingerprint=fingerprint,
        rule="Every closing by hand",
        rule_version=1,
        requested_by=asked_by,
        requested_at=now,
        asked_with=shown(asked_by, fingerprint, now) if details.get("shown", True) else None,
        valid_until=now + timedelta(days=7),
    )
    closing = Closing.objects.create(
        key=request.subject,
        operation=operation,
        outcome=to,
        reason_code=Closing.ReasonCode.CONFIRMED,
        statement="CoinMENA's letter of today",
        order_id=operation.pk if to is State.COMPLETED else None,
        fingerprint=fingerprint,
        approval=request,
        asked_by=asked_by,
        asked_at=now,
    )
    if details.get("evidence", True):
        ClosingEvidence.objects.create(
            closing=closing, name="letter.txt", media_type="text/plain", content=b"letter", size=6, digest="d" * 64
        )
    if details.get("decided", True):
        Decision.objects.create(
            request=request,
            requested_by=asked_by,
            decided_by=signed_by,
            verdict=Decision.Verdict.APPROVED,
            fingerprint=fingerprint,
            proof=shown(signed_by, fingerprint, now),
            decided_at=now,
        )
        Request.objects.filter(pk=request.pk, state=F("state")).update(state="approved", closed_at=now)
    return closing

"""A closing that two people signed, put into the database by hand: what the triggers ask to see."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.rules import EVERY_CLOSING
from backoffice.funding.models import Closing, ClosingEvidence, Operation
from backoffice.funding.states import State


def signed_closing(operation: Operation, to: State, *, asked_by: Person, signed_by: Person) -> Closing:
    """Return a closing of ``operation``, approved and with its evidence, that nothing has come of yet."""
    now, fingerprint = timezone.now(), "c" * 64
    request = Request.objects.create(
        kind="closing",
        subject=f"{operation.reference}-closing-1",
        title="Closing",
        fingerprint=fingerprint,
        rule=EVERY_CLOSING.name,
        rule_version=EVERY_CLOSING.version,
        requested_by=asked_by,
        requested_at=now,
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
    ClosingEvidence.objects.create(
        closing=closing, name="letter.txt", media_type="text/plain", content=b"letter", size=6, digest="d" * 64
    )
    Decision.objects.create(
        request=request,
        requested_by=asked_by,
        decided_by=signed_by,
        verdict=Decision.Verdict.APPROVED,
        fingerprint=fingerprint,
        decided_at=now,
    )
    Request.objects.filter(pk=request.pk, state=F("state")).update(state="approved", closed_at=now)
    return closing

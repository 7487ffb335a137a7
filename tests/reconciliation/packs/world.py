"""Everything a pack can hold: an operation with answers, look-ups, a closing with a file; an exception; a day."""

import hashlib
import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.audit.services import record
from backoffice.funding.models import (
    AttemptOutcome,
    Closing,
    ClosingEvidence,
    Lookup,
    LookupAnswer,
    Operation,
)
from backoffice.funding.models.evidence import Evidence
from backoffice.funding.states import State
from backoffice.reconciliation.models import DayReport, ExceptionItem, ReferenceCheck
from backoffice.reconciliation.services import days
from backoffice.reconciliation.services import exceptions as services
from tests.reconciliation import rows
from tests.reconciliation.days import cast
from tests.reconciliation.rows import Ours, Theirs

NOON = cast.NOON
LETTER = b"%PDF-1.7 CoinMENA wrote this\x00\xff"
NOTE = '=HYPERLINK("http://evil.example","open")'


def answered(operation: Operation, raw: bytes) -> None:
    """Have the partner answer the operation's request with `raw`, and a look-up, and a check of a run."""
    heard: dict[str, Any] = {"http_status": 200, "raw": raw, "request_id": "r-1", "sentence": "It was applied."}
    digest = hashlib.sha256(raw).hexdigest()
    AttemptOutcome.objects.create(
        attempt=operation.attempts.get(),
        kind="answer",
        row="A1",
        evidence=Evidence.APPLIED,
        signed_at=NOON,
        recorded_at=NOON + timedelta(seconds=1),
        raw_digest=digest,
        duration_ms=120,
        **heard,
    )
    lookup = Lookup.objects.create(operation=operation, worker="worker 2", environment="sandbox", asked_at=NOON)
    LookupAnswer.objects.create(
        lookup=lookup, evidence=Evidence.APPLIED, found=True, recorded_at=NOON, raw_digest=digest, **heard
    )
    ReferenceCheck.objects.create(
        reference=operation.reference, environment="sandbox", asked_at=NOON, found=True, raw=raw, sentence="There."
    )


def closing_of(operation: Operation, by: Person, name: str = "letter.pdf") -> ClosingEvidence:
    """A closing that waits, with one file."""
    request = Request.objects.create(
        kind="closing",
        subject=f"closing-{operation.reference}-{operation.closings.count() + 1}",
        title="Close",
        fingerprint="1" * 64,
        rule="Every closing by hand",
        rule_version=1,
        requested_by=by,
        requested_at=timezone.now(),
        valid_until=timezone.now() + timedelta(days=1),
    )
    closing = Closing.objects.create(
        key=request.subject,
        operation=operation,
        outcome="failed",
        reason_code="absent",
        statement="Rana of CoinMENA wrote that no such order exists.",
        fingerprint="1" * 64,
        approval=request,
        asked_by=by,
        asked_at=timezone.now(),
    )
    return ClosingEvidence.objects.create(
        closing=closing,
        name=name,
        media_type="application/pdf",
        content=LETTER,
        size=len(LETTER),
        digest=hashlib.sha256(LETTER).hexdigest(),
    )


def odd(maya: Person, raw: bytes = b'{"order": {"amount": 499.50}}') -> ExceptionItem:
    """A deposit that CoinMENA says is half a dollar less, with a note, and entries of others between its own."""
    cast.orders_read()
    cast.paid("dep-1")
    cast.paid("dep-odd", theirs="499.50")
    operation = Operation.objects.get(reference="dep-odd")
    answered(operation, raw)
    record("operation.completed", by=maya, obj=operation, client="user_1", reason="Sent.")
    record("person.signed_in", by=maya)
    cast.run_of()
    item = ExceptionItem.objects.get(key="operation:dep-odd")
    services.note([item.pk], text=NOTE, by=maya)
    return item


def in_review(maya: Person, name: str = "letter.pdf") -> Operation:
    """An operation that people have to close, with a file attached to what one of them asked."""
    operation = rows.operation(Ours(reference="dep-review", at=NOON, state=State.REVIEW), maya)
    closing_of(operation, maya, name)
    return operation


def closed_day(item: ExceptionItem, maya: Person, omar: Person) -> DayReport:
    """The day of the exception, closed once it was dealt with."""
    services.carry([item.pk], text="Comes tomorrow.", by=maya)
    days.prepare(date=cast.DATE, by=maya)
    cast.reviewed(omar)
    return cast.closed(omar)


def another_order() -> None:
    """Something of the closed day that nobody knew when it was signed."""
    rows.order(Theirs(reference=None, at=NOON, amount=Decimal("12.00")))


def files_in(answer: HttpResponseBase) -> dict[str, bytes]:
    """Every file of a pack, in its order."""
    return unzipped(bytes_of(answer))


def bytes_of(answer: HttpResponseBase) -> bytes:
    assert answer.status_code == 200, answer.status_code
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}

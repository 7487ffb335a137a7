"""What was sent and what was heard, as text: without signatures and keys, otherwise as it was kept."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice.audit.canonical import instant
from backoffice.funding.models import Attempt, AttemptOutcome, ClosingEvidence, Lookup, Operation
from backoffice.funding.timeline import REDACTED, answered_text, asked_text, masked, story_of
from backoffice.orders.models import Order
from backoffice.reconciliation.models import ReferenceCheck
from backoffice.reconciliation.packs.parts import Document, safe_name, text_document
from backoffice.reconciliation.packs.redaction import redacted
from backoffice.ui.evidence import laid_out


def documents_of(operation: Operation) -> Iterator[Document]:
    """Every request for an operation with its answers, every look-up, the order, the files of its closings."""
    story, folder = story_of(operation), f"exchanges/{safe_name(operation.reference)}"
    for attempt in story.attempts:
        yield text_document(f"{folder}/attempt-{attempt.number:02d}.txt", attempt_text(attempt))
    for number, lookup in enumerate(story.lookups, 1):
        yield text_document(f"{folder}/look-up-{number:03d}.txt", lookup_text(lookup))
    yield from checks_of(ReferenceCheck.objects.filter(reference=operation.reference).order_by("id"), folder)
    yield from order_documents(operation.partner_order_id, folder)
    yield from attachments_of(operation)


def attempt_text(attempt: Attempt) -> str:
    """One request: what was sent under which claim, and each answer, a late one after a lost one."""
    outcomes = sorted(attempt.outcomes.all(), key=lambda one: one.pk)
    heard = [part for one in outcomes for part in answer_parts(one)] or [_("No answer is known.")]
    asked = asked_text(attempt, outcomes[0] if outcomes else AttemptOutcome())
    known = said(
        ("reference", attempt.operation.reference),
        ("attempt", attempt.number),
        ("worker", attempt.worker),
        ("environment", attempt.environment),
        ("claimed_at", attempt.claimed_at),
        ("body_sha256", attempt.body_digest),
    )
    return written(known, _("Asked"), asked, *heard)


def answer_parts(outcome: AttemptOutcome) -> list[str]:
    known = said(
        ("recorded_at", outcome.recorded_at),
        ("kind", outcome.kind),
        ("evidence", outcome.evidence),
        ("code", outcome.code),
        ("signed_at", outcome.signed_at),
        ("duration_ms", outcome.duration_ms),
        ("request_id", outcome.request_id),
        ("received_sha256", outcome.raw_digest),
        ("sentence", outcome.sentence),
    )
    return [_("Answered"), known, answered_text(outcome)]


def lookup_text(lookup: Lookup) -> str:
    """One look-up by reference, with its answer where one came."""
    asked = asked_for(lookup.operation.reference)
    known = said(("asked_at", lookup.asked_at), ("worker", lookup.worker), ("environment", lookup.environment))
    if not hasattr(lookup, "answer"):
        return written(known, _("Asked"), asked, _("No answer is known."))
    answer = lookup.answer
    heard = said(
        ("recorded_at", answer.recorded_at),
        ("http_status", answer.http_status),
        ("partner_date", answer.partner_date),
        ("found", answer.found),
        ("counts", answer.counts),
        ("conditions", answer.conditions),
        ("request_id", answer.request_id),
        ("received_sha256", answer.raw_digest),
        ("sentence", answer.sentence),
    )
    return written(known, _("Asked"), asked, _("Answered"), heard, laid_out(bytes(answer.raw)))


def checks_of(checks: Iterable[ReferenceCheck], folder: str) -> Iterator[Document]:
    """The look-ups made before a run called something missing."""
    for check in checks:
        yield text_document(f"{folder}/check-{check.pk}.txt", check_text(check))


def check_text(check: ReferenceCheck) -> str:
    known = said(
        ("asked_at", check.asked_at),
        ("environment", check.environment),
        ("http_status", check.http_status),
        ("found", check.found),
        ("order", check.order_id),
        ("request_id", check.request_id),
        ("duration_ms", check.duration_ms),
        ("sentence", check.sentence),
    )
    return written(_("Asked"), asked_for(check.reference), _("Answered"), known, laid_out(bytes(check.raw)))


def order_documents(order_id: int | None, folder: str) -> Iterator[Document]:
    """The order as it was last received."""
    order = Order.objects.filter(pk=order_id).first() if order_id else None
    if order is not None:
        text = written(said(("order", order.pk), ("read_at", order.read_at)), laid_out(bytes(order.raw)))
        yield text_document(f"{folder}/order-{order.pk}.txt", text)


def attachments_of(operation: Operation) -> Iterator[Document]:
    """The files attached to the closings of an operation, untouched, one at a time."""
    for file in attached_to(operation).order_by("id").iterator(1):
        folder = f"attachments/{safe_name(file.closing.key)}"
        yield Document(f"{folder}/{file.pk}-{safe_name(file.name)}", [bytes(file.content)], file.pk)


def attached_to(operation: Operation) -> QuerySet[ClosingEvidence]:
    return ClosingEvidence.objects.filter(closing__operation=operation).select_related("closing__operation__client")


def asked_for(reference: str) -> str:
    """The request of a look-up, without its signature."""
    partner = masked(settings.COINMENA_PARTNER_ID)
    return f"GET /v1/partner/orders/ref/{reference}\nX-Partner-ID: {partner}\nX-Signature: {REDACTED}"


def said(*pairs: tuple[str, object]) -> str:
    """Facts, one to a line; times in UTC, what is not known left out."""
    known = ((name, value) for name, value in pairs if value not in (None, ""))
    return "\n".join(f"{name}: {instant(value) if isinstance(value, datetime) else value}" for name, value in known)


def written(*parts: str) -> str:
    return redacted("\n\n".join(part for part in parts if part)) + "\n"

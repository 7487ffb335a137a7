"""What a decision of the approval engine does to an operation: this is the subject funding registers with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.subjects import NotKnown, Words
from backoffice.database import clock
from backoffice.funding import queries, unusual
from backoffice.funding.fingerprint import fingerprint_of
from backoffice.funding.models import Operation
from backoffice.funding.pages import preview_context
from backoffice.funding.policies import not_known_yet, why_not_cancel
from backoffice.funding.services.creating import SUBJECT_KIND
from backoffice.funding.services.doorbells import ring_to_send
from backoffice.funding.services.expiring import SCHEDULE
from backoffice.funding.services.moving import locked, move
from backoffice.funding.states import State


class OperationSubject:
    """An operation that waits for another person."""

    kind = SUBJECT_KIND
    preview_template = "funding/approval_preview.html"
    words = Words(
        approve=_("Approve"),
        to_subject=_("To the operation"),
        if_rejected=_(
            "The request ends here and nothing is sent. %(name)s sees your reason and can copy it to a new request. "
            "A rejection cannot be undone."
        ),
    )

    def lock(self, key: str) -> None:
        """Lock the operation, which comes before its request in the lock order."""
        Operation.objects.select_for_update(of=("self",), no_key=True).get(reference=key)

    def current_fingerprint(self, key: str) -> str:
        return fingerprint_of(Operation.objects.select_related("client").get(reference=key))

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return preview_context(queries.by_reference(request.subject), is_fresh=is_fresh)

    def url(self, key: str) -> str:
        return reverse("funding:detail", args=[key])

    def not_known_yet(self) -> NotKnown | None:
        """Say why nobody approves it after a restore before it is known what was paid since the backup."""
        return not_known_yet()

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Let a worker send it: the state, the audit entry and the bell commit with the decision."""
        operation = _operation_of(request)
        ring_to_send(operation.pk)
        move(operation, State.APPROVED, by=by, reason=note, approved_by=by, approved_at=now)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        _end_by_people(request, State.REJECTED, by, note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        _end_by_people(request, State.CANCELLED, by, "")

    def on_expired(self, request: Request, now: datetime) -> None:
        _end(request, State.EXPIRED, SCHEDULE, "")

    def why_not_taken_back(self, key: str) -> str:
        """Say why it is too late: once a worker has claimed it, only proof ends it."""
        operation = queries.by_reference(key)
        if operation.state == State.APPROVED:
            return why_not_cancel(operation)
        if operation.is_ended:
            return gettext("It is too late: it has ended already.")
        return gettext("It is too late: it has left us. Only proof can end it.")

    def on_taken_back(self, request: Request, by: Person, now: datetime) -> None:
        """Cancel what is approved and not claimed yet; it can be copied to a new request."""
        operation = _operation_of(request)
        sentence = self.why_not_taken_back(request.subject)
        if sentence:
            raise Conflict(sentence)
        reason = f"{by.name} took the approval back before anything was sent."
        move(operation, State.CANCELLED, by=by, event="operation.approval_taken_back", reason=reason)

    def unusual(self, requests: Sequence[Request]) -> dict[str, str]:
        """Name what should be read one by one before several are approved together."""
        about = queries.operations().filter(reference__in=[request.subject for request in requests])
        return unusual.sentences_of([unusual.movement_of(one) for one in about], clock.now())

    def current_fingerprints(self, requests: Sequence[Request]) -> dict[str, str]:
        about = queries.operations().filter(reference__in=[request.subject for request in requests])
        return {one.reference: fingerprint_of(one) for one in about}


def _operation_of(request: Request) -> Operation:
    return locked(Operation.objects.values_list("pk", flat=True).get(reference=request.subject))


def _end_by_people(request: Request, to: State, by: Person, reason: str) -> None:
    """End what nobody wants any more, unless it may have been approved and sent before a backup was restored.

    :raises Conflict: then.
    """
    sentence = why_not_cancel(_operation_of(request))
    if sentence:
        raise Conflict(sentence)
    _end(request, to, by, reason)


def _end(request: Request, to: State, by: Actor, reason: str) -> None:
    move(_operation_of(request), to, by=by, reason=reason)

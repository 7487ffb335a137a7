"""What a manager's decision does to a closing: this is the second subject funding registers with the engine."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.subjects import Words
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.funding.closing.pages import preview_context
from backoffice.funding.models import Operation
from backoffice.funding.purposes import AT_DECISION
from backoffice.funding.services import closing as closings
from backoffice.funding.services.expiring import SCHEDULE
from backoffice.funding.services.resolving import look_now


class ClosingSubject:
    """A closing that waits to be signed by a manager."""

    kind = closings.SUBJECT_KIND
    preview_template = "funding/closing_preview.html"
    words = Words(
        approve=_("Sign the closing"),
        to_subject=_("To the operation"),
        if_rejected=_(
            "The closing ends here and the operation stays in review. %(name)s sees your reason and can ask for "
            "another closing. A rejection cannot be undone."
        ),
    )

    def lock(self, key: str) -> None:
        """Lock the operation, which comes before its request in the lock order."""
        Operation.objects.select_for_update(of=("self",), no_key=True).get(closings__key=key)

    def refresh(self, key: str) -> None:
        """Look the reference up once more, so that nobody signs what is known to be otherwise. Reads only.

        :raises NotLookedUp: when no look-up could be made.
        """
        closings.look_before(closings.closing_of(key).operation_id, holder=AT_DECISION)

    def current_fingerprint(self, key: str) -> str:
        return closings.current_fingerprint(key)

    def changed_sentence(self, key: str) -> str:
        reference = closings.closing_of(key).operation.reference
        return gettext(
            "Something new was found about %(reference)s after this closing was asked for, so nobody can sign it any "
            "more. Finance can look at it and ask for another closing."
        ) % {"reference": reference}

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        if is_fresh:
            look_now(closings.closing_of(request.subject).operation_id, holder=AT_DECISION)
        return preview_context(closings.closing_of(request.subject), is_fresh=is_fresh)

    def url(self, key: str) -> str:
        return reverse("funding:detail", args=[closings.closing_of(key).operation.reference])

    def history(self, request: Request) -> list[Entry]:
        """Return what the log tells of the operation: that its closing was asked for stands there."""
        return history_of(closings.closing_of(request.subject).operation, request)

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        closings.conclude(request, by, note)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        closings.let_go(request, "closing.rejected", by, note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        closings.let_go(request, "closing.cancelled", by)

    def on_expired(self, request: Request, now: datetime) -> None:
        closings.let_go(request, "closing.expired", SCHEDULE)

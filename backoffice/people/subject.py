"""What a decision does to a change of an account: the subject this app registers."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.subjects import Barred, Words
from backoffice.people import queries
from backoffice.people.pages.changes import preview_of
from backoffice.people.services import applying, proposing
from backoffice.people.states import ChangeState

SCHEDULE = System("schedule")


class AccountSubject:
    """An invitation, another role, a reactivation, the reset of a second factor. The person concerned is barred."""

    kind = str(RuleKind.ACCOUNT)
    preview_template = "people/preview.html"
    words = Words(
        approve=_("Approve"),
        to_subject=_("To the change"),
        if_rejected=_("The request ends here and the account stays as it is. %(name)s sees your reason."),
        barred=Barred(
            told=_("You cannot decide on this: it is about your own account."),
            told_for=_("You cannot decide on this for %(name)s: it is about their own account."),
            note=_("Their own account"),
        ),
    )

    def lock(self, key: str) -> None:
        """Lock who is concerned and the change, which come before the request in the lock order."""
        applying.locked_change(key)

    def current_fingerprint(self, key: str) -> str:
        return proposing.fingerprint_now(key)

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return preview_of(queries.changes().get(key=request.subject))

    def url(self, key: str) -> str:
        return reverse("people:change", args=[key])

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Change the account: the change, the mail and the audit entry commit with the decision."""
        applying.apply(request, by=by, note=note, now=now)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        applying.end(request.subject, ChangeState.REJECTED, "account.rejected", by=by, reason=note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        applying.end(request.subject, ChangeState.CANCELLED, "account.cancelled", by=by)

    def on_expired(self, request: Request, now: datetime) -> None:
        applying.end(request.subject, ChangeState.EXPIRED, "account.expired", by=SCHEDULE)

"""What a decision does to an exception that somebody wants to end by force."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.subjects import Words
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.funding.services.expiring import SCHEDULE
from backoffice.reconciliation.exceptions import forcing
from backoffice.reconciliation.exceptions.previewing import preview_of
from backoffice.reconciliation.models import ExceptionItem


class ResolutionSubject:
    """An exception that is to end although both sides differ. Whatever else becomes of the request, it opens again."""

    kind = forcing.KIND
    preview_template = "reconciliation/exceptions/preview.html"
    words = Words(
        approve=_("End the exception"),
        to_subject=_("To the exception"),
        if_rejected=_("The request ends here and the exception is open again. %(name)s sees your reason."),
    )

    def lock(self, key: str) -> None:
        """Lock the exception, which comes before its request in the lock order."""
        forcing.named(key)

    def current_fingerprint(self, key: str) -> str:
        return forcing.fingerprint_of(ExceptionItem.objects.get(pk=forcing.id_in(key)))

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return preview_of(request)

    def history(self, request: Request) -> list[Entry]:
        """Return what the log tells of the exception: who worked it stands there."""
        return history_of(ExceptionItem.objects.get(pk=forcing.id_in(request.subject)), request)

    def url(self, key: str) -> str:
        return reverse("reconciliation:exception", args=[forcing.id_in(key)])

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """End it: the exception, its history and the audit entry commit with the decision."""
        forcing.end(request, by=by, note=note, now=now)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        forcing.let_go(request, "exception.resolution_rejected", by=by, now=now, note=note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        forcing.let_go(request, "exception.resolution_cancelled", by=by, now=now)

    def on_expired(self, request: Request, now: datetime) -> None:
        forcing.let_go(request, "exception.resolution_expired", by=SCHEDULE, now=now)

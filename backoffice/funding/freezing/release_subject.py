"""What a decision does to a freeze: the subject that funding registers for releases."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.subjects import Words
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.audit.services import record
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.pages import release_preview
from backoffice.funding.services import releasing
from backoffice.funding.services.expiring import SCHEDULE


class ReleaseSubject:
    """A freeze that somebody wants to be released. Whatever else becomes of the request, the freeze stays."""

    kind = freezes.RELEASE
    preview_template = "funding/freeze_preview.html"
    words = Words(
        approve=_("Release"),
        to_subject=_("To the freeze"),
        if_rejected=_(
            "The request ends here and the freeze stays. %(name)s sees your reason, and anybody who may can ask again."
        ),
    )

    def lock(self, key: str) -> None:
        """Lock the gate and the freeze, which come before the request in the lock order."""
        releasing.locked(freezes.freeze_named(key))

    def current_fingerprint(self, key: str) -> str:
        return releasing.fingerprint_of(freezes.freezes().get(pk=freezes.freeze_named(key)))

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return release_preview(freezes.freezes().get(pk=freezes.freeze_named(request.subject)))

    def history(self, request: Request) -> list[Entry]:
        """Return what the log tells of the freeze: that its release was asked for stands there."""
        return history_of(freezes.freezes().get(pk=freezes.freeze_named(request.subject)), request)

    def url(self, key: str) -> str:
        return reverse("freezing:detail", args=[freezes.freeze_named(key)])

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Let money flow again: the release, the audit entry and the bells commit with the decision."""
        releasing.release(request, by=by, note=note)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        _note(request, "freeze.release_rejected", by, note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        _note(request, "freeze.release_cancelled", by)

    def on_expired(self, request: Request, now: datetime) -> None:
        _note(request, "freeze.release_expired", SCHEDULE)


def _note(request: Request, event: str, by: Actor, reason: str = "") -> None:
    """Write down that the freeze stays."""
    freeze = releasing.locked(freezes.freeze_named(request.subject))
    after = {"request": request.subject}
    record(event, by=by, obj=freeze, client=releasing.client_of(freeze), after=after, reason=reason)

"""What a manager's decision does to a closed day: the subject this app registers for reopenings."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.subjects import Words
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.audit.services import record
from backoffice.reconciliation.days.fingerprints import reopening_fingerprint
from backoffice.reconciliation.days.report_page import reopening_preview
from backoffice.reconciliation.models import Day
from backoffice.reconciliation.services import days as services

SCHEDULE = System("schedule")


class ReopeningSubject:
    """A closed day that somebody wants to be opened again. Whoever closed it is barred."""

    kind = str(RuleKind.REOPENING)
    preview_template = "reconciliation/days/reopening_preview.html"
    words = Words(
        approve=_("Reopen"),
        to_subject=_("To the day"),
        if_rejected=_(
            "The request ends here and the day stays closed. %(name)s sees your reason, and anybody who may can ask "
            "again."
        ),
    )

    def lock(self, key: str) -> None:
        """Lock the day, which comes before its request in the lock order."""
        Day.objects.select_for_update(of=("self",), no_key=True).get(pk=services.date_of(key))

    def current_fingerprint(self, key: str) -> str:
        report = services.report_named(key)
        return reopening_fingerprint(report.day, report)

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return reopening_preview(services.report_named(request.subject))

    def history(self, request: Request) -> list[Entry]:
        """Return what the log tells of the day: that it was closed stands there."""
        return history_of(Day.objects.get(pk=services.date_of(request.subject)), request)

    def url(self, key: str) -> str:
        return reverse("reconciliation:day", args=[services.date_of(key)])

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Open the day again: the day, the decision and the audit entry commit together."""
        services.reopen(request, by=by, note=note)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        _stays(request, "day.reopening_rejected", by, note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        _stays(request, "day.reopening_cancelled", by)

    def on_expired(self, request: Request, now: datetime) -> None:
        _stays(request, "day.reopening_expired", SCHEDULE)


def _stays(request: Request, event: str, by: Actor, reason: str = "") -> None:
    """Write down that the day stays closed."""
    day = Day.objects.get(pk=services.date_of(request.subject))
    record(event, by=by, obj=day, after={"request": request.subject}, reason=reason)

"""What a manager's decision does to a version of the rules: live at once, or a draft again with nothing lost."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.actors import Actor, System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, RuleKind, RuleSet, RuleSetState
from backoffice.approvals.policies import Conflict
from backoffice.approvals.ruling import pages, queries
from backoffice.approvals.ruling.content import fingerprint_of
from backoffice.approvals.subjects import Barred, Words
from backoffice.audit.models import Entry
from backoffice.audit.queries import history_of
from backoffice.audit.services import record

SCHEDULE: Final = System("schedule")


class RulesSubject:
    """A version of the rules that waits to become the live one."""

    kind = RuleKind.RULES.value
    preview_template = "rules/preview.html"
    words = Words(
        approve=gettext_lazy("Make it live"),
        to_subject=gettext_lazy("To the rules"),
        if_rejected=gettext_lazy(
            "The live rules stay as they are and this version is a draft again, with everything in it. %(name)s sees "
            "your reason and can change it and submit it anew."
        ),
        barred=Barred(
            told=gettext_lazy("You cannot decide on this: you began the draft."),
            told_for=gettext_lazy("You cannot decide on this for %(name)s: they began the draft."),
            note=gettext_lazy("Began the draft"),
        ),
    )

    def lock(self, key: str) -> None:
        """Lock the live version and the proposed one, in this order."""
        versions = RuleSet.objects.select_for_update(no_key=True).order_by("version")
        list(versions.filter(state__in=(RuleSetState.LIVE, *queries.NEXT_STATES)))

    def current_fingerprint(self, key: str) -> str:
        return fingerprint_of(_version_of(key))

    def preview(self, request: Request, *, is_fresh: bool) -> dict[str, Any]:
        return pages.preview_context(_version_of(request.subject), request)

    def history(self, request: Request) -> list[Entry]:
        """Return what the log tells of the version: that it was begun and changed stands there."""
        return history_of(_version_of(request.subject), request)

    def url(self, key: str) -> str:
        return reverse("rules:version", args=[queries.version_named(key)])

    def on_approved(self, request: Request, by: Person, note: str, now: datetime) -> None:
        """Make it the live version; the one before is kept."""
        proposed, held = _version_of(request.subject), queries.live()
        faults = queries.faults_of(proposed)
        if faults:
            words = {"faults": " ".join(fault.sentence for fault in faults)}
            raise Conflict(_("These rules cannot go live any more. %(faults)s Reject them, saying so.") % words)
        RuleSet.objects.filter(pk=held.pk).update(state=RuleSetState.FORMER)
        RuleSet.objects.filter(pk=proposed.pk).update(state=RuleSetState.LIVE, live_at=now)
        before, after = {"live_version": held.version}, {"live_version": proposed.version, "request": request.subject}
        record("rules.live", by=by, obj=proposed, before=before, after=after, reason=note)

    def on_rejected(self, request: Request, by: Person, note: str, now: datetime) -> None:
        _draft_again(request, "rules.rejected", by, note)

    def on_cancelled(self, request: Request, by: Person, now: datetime) -> None:
        _draft_again(request, "rules.cancelled", by)

    def on_expired(self, request: Request, now: datetime) -> None:
        _draft_again(request, "rules.expired", SCHEDULE)


def _version_of(key: str) -> RuleSet:
    return queries.rule_sets().get(version=queries.version_named(key))


def _draft_again(request: Request, event: str, by: Actor, reason: str = "") -> None:
    """Let it be changed again. What it was submitted with goes: only a new submission can make it live."""
    with transaction.atomic():
        proposed = _version_of(request.subject)
        RuleSet.objects.filter(pk=proposed.pk).update(state=RuleSetState.DRAFT, fingerprint="", approval=None)
        record(event, by=by, obj=proposed, after={"request": request.subject}, reason=reason)

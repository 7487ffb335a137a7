"""What the decision page shows of a request, beside the subject's own preview."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.accounts import models as accounts
from backoffice.approvals import queries
from backoffice.approvals.columns import badge_of
from backoffice.approvals.models import Request
from backoffice.approvals.policies import can_cancel, why_not_decide
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import subject_of
from backoffice.approvals.wording import sentence_of
from backoffice.money import Money
from backoffice.ui import times
from backoffice.ui.values import Amount, CheckResult, Crumb, Person, Reference


def detail_context(asked: Request, person: accounts.Person, now: datetime) -> dict[str, Any]:
    """Return the header, the decision and who can make it; the button and the server ask the same function."""
    reason, words = why_not_decide(person, asked, now), subject_of(asked).words
    return {
        "asked": asked,
        "crumbs": [Crumb(_("Approvals"), reverse("approvals:list")), Crumb(asked.subject)],
        "badge": badge_of(asked),
        "line": line_of(asked, now),
        "amount": Amount(asked.amount, asked.asset),
        "amount_text": "" if asked.amount is None else str(Money(asked.amount, asked.asset)),
        "why_not": reason,
        "is_waiting": asked.state == RequestState.WAITING and asked.valid_until > now,
        "can_cancel": can_cancel(person, asked, now),
        "people": people_of(asked, person),
        "rule_sentence": sentence_of(asked.rule, asked.rule_version),
        "subject_url": subject_of(asked).url(asked.subject),
        "words": words,
        "if_rejected": str(words.if_rejected) % {"name": asked.requested_by.name},
        "decisions": asked.decisions.select_related("decided_by").order_by("decided_at", "id"),
        **place_in_queue(asked, person, now),
    }


def line_of(asked: Request, now: datetime) -> list[object]:
    """One line of facts: the reference, how long it waits, when it expires."""
    waited = times.duration(((asked.closed_at or now) - asked.requested_at).total_seconds())
    line: list[object] = [Reference(asked.subject), _("Waiting %(span)s") % {"span": waited}]
    if asked.closed_at is not None:
        return [Reference(asked.subject), _("Waited %(span)s") % {"span": waited}]
    left = (asked.valid_until - now).total_seconds()
    if left > 0:
        moment = times.written(asked.valid_until, times.MomentStyle.SHORT)
        words = {"moment": moment, "span": times.duration(left)}
        line.append(_("Expires %(moment)s, in %(span)s") % words)
    return line


def people_of(asked: Request, person: accounts.Person) -> list[tuple[Person, CheckResult]]:
    """List who can decide, the reader first; then who cannot: who asked, and whose act it would undo."""
    deciders = queries.people_who_can_decide(asked.requested_by_id, asked.barred_id)
    deciders.sort(key=lambda one: one.pk != person.pk)
    able = [(_shown(one, person, one.get_role_display()), CheckResult.PASSED) for one in deciders]
    unable = [(_shown(asked.requested_by, person, _("Asked for it")), CheckResult.FAILED)]
    if asked.barred is not None:
        unable.append((_shown(asked.barred, person, _("Would undo their own act")), CheckResult.FAILED))
    return [*able, *unable]


def place_in_queue(asked: Request, person: accounts.Person, now: datetime) -> dict[str, Any]:
    """Say which of how many waiting requests this is for ``person``, and which comes next."""
    waiting = queries.waiting_for(person, now)
    following = queries.next_after(asked, person, now)
    if following is None:
        return {"place": 0, "waiting_count": 0, "next_url": ""}
    is_in_queue = waiting.filter(pk=asked.pk).exists()
    return {
        "place": queries.older_than(asked, waiting).count() + 1 if is_in_queue else 0,
        "waiting_count": waiting.count(),
        "next_url": reverse("approvals:detail", args=[following.subject]),
    }


def _shown(one: accounts.Person, person: accounts.Person, note: str) -> Person:
    return Person(one.name, note, called=_("You") if one.pk == person.pk else "")

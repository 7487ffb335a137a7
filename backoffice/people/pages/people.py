"""What the page of one person shows, and the pages from which something is proposed about them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import Person, Role
from backoffice.accounts.sessions_ending import can_end_sessions
from backoffice.accounts.sessions_shown import shown_sessions
from backoffice.approvals.control import snapshot_now
from backoffice.approvals.matching import Facts, rule_for
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.queries import people_who_can_decide, seen_by
from backoffice.approvals.wording import sentence
from backoffice.audit.asking.pages import day_address
from backoffice.audit.queries import history_of
from backoffice.people import policies, queries
from backoffice.people.badges import FACTORS, STATES, role_label
from backoffice.people.models import ChangeKind
from backoffice.people.pages.abilities import abilities_of
from backoffice.people.pages.changes import consequences_of, crumbs_to, question_of, url_of
from backoffice.people.proposals import Proposal
from backoffice.ui.values import Action, Crumb, Fact, Lines, Link, Reference

MOST_SHOWN: Final = 20
#: What is said of a request to whoever may not see what it is about.
UNSEEN: Final = {
    "operation": gettext_lazy("A deposit or withdrawal"),
    str(RuleKind.BULK): gettext_lazy("A file of operations"),
    str(RuleKind.CLOSING): gettext_lazy("A closing by hand"),
    str(RuleKind.RELEASE): gettext_lazy("The release of a freeze"),
}


def detail_context(shown: Any, reader: Person, now: datetime, session_key: str | None) -> dict[str, Any]:
    """Return everything the page of ``shown``, one of `queries.listed`, says to ``reader``."""
    waiting = queries.waiting_change_of(shown)
    changes = list(queries.changes_of(shown)[:MOST_SHOWN])
    return {
        "shown": shown,
        "crumbs": crumbs_to(shown.name),
        "badge": STATES[shown.state],
        "facts": facts_of(shown),
        "abilities": abilities_of(shown.role),
        "waiting": waiting,
        "waiting_url": reverse("people:change", args=[waiting.key]) if waiting else "",
        **requests_context(shown, reader, now),
        "changes": changes,
        "sessions": shown_sessions(shown, session_key),
        "can_end_sessions": can_end_sessions(shown, reader),
        "can_change": policies.can_change(reader),
        "acts": acts_of(shown, reader) if policies.can_change(reader) else [],
        "is_invited": policies.is_invited(shown),
        "history": history_of(shown, *changes),
    }


def facts_of(shown: Any) -> list[Fact]:
    """Who somebody is here, and how well they can prove it."""
    factor = FACTORS.get(shown.factor)
    return [
        Fact(_("E-mail"), Reference(shown.email)),
        Fact(_("Role"), role_label(shown.role)),
        Fact(_("Second factor"), Lines(factor, _since(shown.factor_since)) if factor else _("None")),
        Fact(_("Last seen"), shown.last_seen),
        Fact(_("Account since"), shown.created_at),
        Fact(_("Times shown in"), shown.time_zone),
        Fact(_("What they did"), Link(_("Day by day"), day_address(shown, timezone.localdate()))),
    ]


def _since(moment: datetime | None) -> object:
    return moment or ""


def acts_of(shown: Person, reader: Person) -> list[Action]:
    """What an administrator can do about somebody; what cannot be done now says why."""
    wanted = [(ChangeKind.ROLE, _("Propose another role"), "people:role")]
    if shown.is_active:
        wanted.append((ChangeKind.FACTOR_RESET, _("Propose a reset of the second factor"), "people:reset_factor"))
    else:
        wanted = [(ChangeKind.REACTIVATION, _("Propose the reactivation"), "people:reactivate")]
    acts = [
        Action(text, reverse(url, args=[shown.pk]), why_not=policies.why_not(kind, shown, reader))
        for kind, text, url in wanted
    ]
    return [*acts, *([_deactivation(shown, reader)] if shown.is_active else [])]


def _deactivation(shown: Person, reader: Person) -> Action:
    why_not = policies.why_not_deactivate(reader, shown, snapshot_now())
    return Action(_("Deactivate"), reverse("people:deactivate", args=[shown.pk]), icon="ban", why_not=why_not)


# Proposing --------------------------------------------------------------------------------------------------------

TITLES: Final = {
    ChangeKind.INVITATION: lambda: _("Invite somebody"),
    ChangeKind.ROLE: lambda: _("Another role"),
    ChangeKind.REACTIVATION: lambda: _("Reactivation"),
    ChangeKind.FACTOR_RESET: lambda: _("Reset of the second factor"),
}


def proposing_context(proposal: Proposal, person: Person) -> dict[str, Any]:
    """Return what a page says on which a change of ``person``'s account is proposed."""
    return {
        **about_context(person, proposal.kind),
        "question": question_of(proposal),
        "consequences": consequences_of(proposal),
        "factor_sentence": factor_sentence(proposal),
    }


def about_context(person: Person, kind: ChangeKind) -> dict[str, Any]:
    """Return the frame of such a page, whatever is proposed."""
    return {
        "shown": person,
        "kind": kind,
        "title": TITLES[kind](),
        "crumbs": crumbs_to(str(TITLES[kind]()), Crumb(person.name, url_of(person))),
        "badge": role_label(person.role),
        **deciding_context(person.pk),
    }


def deciding_context(*barred: int | None) -> dict[str, Any]:
    """Say what the rules demand of a change of an account, and who can decide today."""
    rule = rule_for(Facts(kind=RuleKind.ACCOUNT))
    return {
        "rule": sentence(rule) if rule else _("No rule says who approves this, so it is blocked."),
        "deciders": _(" or ").join(one.name for one in people_who_can_decide(*barred)),
    }


def factor_sentence(proposal: Proposal) -> str:
    """Say what the second factor is shown for: it is good for exactly this."""
    said = {"name": proposal.name, "role": str(role_label(proposal.role_after)).lower()}
    return {
        ChangeKind.INVITATION: _("For this invitation only."),
        ChangeKind.ROLE: _("For the role %(role)s for %(name)s only."),
        ChangeKind.REACTIVATION: _("For the reactivation of %(name)s only."),
        ChangeKind.FACTOR_RESET: _("For the reset of the second factor of %(name)s only."),
    }[proposal.kind] % said


def roles_in_words() -> list[Any]:
    """What each role comes to, beside the invitation."""
    return [abilities_of(role) for role in Role]


def deactivating_context(person: Person, reader: Person, now: datetime) -> dict[str, Any]:
    """Return what is at stake when an account is closed: sessions, requests, and who remains."""
    return {
        "shown": person,
        "title": _("Deactivate"),
        "crumbs": crumbs_to(_("Deactivate"), Crumb(person.name, url_of(person))),
        "sessions": len(shown_sessions(person)),
        **requests_context(person, reader, now),
    }


# Requests ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownRequest:
    """A request of somebody's. ``url`` is empty, and ``title`` says no more than the kind, where it is money that the
    reader's role does not see."""

    title: str
    url: str
    requested_at: datetime
    valid_until: datetime


def requests_context(person: Person, reader: Person, now: datetime) -> dict[str, Any]:
    """Return what somebody asked for and others have not decided on, as far as the reader's role sees it."""
    waiting = list(queries.open_requests_of(person, now)[: MOST_SHOWN + 1])
    seen = set(seen_by(reader).filter(pk__in=[one.pk for one in waiting]).values_list("pk", flat=True))
    return {
        "requests": [_request(one, is_seen=one.pk in seen) for one in waiting[:MOST_SHOWN]],
        "has_more_requests": len(waiting) > MOST_SHOWN,
    }


def _request(one: Request, *, is_seen: bool) -> ShownRequest:
    title = one.title if is_seen else str(UNSEEN.get(one.kind, _("A request")))
    url = reverse("approvals:detail", args=[one.subject]) if is_seen else ""
    return ShownRequest(title, url, one.requested_at, one.valid_until)

"""What a proposed change would come to: for whoever proposes it, whoever decides, and its own page."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice.accounts.models import Person, Role
from backoffice.approvals.control import difference, report, snapshot_now
from backoffice.approvals.control.words import sentences_of
from backoffice.approvals.policies import can_cancel
from backoffice.people.badges import change_badge, role_label
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.pages.abilities import abilities_of
from backoffice.people.proposals import Proposal, as_proposed, proposal_of
from backoffice.people.services.proposing import after
from backoffice.ui.values import Crumb, Fact, Lines, Link


def preview_of(change: AccountChange) -> dict[str, Any]:
    """Return what an approver sees of a change: before and after, what it permits, what it does to the controls."""
    proposal = proposal_of(change) if change.is_waiting else as_proposed(change)
    return {
        "question": question_of(proposal),
        "kind_label": change.get_kind_display(),
        "person_url": url_of(change.person) if change.person else "",
        **consequences_of(proposal, is_past=not change.is_waiting),
    }


def consequences_of(proposal: Proposal, *, is_past: bool = False) -> dict[str, Any]:
    """Say what a proposal changes, what the person may do then, and whether anybody can do more with fewer.

    :param is_past: whether it was decided on already: then nothing is tried any more.
    """
    worse, better = ([], []) if is_past else tried(proposal)
    return {
        "proposal": proposal,
        "rows": rows_of(proposal),
        "abilities": abilities_of(proposal.role_after),
        "is_tried": not is_past,
        "worse": worse,
        "better": better,
        "warning": "" if is_past else warning_of(proposal),
    }


def tried(proposal: Proposal) -> tuple[list[str], list[str]]:
    """Try a proposal on the control report: what becomes worse, what becomes better."""
    now = snapshot_now()
    return sentences_of(difference(report(now), report(after(proposal, now))))


def rows_of(proposal: Proposal) -> list[tuple[str, object, object]]:
    """Put the account before and after side by side."""
    access = {
        ChangeKind.INVITATION: (_("No account"), _("Open, once the link was used")),
        ChangeKind.ROLE: (pgettext("account", "Open"), _("Open; sessions end")),
        ChangeKind.REACTIVATION: (
            pgettext("account", "Closed"),
            _("Open, with the password and second factor of before"),
        ),
        ChangeKind.FACTOR_RESET: (pgettext("account", "Open"), _("Open; sessions end")),
    }[proposal.kind]
    rows: list[tuple[str, object, object]] = [
        (_("Role"), role_label(proposal.role_before), role_label(proposal.role_after)),
        (_("Access"), *access),
    ]
    if proposal.kind == ChangeKind.FACTOR_RESET:
        rows.append((_("Second factor"), _("As set up"), _("None, until the next sign-in with the password")))
    return rows


def warning_of(proposal: Proposal) -> str:
    """Say what to make sure of before proposing and before agreeing."""
    said = {"name": proposal.name, "email": proposal.email}
    return {
        ChangeKind.INVITATION: _("Make sure that only %(name)s reads the mail of %(email)s: the link goes there."),
        ChangeKind.ROLE: _("What %(name)s asked for before keeps waiting, and is never theirs to approve."),
        ChangeKind.REACTIVATION: _("Speak to %(name)s first: an e-mail proves only that somebody reads the mailbox."),
        ChangeKind.FACTOR_RESET: _(
            "Whoever knows the password can then set up a second factor. Speak to %(name)s first, not by e-mail."
        ),
    }[proposal.kind] % said


def question_of(proposal: Proposal) -> str:
    """Ask for the decision in one line."""
    said = {"name": proposal.name, "role": str(Role(proposal.role_after).label).lower()}
    return {
        ChangeKind.INVITATION: _("Invite %(name)s as %(role)s?"),
        ChangeKind.ROLE: _("Give %(name)s the role %(role)s?"),
        ChangeKind.REACTIVATION: _("Let %(name)s come back as %(role)s?"),
        ChangeKind.FACTOR_RESET: _("Reset the second factor of %(name)s?"),
    }[proposal.kind] % said


# The page of a change ---------------------------------------------------------------------------------------------


def change_context(change: AccountChange, person: Person, now: datetime) -> dict[str, Any]:
    """Return everything the page of one change shows to ``person``."""
    asked = change.approval
    return {
        "change": change,
        "title": question_of(proposal_of(change)) if change.is_waiting else asked.title,
        "crumbs": crumbs_to(change.key),
        "badge": change_badge(change),
        "facts": facts_of(change),
        "preview": preview_of(change),
        "can_cancel": can_cancel(person, asked, now),
        "request_url": reverse("approvals:detail", args=[change.key]),
    }


def facts_of(change: AccountChange) -> list[Fact]:
    """Who is concerned, who proposed what, when and why."""
    concerned: object = change.person and Link(change.person.name, url_of(change.person), change.email)
    facts = [
        Fact(_("Change"), change.get_kind_display()),
        Fact(_("Whose account"), concerned or Lines(change.name, change.email)),
        Fact(_("Proposed by"), change.proposed_by.name),
        Fact(_("Proposed"), change.proposed_at),
        Fact(_("Reason"), change.reason),
    ]
    if change.applied_at is not None:
        facts.append(Fact(_("In force since"), change.applied_at))
    return facts


def crumbs_to(last: str, *between: Crumb) -> list[Crumb]:
    """Lead back to the list."""
    return [Crumb(_("People"), reverse("people:list")), *between, Crumb(last)]


def url_of(person: Person) -> str:
    return reverse("people:detail", args=[person.pk])

"""Who may propose what about whom, and what keeps an account as it is.

Pairs: ``check_can_…`` raises with a sentence fit for staff, ``why_not_…`` and ``can_…`` answer for templates.
"""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.accounts.factors.held import has_factor
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused, check_role
from backoffice.approvals.control import Snapshot, managers_demanded
from backoffice.approvals.policies import Conflict
from backoffice.people import queries
from backoffice.people.models import ChangeKind
from backoffice.people.proposals import Proposal

#: Managers decide on changes of accounts and read the log that names people, so they read the people as well.
READERS: Final = (Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR)

# Who --------------------------------------------------------------------------------------------------------------


def check_can_change(by: Person, person: Person | None = None) -> None:
    """Refuse everybody but administrators, and them as well for their own account.

    :param person: whose account it is; None for somebody who is to be invited.
    :raises Refused: naming who can.
    """
    check_role(by, Role.ADMINISTRATOR)
    if not by.is_active:
        raise Refused(_("Your account is closed, so you change nobody's."))
    if person is not None and person.pk == by.pk:
        sentence = _("Nobody changes their own account.")
        raise Refused(f"{sentence} {_who_else_can(by)}")


def _who_else_can(by: Person) -> str:
    names = _(" or ").join(one.name for one in queries.active_administrators() if one.pk != by.pk)
    if not names:
        return _("There is no other administrator: invite one first.")
    return _("%(names)s can.") % {"names": names}


def can_change(by: Person) -> bool:
    """Whether anything of this app is offered to ``by``."""
    return by.is_administrator


def why_not(kind: ChangeKind, person: Person, by: Person) -> str:
    """Say why ``by`` cannot propose such a change of ``person``'s account now; empty when they can."""
    try:
        check_can_change(by, person)
    except Refused as refusal:
        return str(refusal)
    return why_not_now(kind, person)


# The account ------------------------------------------------------------------------------------------------------


def why_not_now(kind: ChangeKind, person: Person) -> str:
    """Say what about the account keeps such a change from being proposed; empty when nothing does."""
    said = {"name": person.name}
    if kind == ChangeKind.REACTIVATION and person.is_active:
        return _("%(name)s's account is open.") % said
    if kind != ChangeKind.REACTIVATION and not person.is_active:
        return _("%(name)s is deactivated. Propose the reactivation first.") % said
    if kind == ChangeKind.FACTOR_RESET and not has_factor(person):
        return _("%(name)s has no second factor: they set one up when they sign in next.") % said
    return _why_waiting(person)


def _why_waiting(person: Person) -> str:
    waiting = queries.waiting_change_of(person)
    if waiting is None:
        return ""
    return _("A change of this account waits for a manager already. %(name)s can cancel it.") % {
        "name": waiting.proposed_by.name
    }


def check_can_propose(proposal: Proposal, by: Person, person: Person | None) -> None:
    """Refuse what ``by`` may not propose, or what the account does not allow now.

    :raises Refused: when this person may not. :raises Conflict: when nobody can now.
    """
    check_can_change(by, person)
    sentence = why_not_now(proposal.kind, person) if person else why_not_invite(proposal.email)
    if sentence:
        raise Conflict(sentence)


def why_not_invite(email: str) -> str:
    """Say why nobody can be invited under this address; empty when somebody can. One account for each address."""
    taken = why_address_is_taken(email)
    if taken or not queries.is_invitation_waiting(email):
        return taken
    return _("An invitation to this address waits for a manager already.")


def why_address_is_taken(email: str) -> str:
    """Say who has this address, active or not; empty where nobody has."""
    person = queries.with_email(email)
    return _("%(name)s has an account with this address already.") % {"name": person.name} if person else ""


def check_address_is_free(email: str) -> None:
    """Refuse a second account for one address.

    :raises Conflict: naming who has it.
    """
    taken = why_address_is_taken(email)
    if taken:
        raise Conflict(taken)


# Who must remain --------------------------------------------------------------------------------------------------


def check_enough_remain(before: Snapshot, after: Snapshot) -> None:
    """Refuse a change after which nobody could administer, or the live rules ask for more managers than there are.

    :raises Conflict: saying how many it takes.
    """
    sentence = why_too_few(before, after)
    if sentence:
        raise Conflict(sentence)


def why_too_few(before: Snapshot, after: Snapshot) -> str:
    """Say who would be missing; empty where enough remain, and where the change takes nobody away."""
    if _count(after, Role.ADMINISTRATOR) < min(1, _count(before, Role.ADMINISTRATOR)):
        return _("At least one active administrator has to remain. Invite another first.")
    needed, left = managers_demanded(after.rules), _count(after, Role.MANAGER)
    if left >= needed or left >= _count(before, Role.MANAGER):
        return ""
    rules = ngettext(
        "The rules ask for up to %(n)s manager, and %(left)s would be left.",
        "The rules ask for up to %(n)s managers, and %(left)s would be left.",
        needed,
    ) % {"n": needed, "left": left}
    way_on = _("Invite another manager first, or change the rules.")
    return f"{rules} {way_on}"


def _count(snapshot: Snapshot, role: Role) -> int:
    """Count those who can act today: whoever was invited and has not come yet may never come."""
    return sum(one.has_role(role) and one.has_come for one in snapshot.people)


# Deactivating -----------------------------------------------------------------------------------------------------


def check_can_deactivate(by: Person, person: Person, snapshot: Snapshot) -> None:
    """Refuse deactivating oneself, somebody who is deactivated, and whoever has to remain.

    :raises Refused: when this person may not. :raises Conflict: when nobody can now.
    """
    check_can_change(by, person)
    sentence = _why_not_deactivate(person, snapshot)
    if sentence:
        raise Conflict(sentence)


def why_not_deactivate(by: Person, person: Person, snapshot: Snapshot) -> str:
    """Say why ``by`` cannot deactivate ``person``; empty when they can."""
    try:
        check_can_deactivate(by, person, snapshot)
    except (Refused, Conflict) as refusal:
        return str(refusal)
    return ""


def _why_not_deactivate(person: Person, snapshot: Snapshot) -> str:
    if not person.is_active:
        return _("%(name)s is deactivated already.") % {"name": person.name}
    return why_too_few(snapshot, snapshot.without(person.pk))


def check_can_invite_again(by: Person, person: Person) -> None:
    """Refuse sending an invitation again to whoever has come in already.

    :raises Refused: when this person may not. :raises Conflict: when there is nothing to send.
    """
    check_can_change(by, person)
    if not is_invited(person):
        raise Conflict(_("%(name)s is not invited any more: the account is in use, or closed.") % {"name": person.name})


def is_invited(person: Person) -> bool:
    """Whether somebody was let in and has not come yet."""
    return person.is_active and person.last_login is None and not person.has_usable_password()

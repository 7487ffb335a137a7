"""Put an approved change into force, or end one that nobody approved. Called by the approval engine.

The change is marked as applied first: the trigger on people lets an account change in that transaction only.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import translation

from backoffice.accounts import mail
from backoffice.accounts.actors import Actor
from backoffice.accounts.factors.services import forget_factors
from backoffice.accounts.models import Person, Role
from backoffice.accounts.sessions import Ending
from backoffice.accounts.sessions_ending import end_because
from backoffice.approvals.control import snapshot_now
from backoffice.approvals.models import Request
from backoffice.approvals.queries import approvals_of
from backoffice.approvals.voices import spoken_by
from backoffice.audit.services import record
from backoffice.people import policies
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.proposals import Proposal, proposal_of
from backoffice.people.services.locking import locked
from backoffice.people.services.proposing import after
from backoffice.people.states import ChangeState

APPLIED: Final = {
    ChangeKind.INVITATION: "person.invited",
    ChangeKind.ROLE: "person.role_changed",
    ChangeKind.REACTIVATION: "person.reactivated",
    ChangeKind.FACTOR_RESET: "person.factor_reset",
}


def locked_change(key: str) -> AccountChange:
    """Lock who is concerned, then a change, for the rest of the transaction, and return it as it is now."""
    locked(AccountChange.objects.values_list("person_id", flat=True).get(key=key))
    rows = AccountChange.objects.select_for_update(of=("self",)).select_related("person", "proposed_by", "approval")
    return rows.get(key=key)


def apply(request: Request, *, by: Person, note: str, now: datetime) -> AccountChange:
    """Do what was approved and tell the person concerned, in the transaction that approves it.

    :raises Conflict: when the account, or who would remain, does not allow it any more.
    """
    change = locked_change(request.subject)
    proposal = proposal_of(change)
    _check_still_possible(change, proposal)
    before = {"role": proposal.role_before, "account": standing(proposal.is_active)}
    person = change.person or Person.objects.create_person(email=change.email, name=change.name, role=change.role_after)
    AccountChange.objects.filter(pk=change.pk).update(state=ChangeState.APPLIED, person=person, applied_at=now)
    _DO[ChangeKind(change.kind)](person, change, by)
    _tell(person, change, request)
    said = {
        "role": person.role,
        "account": standing(person.is_active),
        "change": change.key,
        "asked_by": change.proposed_by.name,
    }
    record(APPLIED[ChangeKind(change.kind)], by=by, obj=person, before=before, after=said, reason=note)
    return change


def standing(is_active: bool) -> str:
    """Say in the log whether an account is open."""
    return "open" if is_active else "closed"


def end(key: str, state: ChangeState, event: str, *, by: Actor, reason: str = "") -> None:
    """End a change without effect."""
    change = locked_change(key)
    AccountChange.objects.filter(pk=change.pk).update(state=state)
    record(event, by=by, obj=change, before={"state": change.state}, after={"state": str(state)}, reason=reason)


def _check_still_possible(change: AccountChange, proposal: Proposal) -> None:
    if change.is_invitation:
        policies.check_address_is_free(change.email)
    now = snapshot_now()
    policies.check_enough_remain(now, after(proposal, now))


# What each kind does --------------------------------------------------------------------------------------------------


def _invite(person: Person, change: AccountChange, by: Person) -> None:
    """Nothing more: the account was just made, and the link comes with the mail."""


def _give_role(person: Person, change: AccountChange, by: Person) -> None:
    person.role = change.role_after
    person.save(update_fields=["role"])
    end_because(Ending.ROLE_CHANGED, person, by, change.reason)


def _reactivate(person: Person, change: AccountChange, by: Person) -> None:
    person.is_active = True
    person.save(update_fields=["is_active"])


def _reset_factors(person: Person, change: AccountChange, by: Person) -> None:
    forget_factors(person)
    end_because(Ending.FACTOR_RESET, person, by, change.reason)


_DO: Final[dict[ChangeKind, Callable[[Person, AccountChange, Person], None]]] = {
    ChangeKind.INVITATION: _invite,
    ChangeKind.ROLE: _give_role,
    ChangeKind.REACTIVATION: _reactivate,
    ChangeKind.FACTOR_RESET: _reset_factors,
}


# Telling --------------------------------------------------------------------------------------------------------------

LETTERS: Final = {
    ChangeKind.INVITATION: mail.Letter.INVITATION,
    ChangeKind.ROLE: mail.Letter.ROLE_CHANGED,
    ChangeKind.REACTIVATION: mail.Letter.REACTIVATED,
    ChangeKind.FACTOR_RESET: mail.Letter.FACTOR_RESET,
}


def _tell(person: Person, change: AccountChange, request: Request) -> None:
    approvals = approvals_of(request).select_related("decided_by", "for_person").order_by("decided_at", "id")
    said = {"by": change.proposed_by.name, "approved_by": ", ".join(spoken_by(one) for one in approvals)}
    with translation.override(settings.LANGUAGE_CODE):
        said["role"] = str(Role(change.role_after).label)
        said["before"] = str(Role(change.role_before).label) if change.role_before else ""
        mail.tell(person, LETTERS[ChangeKind(change.kind)], said)

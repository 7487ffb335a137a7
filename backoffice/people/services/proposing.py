"""Propose a change of somebody's account: one administrator with a second factor, then a manager decides."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Proof, Role
from backoffice.accounts.proofs import check_proves
from backoffice.approvals.control import Snapshot, snapshot_now
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.people import policies
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.proposals import Proposal, proposal_of
from backoffice.people.services.locking import locked

ASKED: Final = {
    ChangeKind.INVITATION: "account.invitation_asked",
    ChangeKind.ROLE: "account.role_asked",
    ChangeKind.REACTIVATION: "account.reactivation_asked",
    ChangeKind.FACTOR_RESET: "account.factor_reset_asked",
}


def propose(proposal: Proposal, *, by: Person, proof: Proof) -> AccountChange:
    """Have a manager decide on ``proposal``, or return the change that its form already made.

    :param proof: the second factor ``by`` has just shown for the proposal's fingerprint.
    :raises Refused: for anybody but an administrator, for one's own account, without such a factor.
    :raises Conflict: when the account is not as it was shown, something of it waits already, or too few would remain.
    """
    with transaction.atomic():
        person = locked(proposal.person)
        return _made_before(proposal, by) or _propose(proposal, person, Person.objects.get(pk=by.pk), proof)


def _made_before(proposal: Proposal, by: Person) -> AccountChange | None:
    made = AccountChange.objects.filter(key=proposal.key).first()
    if made is not None and made.proposed_by_id != by.pk:
        raise Conflict(_("This form was used by somebody else already. Open a new one."))
    return made


def after(proposal: Proposal, now: Snapshot) -> Snapshot:
    """Say who could do what once a proposal is in force."""
    if proposal.person is None:
        return now.with_new(proposal.name, proposal.role_after)
    if proposal.kind == ChangeKind.ROLE:
        return now.with_role(proposal.person, proposal.role_after)
    return now.with_back(proposal.person) if proposal.kind == ChangeKind.REACTIVATION else now


def check_still_possible(proposal: Proposal, by: Person, person: Person | None) -> None:
    """Refuse what the account, or who would remain, does not allow.

    :raises Refused, Conflict: with the reason.
    """
    policies.check_can_propose(proposal, by, person)
    now = snapshot_now()
    policies.check_enough_remain(now, after(proposal, now))


def _propose(proposal: Proposal, person: Person | None, by: Person, proof: Proof) -> AccountChange:
    check_still_possible(proposal, by, person)
    _check_as_shown(proposal, person)
    check_proves(proof, by, proposal.fingerprint)
    now = clock.now()
    change = AccountChange(
        key=proposal.key,
        kind=proposal.kind,
        person=person,
        name=proposal.name,
        email=proposal.email,
        role_before=proposal.role_before,
        role_after=proposal.role_after,
        reason=proposal.reason,
        fingerprint=proposal.fingerprint,
        proposed_by=by,
        proposed_at=now,
        approval=_ask(proposal, person, by, proof, now),
    )
    change.save(force_insert=True)
    record(ASKED[proposal.kind], by=by, obj=change, after=content_of(change), reason=proposal.reason)
    return change


def _ask(proposal: Proposal, person: Person | None, by: Person, proof: Proof, now: datetime) -> Request:
    return ask_for_approval(
        kind=RuleKind.ACCOUNT,
        subject=proposal.key,
        title=title_of(proposal),
        fingerprint=proposal.fingerprint,
        rule=rule_demanded(Facts(kind=RuleKind.ACCOUNT)),
        by=by,
        now=now,
        reason=proposal.reason,
        barred=person,
        asked_with=proof,
    )


def _check_as_shown(proposal: Proposal, person: Person | None) -> None:
    if person is None:
        return
    shown = (proposal.name, proposal.email, proposal.is_active, proposal.role_before)
    if shown != (person.name, person.email, person.is_active, person.role):
        raise Conflict(_("This account has changed since you opened the page. Read it again."))
    if proposal.kind == ChangeKind.ROLE and proposal.role_after == person.role:
        raise Conflict(_("%(name)s has that role already.") % {"name": person.name})


def title_of(proposal: Proposal) -> str:
    """Name a change in a queue. Stored, so in no reader's language."""
    role = Role(proposal.role_after).value
    return {
        ChangeKind.INVITATION: f"Invitation of {proposal.name} as {role}",
        ChangeKind.ROLE: f"Role of {proposal.name}: from {proposal.role_before} to {role}",
        ChangeKind.REACTIVATION: f"Reactivation of {proposal.name} as {role}",
        ChangeKind.FACTOR_RESET: f"Reset of the second factor of {proposal.name}",
    }[proposal.kind]


def content_of(change: AccountChange) -> dict[str, object]:
    """What the log says of a change: everything that was decided on."""
    return {
        "change": change.key,
        "name": change.name,
        "email": change.email,
        "role_before": change.role_before,
        "role_after": change.role_after,
        "fingerprint": change.fingerprint,
        "rule": change.approval.rule,
        "rule_version": change.approval.rule_version,
    }


def fingerprint_now(key: str) -> str:
    """Return the digest of a change with the account as it stands now."""
    return proposal_of(AccountChange.objects.select_related("person").get(key=key)).fingerprint

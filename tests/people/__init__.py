"""Changing accounts as people do: an administrator proposes with a code, a manager approves with a code.

The database lets a role change, or a closed account open, in no other way, so tests come here for both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Role
from backoffice.people import proposals
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.proposals import Proposal
from backoffice.people.services import proposing
from tests.approving import approve


def propose(proposal: Proposal, by: Person) -> AccountChange:
    """Propose as ``by``, who has just shown a code for exactly that."""
    return proposing.propose(proposal, by=by, proof=proofs.write_down(by, proposal.fingerprint))


def role_of(person: Person, role: str, by: Person, reason: str = "The team changes.") -> Proposal:
    """Another role for ``person``."""
    return proposals.about(person, kind=ChangeKind.ROLE, token=uuid4(), reason=reason, by=by, role=role)


def change_of(person: Person, kind: ChangeKind, by: Person, reason: str = "They asked for it.") -> Proposal:
    """A reactivation, or the reset of a second factor."""
    return proposals.about(person, kind=kind, token=uuid4(), reason=reason, by=by)


def invitation_of(name: str, role: str, by: Person, email: str = "", reason: str = "We grow.") -> Proposal:
    """An invitation; the address follows from the name where none is given."""
    address = email or f"{name.split()[0].lower()}@example.com"
    return proposals.invitation(token=uuid4(), name=name, email=address, role=role, reason=reason, by=by)


def give_role(person: Person, role: str) -> None:
    """Have two others, who are gone afterwards, give ``person`` another role."""
    with _two_others() as (administrator, manager):
        approve(propose(role_of(person, role, administrator), administrator).approval, manager)
    person.refresh_from_db()


@contextmanager
def in_role(person: Person, role: str) -> Iterator[None]:
    """Have two others, who are gone afterwards, give ``person`` another role, and their own back in the end."""
    own = person.role
    with _two_others() as (administrator, manager):
        for given in (role, own):
            approve(propose(role_of(person, given, administrator), administrator).approval, manager)
            person.refresh_from_db()
            if given == role:
                yield


def reactivate(person: Person) -> None:
    """Have two others, who are gone afterwards, let ``person`` come back."""
    person.refresh_from_db()
    with _two_others() as (administrator, manager):
        approve(propose(change_of(person, ChangeKind.REACTIVATION, administrator), administrator).approval, manager)
    person.refresh_from_db()


@contextmanager
def _two_others() -> Iterator[tuple[Person, Person]]:
    """Two people who are there from the beginning: once an account was asked for, nobody begins by hand any more."""
    others = [
        Person.objects.create_person(email=f"{uuid4()}@example.com", name=f"Some {role}", role=role, password="used")
        for role in (Role.ADMINISTRATOR, Role.MANAGER)
    ]
    yield others[0], others[1]
    Person.objects.filter(pk__in=[one.pk for one in others]).update(is_active=False)

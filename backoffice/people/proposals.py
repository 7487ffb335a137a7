"""What an administrator proposes for one account, and the digest that both second factors are bound to."""

from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from backoffice.accounts.models import Person
from backoffice.approvals.fingerprints import fingerprint
from backoffice.people.models import AccountChange, ChangeKind

VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One change of one account, with the account as it stands when it is looked at.

    ``person`` is nobody's id for an invitation. ``key`` names the change, and was made by the server with the form:
    whatever is sent with it twice is one change.
    """

    kind: ChangeKind
    key: str
    proposed_by: int
    person: int | None
    name: str
    email: str
    is_active: bool
    role_before: str
    role_after: str
    reason: str

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of everything that is decided on, as 64 hexadecimal digits."""
        content = {"version": VERSION, **asdict(self), "kind": str(self.kind)}
        return fingerprint(content)


def key_of(token: UUID) -> str:
    """Name a change by the token its form was made with."""
    return f"account-{token.hex[:12]}"


def invitation(*, token: UUID, name: str, email: str, role: str, reason: str, by: Person) -> Proposal:
    """Propose that somebody new gets an account."""
    return Proposal(
        kind=ChangeKind.INVITATION,
        key=key_of(token),
        proposed_by=by.pk,
        person=None,
        name=name.strip(),
        email=email.strip().casefold(),
        is_active=False,
        role_before="",
        role_after=role,
        reason=reason,
    )


def about(person: Person, *, kind: ChangeKind, token: UUID, reason: str, by: Person, role: str = "") -> Proposal:
    """Propose a change of somebody's account.

    :param role: the role they get, where it is about that.
    """
    return _about(person, kind, key_of(token), by.pk, role or person.role, reason)


def proposal_of(change: AccountChange) -> Proposal:
    """Return what was proposed, with the account as it stands now: any difference shows in the fingerprint."""
    if change.person is None or change.is_invitation:
        return as_proposed(change)
    kind = ChangeKind(change.kind)
    return _about(change.person, kind, change.key, change.proposed_by_id, change.role_after, change.reason)


def as_proposed(change: AccountChange) -> Proposal:
    """Return what was proposed, with the account as it stood then."""
    return Proposal(
        kind=ChangeKind(change.kind),
        key=change.key,
        proposed_by=change.proposed_by_id,
        person=None if change.is_invitation else change.person_id,
        name=change.name,
        email=change.email,
        is_active=change.kind in (ChangeKind.ROLE, ChangeKind.FACTOR_RESET),
        role_before=change.role_before,
        role_after=change.role_after,
        reason=change.reason,
    )


def _about(person: Person, kind: ChangeKind, key: str, proposed_by: int, role: str, reason: str) -> Proposal:
    return Proposal(
        kind=kind,
        key=key,
        proposed_by=proposed_by,
        person=person.pk,
        name=person.name,
        email=person.email,
        is_active=person.is_active,
        role_before=person.role,
        role_after=role,
        reason=reason,
    )

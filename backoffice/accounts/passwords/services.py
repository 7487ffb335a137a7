"""Setting a password: one's own with the old one and a second factor, or by a link.

Either way every other session of the person ends, the person is told by mail, and nobody is signed in by it. A link
never touches the second factor: whoever steals a mailbox has half of what signing in needs.
"""

import hashlib

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from backoffice.accounts.mail import Letter, tell
from backoffice.accounts.models import Person, Proof
from backoffice.accounts.passwords.links import PasswordLink, bearer_of
from backoffice.accounts.proofs import check_proves
from backoffice.accounts.sessions import Ending
from backoffice.accounts.sessions_ending import end_because
from backoffice.accounts.signals import password_set


def fingerprint_of_change(person: Person) -> str:
    """Name a change of the password a person has now. Once it is changed, no proof for this covers another change."""
    return hashlib.sha256(f"password|{person.pk}|{person.password}".encode()).hexdigest()


def change_password(*, by: Person, password: str, proof: Proof, session_key: str | None) -> Person:
    """Change one's own password. The caller has checked the old one.

    :param proof: a second factor shown for :func:`fingerprint_of_change`.
    :param session_key: the session this is asked from, which goes on.
    :raises Refused: when the proof is not for this, or is too old.
    :raises ValidationError: when the password is too easy to guess.
    """
    with transaction.atomic():
        person = Person.objects.select_for_update(no_key=True).get(pk=by.pk)
        check_proves(proof, person, fingerprint_of_change(person))
        return _set(person, password, "changed", keep=session_key)


def set_password_by_link(*, link: PasswordLink, password: str) -> Person:
    """Set the password of whoever a link was sent to.

    :raises LinkOver: when the link opens nothing (any more), also when somebody else used it a moment ago.
    :raises ValidationError: when the password is too easy to guess.
    """
    with transaction.atomic():
        person = bearer_of(link, lock=True)
        return _set(person, password, "first" if link.is_first else "reset", keep=None)


def _set(person: Person, password: str, how: str, *, keep: str | None) -> Person:
    validate_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password"])
    end_because(Ending.PASSWORD, person, person, but=keep)
    tell(person, Letter.PASSWORD_CHANGED)
    password_set.send(sender=Person, person=person, how=how)
    return person

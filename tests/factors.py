"""Second factors of the cast: the authenticator in everybody's hand.

`client.force_login(person)` gives a session in which a factor was shown; `without_factor` one in which none was.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from backoffice.accounts.factors import codes, shown
from backoffice.accounts.models import CodeGuard, Person
from backoffice.database import clock

_force_login = Client.force_login


@pytest.fixture(scope="session", autouse=True)
def factor_shown_with_force_login() -> Iterator[None]:
    """Let `force_login` stand for a whole sign-in: password and second factor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", sign_in_at_once)
        yield


def sign_in_at_once(client: Client, person: Person, backend: str | None = None) -> None:
    _force_login(client, person, backend)
    session = client.session
    session.update({shown.SHOWN_AT: time.time(), shown.SHOWN_BY: person.pk})
    session.save()


def without_factor(client: Client, person: Person) -> None:
    """Give a session as after the password alone."""
    _force_login(client, person)


def enrol(person: Person) -> Authenticator:
    """Give a person a fresh authenticator, whatever they had before."""
    Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).delete()
    CodeGuard.objects.filter(person=person).update(spent_steps=[])
    return codes.set_up(person, codes.new_secret())


def code_of(person: Person) -> str:
    """Return a code that was not used before; a person without an authenticator gets one first.

    A test does in a moment what takes people minutes: once the three codes of the moment are used, the authenticator
    is a new one.
    """
    code = codes.unspent_code(person, clock.now())
    if not code:
        enrol(person)
        code = codes.unspent_code(person, clock.now())
    return code


def wrong_code_of(person: Person) -> str:
    """Return six digits that are none of the person's codes now."""
    authenticator = codes.authenticator_of(person) or enrol(person)
    taken = {codes.code_at(codes.secret_of(authenticator), step) for step in codes.steps_taken(clock.now())}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in taken)


def with_code(person: Person, **fields: Any) -> dict[str, Any]:
    """Return the fields of a form together with a code of the person's."""
    return {**fields, "code": code_of(person)}

"""Second factors of the cast: the authenticator in everybody's hand."""

from typing import Any

from allauth.mfa.models import Authenticator

from backoffice.accounts.factors import codes
from backoffice.accounts.models import CodeGuard, Person
from backoffice.database import clock


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

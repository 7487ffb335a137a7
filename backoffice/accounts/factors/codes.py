"""Authenticator codes (RFC 6238): six digits that change every 30 seconds, taken one step early or late."""

from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.utils.crypto import constant_time_compare

from backoffice.accounts.factors import seals
from backoffice.accounts.models import CodeGuard, Person

STEP_SECONDS: Final = 30
#: The step that is now, then the next, then the one before: a person's clock may be half a minute off.
TAKEN: Final = (0, 1, -1)
#: So long a code that is shown is still taken: whoever reads it has to type and send it.
TYPED_WITHIN: Final = timedelta(seconds=10)


def new_secret() -> str:
    """Return 160 random bits, as authenticators expect them: in base 32."""
    return str(generate_totp_secret())


def authenticator_of(person: Person) -> Authenticator | None:
    """Return the person's authenticator; one each."""
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).first()


def secret_of(authenticator: Authenticator) -> str:
    return seals.unseal(authenticator.data["secret"])


def seal_again(authenticator: Authenticator) -> None:
    """Seal a secret under the key in force, so that a former one can be forgotten once everybody has signed in."""
    if not seals.is_under_the_key_in_force(authenticator.data["secret"]):
        authenticator.data["secret"] = seals.seal(secret_of(authenticator))
        authenticator.save(update_fields=["data"])


def step_at(moment: datetime) -> int:
    """Return which 30-second step since 1970 a moment belongs to."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """Return the six digits of one step."""
    return str(format_hotp_value(hotp_value(secret, step)))


def steps_taken(now: datetime) -> list[int]:
    """List the steps whose codes are taken now."""
    return [step_at(now) + offset for offset in TAKEN]


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the step a code belongs to, or None when it is not one that is taken now."""
    return next((step for step in steps_taken(now) if constant_time_compare(code_at(secret, step), code)), None)


def lasting_code(secret: str, now: datetime) -> str:
    """Return the code that is taken the longest from now on: the next one."""
    return code_at(secret, step_at(now) + 1)


def unspent_code(person: Person, now: datetime) -> str:
    """Return a code that is taken now and for some seconds more, and was not used; empty when there is none.

    For the demo and the tests, which stand in for the authenticator in a person's hand.
    """
    authenticator = authenticator_of(person)
    if authenticator is None:
        return ""
    guard = CodeGuard.objects.filter(person=person).first()
    spent = guard.spent_steps if guard else []
    lasting = steps_taken(now + TYPED_WITHIN)
    free = [step for step in steps_taken(now) if step in lasting and step not in spent]
    return code_at(secret_of(authenticator), free[0]) if free else ""


def set_up(person: Person, secret: str) -> Authenticator:
    """Store a person's authenticator, its secret sealed."""
    return TOTP.activate(person, secret).instance

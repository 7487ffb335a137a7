"""Which second factors a person has; the one answer for the door, the gate and the pages."""

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from backoffice.accounts.models import Person, RecoveryCode

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def factors_of(person: Person) -> QuerySet[Authenticator]:
    """The person's authenticator and passkeys. Recovery codes are no factor of their own."""
    held: QuerySet[Authenticator] = Authenticator.objects.filter(user=person, type__in=KINDS)
    return held.order_by("created_at", "pk")


def has_factor(person: Person) -> bool:
    return factors_of(person).exists()


def passkeys_of(person: Person) -> QuerySet[Authenticator]:
    return factors_of(person).filter(type=Authenticator.Type.WEBAUTHN)


def unused_recovery_codes(person: Person) -> int:
    """How many recovery codes the person has left."""
    return RecoveryCode.objects.filter(person=person, used_at=None).count()

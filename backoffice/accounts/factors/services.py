"""What people do with their own second factors. Who calls has checked a factor of theirs first (`step_up`).

A person who has a factor never loses the last one here: that takes two others, through an approval.
"""

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts import mail
from backoffice.accounts.factors import checking, codes, passkeys, recovery
from backoffice.accounts.factors.held import factors_of, has_factor, passkeys_of
from backoffice.accounts.models import CodeGuard, Person, RecoveryCode
from backoffice.accounts.policies import Refused
from backoffice.accounts.signals import factor_added, factor_removed, recovery_codes_made
from backoffice.database import clock

MOST_PASSKEYS: Final = 10
AUTHENTICATOR, PASSKEY = "authenticator", "passkey"


class NotThatCode(Exception):
    """The code is none of the authenticator that is being set up."""


def enrol_authenticator(*, by: Person, secret: str, code: str) -> list[str]:
    """Give a person their first factor, an authenticator they have shown a code of, and return recovery codes.

    :raises Refused: when they have a factor already.
    :raises NotThatCode: when the code is not the authenticator's.
    """
    with transaction.atomic():
        guard = checking.locked_guard(by)
        check_is_first(by)
        take_up(guard, secret, code)
        recovery_codes = recovery.make(by)
        factor_added.send(sender=Authenticator, person=by, factor=AUTHENTICATOR, name="", is_first=True)
        mail.tell(by, mail.Letter.FACTOR_CHANGED, {"what": AUTHENTICATOR})
        return recovery_codes


def enrol_passkey(*, by: Person, name: str, credential: dict[str, Any]) -> list[str]:
    """Give a person their first factor, a passkey, and return recovery codes.

    :raises Refused: when they have a factor already.
    """
    with transaction.atomic():
        checking.locked_guard(by)
        check_is_first(by)
        passkeys.keep(by, name, credential)
        recovery_codes = recovery.make(by)
        factor_added.send(sender=Authenticator, person=by, factor=PASSKEY, name=name, is_first=True)
        mail.tell(by, mail.Letter.FACTOR_CHANGED, {"what": PASSKEY})
        return recovery_codes


def check_is_first(person: Person) -> None:
    """Refuse to enrol somebody twice: whoever has a factor shows it before another is added.

    :raises Refused: then.
    """
    if has_factor(person):
        raise Refused(_("You have a second factor already. Sign in with it to change it."))


def replace_authenticator(*, by: Person, secret: str, code: str) -> None:
    """Put an authenticator in the place of the one the person had, if any.

    :raises NotThatCode: when the code is not the new authenticator's.
    """
    with transaction.atomic():
        take_up(checking.locked_guard(by), secret, code)
        factor_added.send(sender=Authenticator, person=by, factor=AUTHENTICATOR, name="", is_first=False)
        mail.tell(by, mail.Letter.FACTOR_CHANGED, {"what": AUTHENTICATOR})


def check_is_code_of(*, secret: str, code: str) -> int:
    """Return the step of a code of the authenticator that is being set up.

    :raises NotThatCode: when it is none.
    """
    step = codes.step_of(secret, code, clock.now())
    if step is None:
        raise NotThatCode
    return step


def take_up(guard: CodeGuard, secret: str, code: str) -> None:
    """Store an authenticator whose code was shown; that code is used up by it."""
    step = check_is_code_of(secret=secret, code=code)
    factors_of(guard.person).filter(type=Authenticator.Type.TOTP).delete()
    codes.set_up(guard.person, secret)
    guard.spent_steps = [step]
    guard.save(update_fields=["spent_steps"])


def add_passkey(*, by: Person, name: str, credential: dict[str, Any]) -> Authenticator:
    """Add a passkey to the person's factors.

    :raises Refused: when they have as many as anybody needs.
    """
    with transaction.atomic():
        checking.locked_guard(by)
        if passkeys_of(by).count() >= MOST_PASSKEYS:
            raise Refused(_("You have %(n)s passkeys, the most there can be. Remove one first.") % {"n": MOST_PASSKEYS})
        added = passkeys.keep(by, name, credential)
        factor_added.send(sender=Authenticator, person=by, factor=PASSKEY, name=name, is_first=False)
        mail.tell(by, mail.Letter.FACTOR_CHANGED, {"what": PASSKEY})
        return added


def remove_passkey(*, by: Person, passkey_id: int) -> None:
    """Take a passkey away from the person's factors, unless it is the last one.

    :raises Refused: when it is.
    :raises Authenticator.DoesNotExist: when it is not theirs.
    """
    with transaction.atomic():
        checking.locked_guard(by)
        passkey = passkeys_of(by).get(pk=passkey_id)
        check_can_remove(by, passkey)
        name = passkey.data["name"]
        passkey.delete()
        factor_removed.send(sender=Authenticator, person=by, factor=PASSKEY, name=name)
        mail.tell(by, mail.Letter.FACTOR_CHANGED, {"what": "removed"})


def check_can_remove(person: Person, factor: Authenticator) -> None:
    """Refuse to take the last factor away.

    :raises Refused: then.
    """
    if not factors_of(person).exclude(pk=factor.pk).exists():
        raise Refused(_("This is your only second factor. Add another one first, then remove this one."))


def make_recovery_codes(*, by: Person) -> list[str]:
    """Give a person ten new recovery codes; the former ones are void. They can be read this once."""
    with transaction.atomic():
        checking.locked_guard(by)
        made = recovery.make(by)
        recovery_codes_made.send(sender=RecoveryCode, person=by)
        mail.tell(by, mail.Letter.FACTOR_CHANGED, {"what": "recovery"})
        return made


def forget_factors(person: Person) -> None:
    """Take every factor and recovery code from a person, so that they enrol again at their next sign-in.

    For the reset that two others have agreed on; inside their transaction, and they write it down.
    """
    guard = checking.locked_guard(person)
    factors_of(person).delete()
    RecoveryCode.objects.filter(person=person).delete()
    guard.failed_at, guard.spent_steps = [], []
    guard.save(update_fields=["failed_at", "spent_steps"])

"""Links that let somebody set a password: signed, for one person and one purpose, for a while, and once.

A link carries a digest of the account as it stood when it was made. Setting a password changes that, and so do signing
in, another e-mail address and the end of the account: the link is void from then on, and nothing has to be stored.
"""

import time
from dataclasses import astuple, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person

SALT: Final = "backoffice.accounts.passwords.links"


class Purpose(StrEnum):
    """What a link is for."""

    RESET = "reset"
    INVITATION = "invitation"


VALID_FOR: Final = {Purpose.RESET: timedelta(minutes=30), Purpose.INVITATION: timedelta(days=7)}


class LinkOver(Exception):
    """The link is not ours, is too old, was used, or its account has changed since. It is never said which."""


def invitation_link(person: Person) -> str:
    """Make the link by which an invited person sets their first password. It is valid for seven days, and once."""
    return link_for(person, Purpose.INVITATION)


def reset_link(person: Person) -> str:
    """Make the link by which somebody who forgot their password sets another. It is valid for 30 minutes, and once."""
    return link_for(person, Purpose.RESET)


def link_for(person: Person, purpose: Purpose) -> str:
    link = PasswordLink(person.pk, str(purpose), state_of(person), int(time.time()))
    return settings.PUBLIC_URL + reverse("account_password_link", args=[signing.dumps(astuple(link), salt=SALT)])


@dataclass(frozen=True)
class PasswordLink:
    """What a link says: for whom, for what, how their account stood, and when it was made (seconds since 1970)."""

    person: int
    purpose: str
    account: str
    made_at: int

    @property
    def is_first(self) -> bool:
        """Whether it is for a first password."""
        return self.purpose == Purpose.INVITATION

    @property
    def is_in_time(self) -> bool:
        return time.time() - self.made_at <= VALID_FOR[Purpose(self.purpose)].total_seconds()


def read_link(token: str) -> PasswordLink:
    """Read a link, once its signature is found to be ours.

    :raises LinkOver: when it is not.
    """
    try:
        return PasswordLink(*signing.loads(token, salt=SALT))
    except signing.BadSignature as error:
        raise LinkOver(_("This link does not work any more.")) from error


def bearer_of(link: PasswordLink, *, lock: bool = False) -> Person:
    """Find whom a link is for.

    :param lock: hold the person's row, so that of two who use the link at the same time one comes too late.
    :raises LinkOver: when it opens nothing (any more).
    """
    people = Person.objects.select_for_update(no_key=True) if lock else Person.objects
    person = people.filter(pk=link.person, is_active=True).first()
    if person is None or not link.is_in_time or not constant_time_compare(state_of(person), link.account):
        raise LinkOver(_("This link does not work any more."))
    return person


def state_of(person: Person) -> str:
    """Digest what must not have changed since a link was made."""
    state = f"{person.pk}|{person.password}|{person.last_login}|{person.email}|{person.is_active}"
    return salted_hmac(SALT, state, algorithm="sha256").hexdigest()[:32]

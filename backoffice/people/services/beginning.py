"""The first people. Nobody can propose or approve while nobody exists, so one command invites them, once."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from backoffice.accounts import mail
from backoffice.accounts.actors import System
from backoffice.accounts.models import Person, Role
from backoffice.approvals.control import managers_demanded
from backoffice.approvals.matching import live_rules
from backoffice.audit.services import record

BY = System("first_people")


class NotTheBeginning(Exception):
    """The first people cannot be invited; the text says why and what to do."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody to be invited at the very beginning."""

    name: str
    email: str
    role: Role


def invite_first_people(newcomers: Sequence[Newcomer]) -> list[Person]:
    """Invite the first administrator and the first managers.

    :raises NotTheBeginning: when somebody exists already, or there would be too few to go on by the product's own ways.
    """
    _check_enough(newcomers)
    with transaction.atomic():
        _lock_the_door()
        if Person.objects.exists():
            raise NotTheBeginning(_("There are people already: an administrator invites the others."))
        return [_invite(one) for one in newcomers]


def _lock_the_door() -> None:
    """Keep a second beginning, and everybody else who would be made, waiting until this one is committed."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_person IN SHARE ROW EXCLUSIVE MODE")


def _check_enough(newcomers: Sequence[Newcomer]) -> None:
    addresses = {one.email.strip().casefold() for one in newcomers}
    if len(addresses) < len(newcomers):
        raise NotTheBeginning(_("Each person needs an address of their own."))
    if not any(one.role == Role.ADMINISTRATOR for one in newcomers):
        raise NotTheBeginning(_("It takes an administrator, who invites the others."))
    managers = sum(one.role == Role.MANAGER for one in newcomers)
    needed = max(1, managers_demanded(live_rules().rules.all()))
    if managers < needed:
        sentence = _("The rules ask for up to %(n)s managers: name as many, so that everything can be approved.")
        raise NotTheBeginning(sentence % {"n": needed})


def _invite(one: Newcomer) -> Person:
    person = Person.objects.create_person(email=one.email, name=one.name.strip(), role=one.role)
    mail.tell(person, mail.Letter.INVITATION)
    record("person.first_invited", by=BY, obj=person, after={"email": person.email, "role": str(person.role)})
    return person

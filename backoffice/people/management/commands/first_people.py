"""``manage.py first_people``: the first administrator and managers, while nobody exists yet."""

from argparse import ArgumentParser
from email.utils import parseaddr
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from backoffice.accounts.models import Role
from backoffice.people.services.beginning import Newcomer, NotTheBeginning, invite_first_people


class Command(BaseCommand):
    help = "Invite the first administrator and the first managers by e-mail. Refused once anybody exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        form = '"Adam Reyes <adam@example.com>"'
        parser.add_argument("--administrator", action="append", required=True, metavar="WHO", help=form)
        parser.add_argument("--manager", action="append", required=True, metavar="WHO", help="repeat for each manager")

    def handle(self, *_args: Any, **options: Any) -> None:
        newcomers = [
            *(newcomer(text, Role.ADMINISTRATOR) for text in options["administrator"]),
            *(newcomer(text, Role.MANAGER) for text in options["manager"]),
        ]
        try:
            invited = invite_first_people(newcomers)
        except NotTheBeginning as refusal:
            raise CommandError(str(refusal)) from refusal
        for person in invited:
            self.stdout.write(f"Invited {person.name} <{person.email}> as {person.role}.")
        self.stdout.write("The worker sends the links by e-mail; each works once, for seven days.")


def newcomer(text: str, role: Role) -> Newcomer:
    """Read ``Name <address>``.

    :raises CommandError: with the form it has to have.
    """
    name, address = parseaddr(text)
    try:
        validate_email(address)
    except ValidationError:
        name = ""
    if not name:
        raise CommandError(f'{text!r} is not of the form "Adam Reyes <adam@example.com>".')
    return Newcomer(name, address, role)

"""What a password has to be: long, and hard to guess whatever it is made of (docs/adr/0021)."""

from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.passwords.guessing import is_easy_to_guess

LONGEST: Final = 128


class NotTooLong:
    """Bound what is hashed. More than this is no password that somebody chose."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("At most %(n)s characters.") % {"n": LONGEST}


class HardToGuess:
    """Refuse what a guesser tries first: leaked passwords and simple changes to them, names, rows of keys."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if is_easy_to_guess(password, user):
            raise ValidationError(
                _(
                    "This one is guessed too soon: without names, well-known passwords, digits and signs too little of "
                    "it is left. Three or four words that have nothing to do with each other make a good one."
                ),
                code="password_easy_to_guess",
            )

    def get_help_text(self) -> str:
        return _("Not made of names or well-known passwords.")

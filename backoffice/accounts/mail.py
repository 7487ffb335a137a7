"""E-mail to staff. The worker writes it after the change was committed: a mail server that is away fails nothing.

A job carries whom and about what, never a link: those are made when the mail is written, so that no job, log or dump of
the database holds a key to an account. Mails are plain text; names in them are what other people typed, on one line.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.utils import translation
from procrastinate.types import JSONValue

from backoffice.accounts.models import Person
from backoffice.accounts.passwords.links import invitation_link, reset_link
from backoffice.worker.bells import DATABASE_TROUBLE, same_connection

QUEUE, DELIVER = "mail", "accounts.deliver"
LONGEST_VALUE: Final = 200

log = structlog.get_logger(__name__)


class Letter(StrEnum):
    """Every mail there is: a template each, in `templates/accounts/mail/`."""

    INVITATION = "invitation"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    ROLE_CHANGED = "role_changed"
    FACTOR_RESET = "factor_reset"
    REACTIVATED = "reactivated"
    FACTOR_CHANGED = "factor_changed"
    SEALS_ALARM = "seals_alarm"
    SELF_TEST_ALARM = "self_test_alarm"


#: The links of those letters that hold one, made for the person when the letter is written.
LINKS: Final[dict[Letter, Callable[[Person], str]]] = {
    Letter.INVITATION: invitation_link,
    Letter.RESET: reset_link,
}
#: What whoever sends a letter must say in its context.
NEEDS: Final[dict[Letter, frozenset[str]]] = {
    Letter.ROLE_CHANGED: frozenset({"before", "role", "by", "approved_by"}),
    Letter.FACTOR_RESET: frozenset({"by", "approved_by"}),
    Letter.FACTOR_CHANGED: frozenset({"what"}),
    Letter.SEALS_ALARM: frozenset({"what", "sentence"}),
    Letter.SELF_TEST_ALARM: frozenset({"sentence"}),
}


def tell(person: Person, template: str, context: Mapping[str, str] | None = None) -> None:
    """Have a mail written to a person once the change at hand is committed. It never fails the change.

    :param template: a `Letter`.
    :param context: what the template names (`NEEDS`), as text; nothing secret.
    :raises ValueError: for a letter that does not exist, or lacks something.
    """
    letter = Letter(template)
    missing = NEEDS.get(letter, frozenset()) - set(context or {})
    if missing:
        raise ValueError(f"The letter {letter} needs {', '.join(sorted(missing))}.")
    said: dict[str, JSONValue] = {name: one_line(value) for name, value in (context or {}).items()}
    try:
        with transaction.atomic():
            job = same_connection().configure_task(DELIVER, queue=QUEUE)
            job.defer(person_id=person.pk, letter=str(letter), context=said)
    except DATABASE_TROUBLE as error:
        log.error("mail not handed over", person=person.pk, letter=str(letter), because=str(error))


def deliver(*, person_id: int, letter: str, context: Mapping[str, str]) -> None:
    """Write one mail and hand it to the mail server. People whose account is closed get none.

    :raises OSError: when the mail server does not take it (`smtplib.SMTPException` is one).
    """
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is not None:
        written(person, Letter(letter), context).send()
        log.info("mail sent", person=person_id, letter=letter)


def written(person: Person, letter: Letter, context: Mapping[str, str]) -> EmailMessage:
    """Write a letter: the first line of its template is the subject, the rest is the text."""
    values: dict[str, Any] = {**context, **surroundings(person)}
    if letter in LINKS:
        values["link"] = LINKS[letter](person)
    with translation.override(settings.LANGUAGE_CODE):
        page = get_template(f"accounts/mail/{letter}.txt").template.render(Context(values, autoescape=False))  # type: ignore[attr-defined]
    subject, _, text = page.strip().partition("\n")
    return EmailMessage(subject=one_line(subject), body=text.strip() + "\n", to=[person.email])


def surroundings(person: Person) -> dict[str, str]:
    return {
        "name": one_line(person.name),
        "email": person.email,
        "product": f"{settings.COMPANY_NAME} back office".strip(),
        "site": settings.PUBLIC_URL,
    }


def one_line(text: str) -> str:
    """Keep what can be read of a text, on one line and not longer than a line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST_VALUE]

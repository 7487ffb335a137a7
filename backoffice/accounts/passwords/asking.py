"""Asking for a link when a password is forgotten: the same answer, and the same work, for whoever asks.

The request only rings for a worker, whether the address is known or not; the worker looks it up. Only people who have a
password get a link: whoever never accepted an invitation needs a new one.
"""

from typing import Final

from allauth.core import ratelimit
from django.db import transaction
from django.http import HttpRequest

from backoffice.accounts import mail
from backoffice.accounts.models import Person
from backoffice.accounts.signals import reset_asked
from backoffice.worker.bells import same_connection

ANSWER: Final = "accounts.answer_reset"


def is_asked_too_often(request: HttpRequest, email: str) -> bool:
    """Count a wish for this address and from this network address, in the database for all processes.

    Five for one account, twenty from one network address, in half an hour; known and unknown accounts count alike.
    """
    return not ratelimit.consume(request, action="reset_password", key=email.casefold())


def ask_for_link(email: str) -> None:
    """Note that somebody asked, and have a worker answer them."""
    with transaction.atomic():
        same_connection().configure_task(ANSWER, queue=mail.QUEUE).defer(email=email.casefold())
        reset_asked.send(sender=Person, email=email)


def answer(email: str) -> None:
    """Send the link, if there is an open account with a password under this address."""
    person = Person.objects.filter(email=email, is_active=True).first()
    if person is not None and person.has_usable_password():
        mail.deliver(person_id=person.pk, letter=mail.Letter.RESET, context={})

"""Somebody of every kind at the door, each with a browser that can be used again and again.

A session lives in the database, so whatever a request did is undone with it: signing out, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from http.cookies import SimpleCookie
from typing import Any

from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone

from backoffice.accounts.factors import shown
from backoffice.accounts.models import Person, Role

HTMX = {"HX-Request": "true"}


class Who(StrEnum):
    """The columns of the matrix (security.md S1)."""

    STRANGER = "not signed in"
    UNPROVEN = "invited, no second factor yet"
    FINANCE = "finance"
    MANAGER = "manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    DEACTIVATED = "deactivated"
    REQUESTER = "manager who asked for it"


#: Whose rights somebody has once they are let in at all.
ROLES = {
    Who.UNPROVEN: Role.FINANCE,
    Who.FINANCE: Role.FINANCE,
    Who.MANAGER: Role.MANAGER,
    Who.AUDITOR: Role.AUDITOR,
    Who.ADMINISTRATOR: Role.ADMINISTRATOR,
    Who.DEACTIVATED: Role.MANAGER,
    Who.REQUESTER: Role.MANAGER,
}


@dataclass
class Browser:
    """A browser whose cookies never change, whatever an answer says. ``cookies`` is the header it sends."""

    client: Client = field(default_factory=lambda: sharing(Client(SERVER_NAME="127.0.0.1")))
    cookies: str = ""

    def keep(self) -> "Browser":
        self.cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.client.cookies.items())
        return self

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> HttpResponseBase:
        """Ask once. What it changed stays, unless it is asked inside ``undone``."""
        self.client.cookies = SimpleCookie(self.cookies)
        answer: HttpResponseBase = getattr(self.client, method.lower())(path, data, headers=headers)
        drain(answer)
        return answer


@cache
def shared_handler() -> ClientHandler:
    """One stack of middlewares for every browser: making it reads all static files."""
    return ClientHandler(enforce_csrf_checks=False)


def sharing(client: Client) -> Client:
    client.handler = shared_handler()
    return client


def drain(answer: HttpResponseBase) -> None:
    """Read a file to its end, so that nothing of it is left open."""
    if answer.streaming:
        for _part in answer:
            pass


@contextmanager
def undone() -> Iterator[None]:
    """Roll back everything that happens inside; to the product it is no transaction, as in any test."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def person(who: Who) -> Person:
    name = who.name.lower()
    return Person.objects.create_person(email=f"{name}@example.com", name=name, role=ROLES[who])


def browser_of(someone: Person, *, is_proven: bool = True) -> Browser:
    """A browser somebody has signed in with, and shown a second factor unless said otherwise."""
    browser = Browser()
    browser.client.force_login(someone)
    session = browser.client.session
    if is_proven:
        session.update({shown.SHOWN_AT: timezone.now().timestamp(), shown.SHOWN_BY: someone.pk})
    else:
        session.pop(shown.SHOWN_AT, None)
    session.save()
    return browser.keep()


def cast() -> dict[Who, Person]:
    """One person for each column of the matrix but the stranger."""
    return {who: person(who) for who in Who if who is not Who.STRANGER}


def browsers_of(people: dict[Who, Person]) -> dict[Who, Browser]:
    """One browser for each column of the matrix; one of them signed in before the account was closed."""
    browsers = {who: browser_of(one, is_proven=who is not Who.UNPROVEN) for who, one in people.items()}
    browsers[Who.STRANGER] = Browser()
    Person.objects.filter(pk=people[Who.DEACTIVATED].pk).update(is_active=False)
    return browsers

"""Every page of the product, each as somebody who may open it, with objects that are there."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http.response import HttpResponseBase

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Role
from tests.security.addresses import ADDRESSES, Address
from tests.security.browsers import ROLES, Browser, Who, browsers_of, cast
from tests.security.objects import everything

#: Of each role the one who asked for nothing.
OF_ROLE: dict[Role, Who] = {ROLES[who]: who for who in (Who.FINANCE, Who.MANAGER, Who.AUDITOR, Who.ADMINISTRATOR)}


@dataclass
class Site:
    """The product with something in it, and a browser for everybody."""

    browsers: dict[Who, Browser]
    objects: dict[str, object]

    def path(self, address: Address) -> str:
        return address.path_to(self.objects)

    def openers(self, address: Address, method: str = "GET") -> Iterator[Browser]:
        """One browser for each role that may."""
        for role in TABLE[address.name].roles(method):
            yield self.browsers[OF_ROLE[role]]

    def pages(self, method: str = "GET") -> Iterator[tuple[Address, Browser]]:
        """Every address a method opens, each with the first role that may."""
        for name in sorted(set(ADDRESSES) & set(TABLE)):
            for browser in list(self.openers(ADDRESSES[name], method))[:1]:
                yield ADDRESSES[name], browser


def site_of_a_day() -> Site:
    """A site with one row of everything."""
    people = cast()
    objects = everything(people[Who.REQUESTER])
    return Site(browsers_of(people), objects)


def text_of(answer: HttpResponseBase) -> str:
    """The page an answer carries; nothing where it is a file."""
    return "" if answer.streaming else answer.content.decode("utf-8", "replace")  # type: ignore[attr-defined]

"""One cell of the permission matrix: what it must be, and what it is (security.md S1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.http.response import HttpResponseBase

from backoffice.accounts.matrix import TABLE, Row
from tests.security.addresses import Address
from tests.security.browsers import HTMX, ROLES, Browser, Who

METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST")
SIGN_IN = "/accounts/login/"
PROVING = ("/accounts/enrol/", "/accounts/factor/")


class Answer(StrEnum):
    """How an address may answer."""

    IN = "gets in"
    SIGN_IN = "is sent to sign in"
    PROVE = "is sent to the second factor"
    REFUSED = "is refused (403)"
    CLOSED = "no such method (405)"
    BROKEN = "breaks"


@dataclass(frozen=True)
class Cell:
    """An address, asked once by somebody."""

    address: Address
    who: Who
    method: str
    is_htmx: bool

    @property
    def row(self) -> Row:
        return TABLE[self.address.name]

    def expected(self) -> Answer:
        """What the policy file says."""
        if self.who in (Who.STRANGER, Who.DEACTIVATED):
            return self.by_method() if self.row.public else Answer.SIGN_IN
        if self.who is Who.UNPROVEN and not self.row.unproven:
            return Answer.PROVE
        if self.who is Who.REQUESTER and self.row.barred and self.row.roles(self.method):
            return Answer.REFUSED
        return self.by_method()

    def by_method(self) -> Answer:
        """What the policy file says of somebody who stands inside, or before an open door."""
        roles = self.row.roles(self.method)
        if not roles:
            return Answer.CLOSED
        is_let_in = self.who is Who.STRANGER or ROLES[self.who] in roles
        return Answer.IN if is_let_in else Answer.REFUSED

    def actual(self, browser: Browser, objects: dict[str, object]) -> Answer:
        """What the product does."""
        path = self.address.path_to(objects if self.who is Who.REQUESTER else {})
        answer = browser.ask(self.method, path, **(HTMX if self.is_htmx else {}))
        return outcome_of(answer, is_probe=self.address.name == "readyz")

    @property
    def may_change(self) -> bool:
        """Whether what it did must be undone before the next cell is asked."""
        return self.method == "POST"

    def agrees(self, actual: Answer) -> bool:
        """Whether that is what the policy file says. Pages at the door may lead on to the next step of coming in."""
        if self.expected() is Answer.IN and (self.row.public or self.row.unproven):
            return actual in (Answer.IN, Answer.SIGN_IN, Answer.PROVE)
        return actual == self.expected()

    def __str__(self) -> str:
        with_htmx = " with htmx" if self.is_htmx else ""
        return f"{self.method} {self.address.name}{with_htmx}, {self.who}"


def outcome_of(answer: HttpResponseBase, *, is_probe: bool = False) -> Answer:
    """Read an answer. A probe may say by 503 that a part is missing."""
    place = answer.headers.get("HX-Redirect") or answer.headers.get("Location", "")
    if place.startswith(SIGN_IN) and answer.status_code in (302, 401):
        return Answer.SIGN_IN
    if place.startswith(PROVING) and answer.status_code in (302, 204):
        return Answer.PROVE
    known = {403: Answer.REFUSED, 405: Answer.CLOSED, 401: Answer.BROKEN}
    if answer.status_code in known:
        return known[answer.status_code]
    return Answer.BROKEN if answer.status_code >= 500 and not is_probe else Answer.IN


def cells_of(address: Address, who: Who) -> Iterator[Cell]:
    """Every cell of one address and one kind of person; what may change something comes last."""
    for method in METHODS:
        for is_htmx in (False, True):
            yield Cell(address, who, method, is_htmx)

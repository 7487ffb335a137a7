"""What is shot at: every address of the URLconf, with the fields its forms really have."""

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from html.parser import HTMLParser

from backoffice.accounts.matrix import TABLE
from tests.security.addresses import ADDRESSES, Address
from tests.security.browsers import Browser, Who
from tests.security.hostile.shots import Target

CURSOR = re.compile(r'[?&;]page=([^"&]+)')
#: What a form takes, by the name of its field, where the page itself gives nothing.
PLAUSIBLE = {
    "amount": "12.50",
    "client": "user_12345",
    "asset": "USD",
    "code": "123456",
    "reason": "Statement line 1, checked",
    "email": "nadia@example.com",
    "name": "Nadia Karim",
}

#: One person of each role, named as the role is.
SIGNED_IN = (Who.FINANCE, Who.MANAGER, Who.AUDITOR, Who.ADMINISTRATOR)

#: Opens a page as somebody who may, and returns its HTML; nothing when there is none.
Open = Callable[[Address, str], str]


def opener(browsers: dict[Who, Browser]) -> Open:
    """Open pages as somebody whose role may."""
    by_role = {who.value: browsers[who] for who in SIGNED_IN}

    def open_page(address: Address, path: str) -> str:
        answer = by_role[min(TABLE[address.name].get)].ask("GET", path)
        return "" if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]

    return open_page


class Fields(HTMLParser):
    """Collects the fields of a page, each with the value it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "option" and self.select and told.get("value"):
            self.found[self.select] = self.found[self.select] or told["value"]
        if tag in ("input", "textarea", "select", "button") and told.get("name"):
            self.found[told["name"]] = told.get("value") or PLAUSIBLE.get(told["name"], "")
            self.select = told["name"] if tag == "select" else ""


def fields_of(page: str) -> Mapping[str, str]:
    """The names of all fields of a page, and what would be taken there."""
    parser = Fields()
    parser.feed(page)
    return parser.found


def targets(open_page: Open, objects: dict[str, object]) -> Iterator[Target]:
    """Every address with objects that are not there, and with those that are."""
    for name in sorted(set(ADDRESSES) & set(TABLE)):
        address = ADDRESSES[name]
        for path in dict.fromkeys((address.path, address.path_to(objects))):
            yield target_of(name, path, page_for(address, path, objects, open_page))


def page_for(address: Address, path: str, objects: dict[str, object], open_page: Open) -> str:
    """The page at a path, or, where the path only takes forms, the page its form stands on."""
    if TABLE[address.name].get:
        return open_page(address, path)
    start, _colon, _verb = address.name.rpartition(":")
    detail = ADDRESSES.get(f"{start}:detail") or ADDRESSES.get(f"{start}:page")
    return open_page(detail, detail.path_to(objects)) if detail else ""


def target_of(name: str, path: str, page: str) -> Target:
    cursor = CURSOR.search(page)
    return Target(name, path, fields_of(page), unescape(cursor.group(1)) if cursor else "", welcome_at(name))


def welcome_at(name: str) -> tuple[str, ...]:
    """Those whose role gets in at an address by some method."""
    return tuple(who.value for who in SIGNED_IN if who.value in TABLE[name].opened_to)

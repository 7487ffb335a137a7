"""No address, and no query on any page, ends in an error of ours (security.md S34)."""

import pytest
from django.test import Client

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Person, Role
from tests.security.addresses import ADDRESSES, Address

pytestmark = pytest.mark.usefixtures("db")

#: Every page of a role that opens without naming an object.
PAGES = [
    pytest.param(address, id=name)
    for name, address in sorted(ADDRESSES.items())
    if name in TABLE and TABLE[name].get and not TABLE[name].public and not address.pattern.pattern.converters
]
STARTS = ("approvals", "audit", "clients", "funding", "orders", "reconciliation", "transactions")
NINES = "9" * 5_000
NAMES = (
    "page",
    "page_size",
    "after",
    "before",
    "q",
    "sort",
    "from",
    "to",
    "client",
    "asset",
    "state",
    "person",
    "lane",
)
HOSTILE = (
    *(
        "\0",
        "1" + "0" * 30,
        NINES,
        "-1",
        "NaN",
        "1e999999999",
        "0001-01-01",
        "9999-12-31",
        "\u202e",
        "'\"><",
        "%",
        "\\",
    ),
    *("=1+1", "a" * 100_000, "__class__", "-password", "(((("),
)


def browser_of(role: Role) -> Client:
    client = Client()
    client.force_login(Person.objects.create_person(email=f"{role}@example.com", name=str(role), role=role))
    return client


@pytest.mark.parametrize("address", PAGES)
def test_no_query_breaks_a_page(address: Address) -> None:
    browser = browser_of(min(TABLE[address.name].get))
    for text in HOSTILE:
        answer = browser.get(address.path, {name: [text, text] for name in NAMES})
        assert answer.status_code in (200, 400, 404), f"{address.path} with {text[:20]!r}"


@pytest.mark.parametrize("address", PAGES)
def test_many_and_unknown_parameters_break_no_page(address: Address) -> None:
    browser = browser_of(min(TABLE[address.name].get))
    for query in ({"asset": [str(one) for one in range(900)]}, {"raw__contains": "x", "is_staff": "1", "": "x"}):
        assert browser.get(address.path, query).status_code in (200, 400), address.path


@pytest.mark.parametrize("start", STARTS)
def test_no_object_in_an_address_breaks_a_page(start: str) -> None:
    browser = browser_of(Role.MANAGER)
    for text in ("%00", "a%00b", "..%2f..%2fetc", "%ff%fe", "%ed%a0%80", "%0d%0aX:%20y", "9" * 400, "-1"):
        assert browser.get(f"/{start}/{text}/").status_code == 404, text

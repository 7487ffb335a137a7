"""Every address × every method × everybody × with and without htmx, against the policy file (security.md S1)."""

from collections.abc import Callable

import pytest

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Role
from tests.security.addresses import ADDRESSES, Address
from tests.security.browsers import Browser, Who, browsers_of, cast
from tests.security.cells import cells_of
from tests.security.objects import asked_for_by

pytestmark = pytest.mark.usefixtures("db", "nobody_waits")
KNOWN = sorted(set(ADDRESSES) & set(TABLE))
Crowd = tuple[dict[Who, Browser], dict[str, object]]


@pytest.fixture
def crowd(db: None) -> Crowd:
    """A browser for everybody, and what the manager asked for while in finance."""
    people = cast()
    objects = asked_for_by(people[Who.REQUESTER])
    return browsers_of(people), objects


def wrong_cells(address: Address, crowd: Crowd) -> list[str]:
    browsers, objects = crowd
    asked = [(cell, cell.actual(browsers[cell.who], objects)) for cell in cells_of(address)]
    return [f"{cell}: {actual}, must be: {cell.expected()}" for cell, actual in asked if not cell.agrees(actual)]


@pytest.mark.parametrize("name", KNOWN)
def test_s1_every_cell_is_what_the_policy_says(
    name: str, crowd: Crowd, record_property: Callable[[str, object], None]
) -> None:
    record_property("cells of the permission matrix", len(list(cells_of(ADDRESSES[name]))))
    assert wrong_cells(ADDRESSES[name], crowd) == []


def test_s1_every_address_has_a_row() -> None:
    assert sorted(set(ADDRESSES) - set(TABLE)) == [], "add a row for each to backoffice/accounts/matrix.py"


def test_s1_every_row_has_an_address() -> None:
    assert sorted(set(TABLE) - set(ADDRESSES)) == []


@pytest.mark.parametrize("name", KNOWN)
def test_s1_each_view_opens_itself_to_the_roles_of_its_row(name: str) -> None:
    view_says, row = ADDRESSES[name].required_roles, TABLE[name]
    assert row.public or (view_says or frozenset(Role)) == row.opened_to

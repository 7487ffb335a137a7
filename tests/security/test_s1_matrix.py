"""Every address × every method × everybody × with and without htmx, against the policy file (security.md S1)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext

import pytest

from backoffice.accounts.matrix import TABLE
from backoffice.accounts.models import Role
from tests.security.addresses import ADDRESSES
from tests.security.browsers import Browser, Who, browsers_of, cast, undone
from tests.security.cells import Answer, Cell, cells_of
from tests.security.objects import asked_for_by
from tests.security.remembering import remember_sessions

pytestmark = pytest.mark.usefixtures("db", "nobody_waits")
KNOWN = sorted(set(ADDRESSES) & set(TABLE))
#: Making everybody costs more than asking a few addresses.
HANDFULS = [KNOWN[start : start + 8] for start in range(0, len(KNOWN), 8)]
Crowd = tuple[dict[Who, Browser], dict[str, object]]


@pytest.fixture
def crowd(db: None, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """A browser for everybody, and what the manager asked for while in finance."""
    people = cast()
    objects = asked_for_by(people[Who.REQUESTER])
    browsers = browsers_of(people)
    remember_sessions(monkeypatch)
    return browsers, objects


def asked(cells: Iterable[Cell], browser: Browser, objects: dict[str, object]) -> Iterator[tuple[Cell, Answer]]:
    """Ask every cell of one kind of person; whatever a POST changed is undone at once, the rest at the end."""
    with undone():
        for cell in cells:
            with undone() if cell.may_change else nullcontext():
                yield cell, cell.actual(browser, objects)


@pytest.mark.parametrize("names", HANDFULS, ids=lambda names: f"{names[0]} to {names[-1]}")
def test_s1_every_cell_is_what_the_policy_says(
    names: Sequence[str], crowd: Crowd, record_property: Callable[[str, object], None]
) -> None:
    browsers, objects = crowd
    outcomes = [
        outcome
        for name in names
        for who in Who
        for outcome in asked(cells_of(ADDRESSES[name], who), browsers[who], objects)
    ]
    record_property("cells of the permission matrix", len(outcomes))
    wrong = [f"{cell}: {actual}, must be: {cell.expected()}" for cell, actual in outcomes if not cell.agrees(actual)]
    assert wrong == []


def test_s1_every_address_has_a_row() -> None:
    assert sorted(set(ADDRESSES) - set(TABLE)) == [], "add a row for each to backoffice/accounts/matrix.py"


def test_s1_every_row_has_an_address() -> None:
    assert sorted(set(TABLE) - set(ADDRESSES)) == []


@pytest.mark.parametrize("name", KNOWN)
def test_s1_each_view_opens_itself_to_the_roles_of_its_row(name: str) -> None:
    view_says, row = ADDRESSES[name].required_roles, TABLE[name]
    assert row.public or (view_says or frozenset(Role)) == row.opened_to

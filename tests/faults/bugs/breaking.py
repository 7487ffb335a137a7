"""How a bug is put into the running product, and taken out again: functions replaced, and the database disarmed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from tests.faults import chain
from tests.faults.world import World

Break = Callable[[World], AbstractContextManager[object]]
Schedule = Callable[[World], object]


@dataclass(frozen=True)
class Bug:
    """One seeded bug; up to 31 by its number there.

    ``caught_as`` is how the violation begins that the campaign must report: an I-number or words of the watch.
    ``schedule`` is the shortest one that catches it. ``disarms`` takes away what the database has against it: without
    that, the database refuses, and the campaign reports that a service did not survive.
    """

    number: int
    name: str
    caught_as: str
    breaks: Break
    schedule: Schedule
    disarms: Break | None = None

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @contextmanager
    def put_into(self, world: World, *, is_armed: bool = False) -> Iterator[None]:
        """Run the product with the bug in it; ``is_armed``: beside a database that stops it."""
        with ExitStack() as stack:
            if self.disarms is not None and not is_armed:
                stack.enter_context(self.disarms(world))
            stack.enter_context(self.breaks(world))
            yield

    def found_in(self, world: World, *, is_armed: bool = False) -> list[str]:
        """Play the shortest schedule with the bug in the product and return what the campaign reports."""
        with self.put_into(world, is_armed=is_armed):
            self.schedule(world)
        return counted(world)


def counted(world: World) -> list[str]:
    """Return everything the campaign has to report of what happened in a world."""
    return [str(violation) for violation in [*world.violations(), *chain.broken_links(world.database)]]


BUGS: Final[list[Bug]] = []


def bug(
    number: int, name: str, *, caught_as: str, schedule: Schedule, disarms: Break | None = None
) -> Callable[[Break], Break]:
    """Add a bug to the list."""

    def add(breaks: Break) -> Break:
        BUGS.append(Bug(number, name, caught_as, breaks, schedule, disarms))
        return breaks

    return add


def instead(where: object, name: str, stand_in: object) -> AbstractContextManager[Any]:
    """Put ``stand_in`` in the place of what ``where`` calls ``name``."""
    return patch.object(where, name, stand_in)


def all_of(*breaks: Break) -> Break:
    """Break several things at once."""

    @contextmanager
    def broken(world: World) -> Iterator[None]:
        with ExitStack() as stack:
            for each in breaks:
                stack.enter_context(each(world))
            yield

    return broken


def without_trigger(table: str, *names: str) -> Break:
    """Drop triggers of the product, as the owner of the database."""

    @contextmanager
    def dropped(world: World) -> Iterator[None]:
        for name in names:
            found = world.database.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
                (table, rf"pgtrigger\_{name}\_%"),
            ).fetchall()
            assert len(found) == 1, f"{table} has no trigger {name}"
            world.database.execute(f"DROP TRIGGER {found[0]['tgname']} ON {table}")
        yield

    return dropped


def without_constraint(table: str, name: str) -> Break:
    """Drop one constraint of the product, as the owner of the database."""

    @contextmanager
    def dropped(world: World) -> Iterator[None]:
        world.database.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
        yield

    return dropped

"""Every seeded bug is caught on its shortest schedule, and the same schedule finds nothing without it."""

from collections.abc import Iterator
from random import Random

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from tests.faults.bugs.breaking import Bug, counted
from tests.faults.bugs.seeded import SEEDED
from tests.faults.opening import opened
from tests.faults.world import World


@pytest.fixture
def world(postgres: embedded.Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A world of the test's own: some bugs take the database apart."""
    with django_db_blocker.unblock(), opened(postgres) as made:
        made.begin(Random(1))
        yield made


@pytest.mark.parametrize("bug", SEEDED, ids=str)
def test_the_campaign_finds_the_bug(bug: Bug, world: World) -> None:
    found = bug.found_in(world)

    assert any(bug.caught_as in one for one in found), [*found, *world.story]


@pytest.mark.parametrize("schedule", {bug.schedule: bug for bug in SEEDED}.values(), ids=str)
def test_the_same_schedule_without_the_bug_finds_nothing(schedule: Bug, world: World) -> None:
    schedule.schedule(world)

    assert counted(world) == [], world.story


@pytest.mark.parametrize("bug", [bug for bug in SEEDED if bug.disarms], ids=str)
def test_the_database_by_itself_stops_the_bug(bug: Bug, world: World) -> None:
    """A service was refused, which a worker would not have survived: at worst something is stuck, no money moved."""
    found = bug.found_in(world, is_armed=True)

    assert any(one.startswith("survival") for one in found), [*found, *world.story]
    assert all(one.startswith(("survival", "I4")) for one in found), found

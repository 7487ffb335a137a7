"""What the watch at the partner's door could get wrong: two requests that could both be carried out are too many, and
one that stood still on the way for so long that the door turns it away is none."""

from collections.abc import Iterator
from random import Random

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from tests.faults.bugs.acting import asked, sent
from tests.faults.opening import opened
from tests.faults.virtual import NANOSECONDS
from tests.faults.world import World


@pytest.fixture
def world(postgres: embedded.Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), opened(postgres) as made:
        made.begin(Random(1))
        yield made


@pytest.mark.parametrize(("stood_still", "is_counted"), [(0, True), (58, True), (61, False)])
@pytest.mark.parametrize("other", ["being answered", "held back"])
def test_two_requests_are_in_flight_while_both_could_be_carried_out(
    stood_still: int, is_counted: bool, other: str, world: World
) -> None:
    operation = asked(world)
    sent(world, operation)
    reference, line = operation.reference, world.line
    world.clock.pass_by(stood_still)
    if other == "held back":
        line.lands_at[reference] = world.clock.nanoseconds() + NANOSECONDS
    else:
        line.in_flight[reference] = 2

    world.watch.check_alone(reference)

    assert bool(world.watch.violations) is is_counted

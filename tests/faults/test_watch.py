"""What the watch at the partner's door could get wrong: two requests that could both be carried out are too many, and
one that stood still on the way until its signature had run out and another was sent is none of them."""

from collections.abc import Iterator
from random import Random

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from tests.faults.bugs.acting import asked, sent
from tests.faults.opening import opened
from tests.faults.world import World


@pytest.fixture
def world(postgres: embedded.Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), opened(postgres) as made:
        made.begin(Random(1))
        yield made


@pytest.mark.parametrize(
    ("sent_again_after", "came_after", "is_counted"),
    [(30, 31, True), (30, 120, True), (60, 400, True), (61, 400, False)],
    ids=["both can be taken", "sent again too early, though it came too late", "on the last moment", "outlived"],
)
@pytest.mark.parametrize("other", ["being answered", "held back"])
def test_two_requests_are_in_flight_while_both_could_be_carried_out_when_the_second_was_sent(
    sent_again_after: int, came_after: int, is_counted: bool, other: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = asked(world)
    sent(world, operation)
    reference, line = operation.reference, world.line
    signed_ms = world.sandbox.clock.milliseconds()
    world.clock.pass_by(sent_again_after)
    line.arrives(reference, world.sandbox.clock.milliseconds())
    world.clock.pass_by(came_after - sent_again_after)
    if other == "held back":
        monkeypatch.setattr(world.sandbox, "holds_back", lambda _reference: True)
    else:
        line.in_flight[reference] = 2

    line.arrives(reference, signed_ms)
    world.watch.check_alone(reference)

    assert bool(world.watch.violations) is is_counted

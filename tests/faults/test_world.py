"""What the world of the random schedules could get wrong about time: what the partner holds back is carried out when it
is due, though nobody asks, and what somebody approved in the very instant before they left was approved by them."""

from collections.abc import Iterator
from random import Random

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.approvals.models import Request
from backoffice.database import embedded
from backoffice.funding.models import Kind
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID
from tests.approving import approve
from tests.faults.bugs.acting import asked, fault, sent
from tests.faults.opening import opened
from tests.faults.world import World


@pytest.fixture
def world(postgres: embedded.Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), opened(postgres) as made:
        made.begin(Random(1))
        yield made


@pytest.mark.parametrize("delays", [(10,), (10, 20)], ids=["held back", "held back twice"])
def test_what_is_held_back_lands_when_it_is_due_though_nobody_comes_for_a_day(
    delays: tuple[int, ...], world: World
) -> None:
    operation = asked(world)
    for seconds in delays:
        fault(world, "land_late", operation, seconds=seconds)
    left_ns = world.clock.true_ns
    sent(world, operation)
    is_on_its_way = world.line.holds_back(operation.reference)

    world.clock.pass_by(25 * 3600)

    assert is_on_its_way and not world.line.holds_back(operation.reference)
    order = world.sandbox.ledger.order_by_reference(COINMENA_PARTNER_ID, operation.reference)
    assert order is not None
    assert order.created_at - left_ns // 1_000 == pytest.approx(sum(delays) * 1_000_000, abs=1_000_000)


def test_who_leaves_in_the_instant_after_they_approved_was_entitled_and_who_left_in_the_instant_before_was_not(
    world: World,
) -> None:
    operation = asked(world, kind=Kind.WITHDRAWAL)
    leaver = world.cast.leaver

    approve(Request.objects.get(subject=operation.reference), by=leaver)
    world.leaver_leaves()
    sent(world, operation)

    assert world.state_of(operation) == "completed"
    assert world.watch.violations == []
    assert not world.watch._was_entitled(leaver.pk, world.clock.now())

"""The 504 small cases: 18 crash points, 14 classes of answers, 2 types."""

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from backoffice.failpoints import Failpoint
from tests.faults import chain
from tests.faults.opening import opened
from tests.faults.small_cases import CASES, play
from tests.faults.world import World


@pytest.fixture
def world(postgres: embedded.Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), opened(postgres) as made:
        yield made


def test_there_are_504_of_them() -> None:
    assert len(CASES) == 18 * 14 * 2


@pytest.mark.parametrize("point", list(Failpoint), ids=str)
def test_whoever_dies_there_nothing_is_doubled_lost_misbooked_or_stuck(world: World, point: Failpoint) -> None:
    wrong = []
    for case in (case for case in CASES if case.point is point):
        outcome = play(world, case)
        if outcome.violations or not set(outcome.states) <= case.endings | {"completed"}:
            wrong.append((str(case), outcome.violations, dict(outcome.states), outcome.story))

    assert wrong == []
    assert chain.broken_links(world.database) == []

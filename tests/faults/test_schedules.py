"""2,000 random schedules: nothing doubled, lost, misbooked or stuck, and every fault of the catalogue strikes.

``python -m tests.faults --seed N`` tells the story of one of them; ``make campaign`` runs as many as wanted.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from tests.faults.slices import run_slice

SCHEDULES: Final = 2_000
#: Many small ones: the last of them keep every process busy to the end.
CHUNKS: Final = 20
SIZE: Final = SCHEDULES // CHUNKS


@pytest.fixture
def unblocked(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let a world open databases of its own."""
    with django_db_blocker.unblock():
        yield


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_doubled_lost_misbooked_or_stuck(postgres: embedded.Embedded, unblocked: None, chunk: int) -> None:
    first = chunk * SIZE + 1

    tally = run_slice(postgres, first, first + SIZE - 1)

    assert tally.bad == {}
    assert tally.runs == SIZE
    assert tally.states["completed"] > SIZE

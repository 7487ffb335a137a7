"""2,000 random schedules: nothing doubled, lost, misbooked or stuck, and every fault of the catalogue strikes.

``python -m tests.faults --seed N`` tells the story of one of them; ``make campaign`` runs as many as wanted.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import pytest
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from tests.database import ROOT
from tests.faults.opening import opened
from tests.faults.product import is_out_of_reach
from tests.faults.slices import run_in, run_slice

SCHEDULES: Final = 2_000
#: Many small ones: the last of them keep every process busy to the end.
CHUNKS: Final = 20
SIZE: Final = SCHEDULES // CHUNKS


@pytest.fixture
def unblocked(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let a world open databases of its own."""
    with django_db_blocker.unblock():
        yield


def test_no_schedule_calls_what_its_version_leaves_out(postgres: embedded.Embedded, unblocked: None) -> None:
    called: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            called.add(frame.f_code.co_filename)

    with opened(postgres) as world:
        sys.setprofile(note)
        try:
            run_in(world, range(1, 21))
        finally:
            sys.setprofile(None)

    product = {path for path in map(Path, called) if path.is_relative_to(ROOT / "backoffice")}
    assert len(product) > 80
    assert [path for path in product if is_out_of_reach(path)] == []


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_doubled_lost_misbooked_or_stuck(postgres: embedded.Embedded, unblocked: None, chunk: int) -> None:
    first = chunk * SIZE + 1

    tally = run_slice(postgres, first, first + SIZE - 1)

    assert tally.bad == {}
    assert tally.runs == SIZE
    assert tally.states["completed"] > SIZE

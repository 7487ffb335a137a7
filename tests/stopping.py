"""A process that is asked to stop in the middle of a reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from unittest.mock import patch

import pytest

from backoffice.worker import stopping


class _After(Event):
    """Set once somebody has looked so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0


@contextmanager
def stopped_after(looks: int) -> Iterator[None]:
    """Ask this process to stop once the reading inside has looked ``looks`` times; the reading must heed it."""
    with patch.object(stopping, "_asked", _After(looks)), pytest.raises(stopping.Stopping):
        yield

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
def asked_to_stop(after: int = 0) -> Iterator[None]:
    """Ask this process to stop, once what runs inside has looked so many times whether it was."""
    with patch.object(stopping, "_asked", _After(after)):
        yield


@contextmanager
def stopped_after(looks: int) -> Iterator[None]:
    """Ask this process to stop once the reading inside has looked ``looks`` times; the reading must heed it."""
    with asked_to_stop(looks), pytest.raises(stopping.Stopping):
        yield

"""The one source of time of this layer, so that a test can run hours of it in a second."""

import time
from typing import Protocol


class Clock(Protocol):
    """What this layer asks of time; all figures in seconds."""

    def wall(self) -> float:
        """Unix time; may jump when somebody sets the clock."""
        ...

    def monotonic(self) -> float:
        """A time that only goes forward; its zero means nothing."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The time of this machine."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

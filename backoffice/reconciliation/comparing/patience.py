"""How much CoinMENA is asked for one run before the rest is left unasked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

#: Hears how many look-ups are done, of how many, and the ids of those that left evidence.
Told = Callable[[int, int, Sequence[int]], None]


def nobody(_done: int, _of: int, _made: Sequence[int]) -> None:
    """Hear of no progress."""


@dataclass(frozen=True)
class Patience:
    """The most look-ups made for one run, and the longest time they may take."""

    lookups: int
    wait: timedelta


#: Somebody waits for the answer in front of a page or a command line.
SOMEBODY_WAITS: Final = Patience(50, timedelta(seconds=15))
#: A worker has the time.
NOBODY_WAITS: Final = Patience(2_000, timedelta(minutes=10))

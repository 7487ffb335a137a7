"""Time that passes only when the rig says so: hours of it in a few milliseconds, the same for every party."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

NANOSECONDS: Final = 1_000_000_000
#: Where every world begins: a Monday morning, not on a whole second.
BEGINNING: Final = datetime(2026, 1, 5, 8, 0, 0, 250_000, UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


class HoldsBack(Protocol):
    """Whoever carries out later what it was asked for now: when the next is due, in true nanoseconds, and doing it."""

    def next_landing(self) -> int | None: ...

    def land_due(self) -> None: ...


@dataclass
class VirtualClock:
    """True time in nanoseconds since 1970, and how far our own wall clock is off it (fault F22).

    It stands in for `partner.clock.Clock`, for the three functions of `database.clock` and for the sandbox's source.
    ``waiting`` is called by whoever sleeps, so that others may act meanwhile. What ``partner`` holds back lands when it
    is due, however long nobody asks: time never passes over it.
    """

    true_ns: int = field(default_factory=lambda: _nanoseconds(BEGINNING))
    our_offset_seconds: float = 0.0
    offsets: set[float] = field(default_factory=lambda: {0.0})
    waiting: Callable[[float], None] | None = None
    partner: HoldsBack | None = None

    # Reading ----------------------------------------------------------------------------------------------------------

    def nanoseconds(self) -> int:
        """Return true time: the partner's, as far as nobody has set its clock wrong."""
        return self.true_ns

    def seconds(self) -> float:
        return self.true_ns / NANOSECONDS

    def now(self) -> datetime:
        """Return what our database believes the time is."""
        return _EPOCH + timedelta(microseconds=self.true_ns // 1_000) + timedelta(seconds=self.our_offset_seconds)

    def wall(self) -> float:
        """Return what our machine believes the Unix time is."""
        return self.seconds() + self.our_offset_seconds

    def monotonic(self) -> float:
        """Return seconds that nobody can set."""
        return self.seconds()

    def true(self) -> datetime:
        """Return true time as a moment."""
        return _EPOCH + timedelta(microseconds=self.true_ns // 1_000)

    def truths(self, moment: datetime) -> list[datetime]:
        """Return the true times that a moment our database wrote may have been, by how far our clock has been off."""
        return [moment - timedelta(seconds=offset) for offset in self.offsets]

    # Setting ----------------------------------------------------------------------------------------------------------

    def put_off(self, seconds: float) -> None:
        """Put our own clock so far off, or right again with 0."""
        self.our_offset_seconds = seconds
        self.offsets.add(seconds)

    def forget_offsets(self) -> None:
        """Put our own clock right, and forget that it ever was off."""
        self.our_offset_seconds, self.offsets = 0.0, {0.0}

    # Passing ----------------------------------------------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """Wait as a process does: others act meanwhile."""
        if self.waiting is not None:
            self.waiting(seconds)
        else:
            self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        """Let time pass and nobody of ours act."""
        self.pass_until(self.true_ns + round(seconds * NANOSECONDS))

    def pass_until(self, moment_ns: int) -> None:
        while self.partner and (due := self.partner.next_landing()) is not None and due <= moment_ns:
            self.true_ns = max(self.true_ns, due)
            self.partner.land_due()
        self.true_ns = max(self.true_ns, moment_ns)

    def tick(self) -> None:
        """Let the shortest time pass that our database can tell: what was before is then earlier, not as late."""
        self.pass_until(self.true_ns + 1_000)

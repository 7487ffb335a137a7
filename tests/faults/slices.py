"""A slice of the campaign: many seeds in one world, and one line that says what became of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from time import monotonic
from typing import Any, Final

from backoffice.database import embedded
from tests.faults import chain
from tests.faults.opening import opened
from tests.faults.product import product
from tests.faults.schedule import Outcome, run
from tests.faults.world import World

COUNTS: Final = ("doubled", "lost", "misbooked", "stuck", "other")


@dataclass
class Tally:
    """What many schedules came to. ``bad`` maps the seeds that found something to what they found."""

    first: int
    last: int
    runs: int = 0
    operations: int = 0
    states: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    slowest_recovery_seconds: float = 0.0
    bad: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    product: str = ""

    def add(self, outcome: Outcome) -> None:
        self.runs += 1
        self.operations += outcome.operations
        self.states += outcome.states
        self.fired += outcome.fired
        self.counts.update(violation.count for violation in outcome.violations)
        self.slowest_recovery_seconds = max(self.slowest_recovery_seconds, outcome.recovery_seconds)
        if outcome.violations:
            self.bad[str(outcome.seed)] = [str(violation) for violation in outcome.violations]

    def merge(self, other: "Tally") -> None:
        """Add another slice's figures."""
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.runs += other.runs
        self.operations += other.operations
        self.states += other.states
        self.fired += other.fired
        self.counts += other.counts
        self.slowest_recovery_seconds = max(self.slowest_recovery_seconds, other.slowest_recovery_seconds)
        self.bad |= other.bad
        self.seconds += other.seconds

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON takes them; ``asdict`` would break the counters (it copies them as pairs)."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Tally":
        counters = {name: Counter(told[name]) for name in ("states", "fired", "counts")}
        return cls(**{**told, **counters})


def run_slice(server: embedded.Embedded, first: int, last: int) -> Tally:
    """Run the seeds from ``first`` to ``last`` in a world of their own, and verify its audit log at the end."""
    with opened(server) as world:
        return run_in(world, range(first, last + 1))


def run_in(world: World, seeds: Iterable[int]) -> Tally:
    """Run seeds in a world that is open."""
    numbers = list(seeds)
    tally, began = Tally(numbers[0], numbers[-1], product=product()), monotonic()
    for seed in numbers:
        tally.add(run(world, seed))
    broken = chain.broken_links(world.database)
    if broken:
        tally.counts.update(violation.count for violation in broken)
        tally.bad[f"{tally.first}-{tally.last}"] = [str(violation) for violation in broken]
    tally.seconds = round(monotonic() - began, 1)
    return tally

"""All seeded bugs, by their number in reliability.md §12."""

from typing import Final

from tests.faults.bugs import breaking, judging, keeping, resolving, sending
from tests.faults.bugs.breaking import Bug

assert judging and keeping and resolving and sending  # each adds its own
SEEDED: Final[tuple[Bug, ...]] = tuple(sorted(breaking.BUGS, key=lambda bug: bug.number))

"""The library's deferrer of periodic jobs, with a memory that a clock set back does not spoil.

The library remembers until when it has deferred each job, in seconds of the machine's clock, and goes on from there.
Where the clock ran ahead and is set right, that moment is still to come: until then a living worker would defer none of
the frequent jobs, the sweep among them.
"""

from collections.abc import Iterable

import structlog
from procrastinate import periodic
from procrastinate.periodic import TaskAtTime

from backoffice.database import clock

log = structlog.get_logger(__name__)


class Deferrer(periodic.PeriodicDeferrer):
    """Defers what the library's does, and forgets what it deferred for a moment that is still to come.

    What the database remembers stands in nobody's way: it keeps the same job from being deferred twice for one moment,
    and of each job it remembers the last few alone.
    """

    def get_previous_tasks(self, at: float) -> Iterable[TaskAtTime]:
        """Return what is due ``at`` a moment, in seconds of the machine's clock; called again and again, in order."""
        latest = at + clock.SET_BACK.total_seconds()
        ahead = [key for key, moment in self.last_defers.items() if moment > latest]
        if ahead:
            log.warning("worker_clock_set_back", forgotten=len(ahead))
        for key in ahead:
            del self.last_defers[key]
        return super().get_previous_tasks(at)


def install() -> None:
    """Have every worker of this process use it: the library asks nobody which one to make."""
    periodic.PeriodicDeferrer = Deferrer  # type: ignore[misc]

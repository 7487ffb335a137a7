"""What a clock that ran ahead left in the workers' books, set right once the clock is.

The library plans by the machine's clock, and takes what lies ahead for what is still to come. So a job that was put off
under its lock keeps every later one from being asked for, the sweep among them, for as long as the clock ran ahead; and
a worker that was killed meanwhile keeps its jobs and their lanes as long, for it passes for alive.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.db import connection

from backoffice.database import clock

#: From when a job that is to be done at once is due, whatever the clock says now.
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Nothing of ours is put off further: a letter is tried again after 4⁶ seconds at most, a look-up after five minutes.
LONGEST_PUT_OFF: Final = timedelta(minutes=75)

_PUT_OFF_TOO_FAR: Final = """
    UPDATE procrastinate_jobs SET scheduled_at = NULL
    WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %(longest)s)
"""
#: A living worker beats again within seconds. A dead one is dead as soon as any whose heart stopped just now.
_HEARTBEATS: Final = """
    UPDATE procrastinate_workers SET last_heartbeat = now()
    WHERE last_heartbeat > now() + make_interval(secs => %(slack)s)
"""
#: By these it is told how long a job waits, or is in hand.
_ASKED_AND_TAKEN_UP: Final = """
    UPDATE procrastinate_events event SET at = now()
    FROM procrastinate_jobs job
    WHERE job.id = event.job_id AND job.status IN ('todo', 'doing')
      AND event.type <> 'scheduled' AND event.at > now() + make_interval(secs => %(slack)s)
"""

log = structlog.get_logger(__name__)


def set_right() -> None:
    """Have jobs that are put off further than any is done at once: answering a bell too early does no harm. What is
    dated after now, dates from now."""
    bounds = {"slack": clock.SET_BACK.total_seconds(), "longest": LONGEST_PUT_OFF.total_seconds()}
    with connection.cursor() as cursor:
        for statement in (_PUT_OFF_TOO_FAR, _HEARTBEATS, _ASKED_AND_TAKEN_UP):
            cursor.execute(statement, bounds)
            if cursor.rowcount:
                log.warning("worker_clock_ran_ahead", rows=cursor.rowcount)

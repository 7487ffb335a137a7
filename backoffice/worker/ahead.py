"""What a clock that ran ahead left in the workers' books, set right once the clock is.

The library plans by the machine's clock, and takes what lies ahead for what is still to come. So a job that was put off
under its lock keeps every later one from being asked for, the sweep among them, for as long as the clock ran ahead.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.db import connection

#: From when a job that is to be done at once is due, whatever the clock says now.
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Nothing of ours is put off further: a letter is tried again after 4⁶ seconds at most, a look-up after five minutes.
LONGEST_PUT_OFF: Final = timedelta(minutes=75)

_PUT_OFF_TOO_FAR: Final = """
    UPDATE procrastinate_jobs SET scheduled_at = NULL
    WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %(seconds)s)
"""

log = structlog.get_logger(__name__)


def set_right() -> None:
    """Have jobs that are put off further than any is done at once: answering a bell too early does no harm."""
    with connection.cursor() as cursor:
        cursor.execute(_PUT_OFF_TOO_FAR, {"seconds": LONGEST_PUT_OFF.total_seconds()})
        if cursor.rowcount:
            log.warning("worker_clock_ran_ahead", rows=cursor.rowcount)

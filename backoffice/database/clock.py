"""The one clock that leases, permissions and look-ups are measured by: the database's, the same for every process.

``now()`` in PostgreSQL stands still inside a transaction, so ``clock_timestamp()`` is asked. The fault campaign puts
virtual time behind these three functions; whoever measures money's safety by another clock escapes it.
"""

import time
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

#: A clock that is set back by no more than this is no clock that ran ahead.
SET_BACK: Final = timedelta(seconds=5)


def now() -> datetime:
    """Return the database's time, to the microsecond."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]


def monotonic() -> float:
    """Return this process's seconds that only go forward; their zero means nothing."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)

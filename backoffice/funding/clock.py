"""The one clock that leases, claims and look-ups are measured by: the database's, the same for every worker.

``now()`` in PostgreSQL stands still inside a transaction, so ``clock_timestamp()`` is asked.
"""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time, to the microsecond."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]

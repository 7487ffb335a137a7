"""Locks of the database session: what one process does at a time, and how work that lives is told from a dead one's.

PostgreSQL lets go of such a lock with the connection of the process that holds it, however long one statement takes.
That alone proves nothing to whoever lost a connection and works on: where twice would be wrong, a row that names its
holder, or a unique index, stands behind it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, unique

from django.db import connection


@unique
class Work(IntEnum):
    """Kinds of work, by the number PostgreSQL tells their locks apart with; a number once given stays."""

    MIRROR_RUN = 20_260_119
    RECONCILIATION_RUN = 20_261_121
    GIVING_A_FILE = 20_261_122
    BUILDING_A_FILE = 20_261_123
    VERIFICATION = 20_261_124
    DELIVERING_A_FILE = 20_261_125
    SELF_TEST = 20_261_126


@contextmanager
def held(work: Work, what: int | str) -> Iterator[bool]:
    """Hold the only lock of a piece of work, by its number or its name; False when a living process has it."""
    if not _call("pg_try_advisory_lock", work, what):
        yield False
        return
    try:
        yield True
    finally:
        _call("pg_advisory_unlock", work, what)


def _call(function: str, work: Work, what: int | str) -> bool:
    number = "%s" if isinstance(what, int) else "hashtext(%s)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, {number})", [work.value, what])  # noqa: S608
        return bool(cursor.fetchone()[0])

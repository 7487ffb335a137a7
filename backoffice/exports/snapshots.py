"""A connection of an export's own, on one snapshot: its rows and its control totals are of the same moment.

A connection of its own, because an export may outlast every pool slot and the 30 seconds a page may take; it is read
only. Rows come in the order of an index, which is what lets the first one leave at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from backoffice.exports.copying import Statement

SESSION = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "search_path": "public,pg_temp",
        "statement_timeout": "0",
        "lock_timeout": "5s",
        "datestyle": "ISO",
        "default_transaction_read_only": "on",
        # A parallel plan sorts before its first row leaves; cheap random reads keep the plan on the index.
        "max_parallel_workers_per_gather": "0",
        "random_page_cost": "1.1",
    }.items()
)


@dataclass(frozen=True)
class Snapshot:
    """The database as it was at one moment. ``cursor`` runs statements, ``rows`` copies."""

    connection: psycopg.Connection
    cursor: Any
    at: datetime

    def rows(self, statement: Statement) -> Iterator[Any]:
        """Run a COPY and give what the server sends: the heading, then each row, as one message each."""
        # Without parameters the driver leaves `%%` as it stands.
        text = statement.text if statement.parameters else statement.text.replace("%%", "%")
        with self.connection.cursor() as cursor, cursor.copy(text.encode(), statement.parameters) as copy:
            yield from copy


@contextmanager
def snapshot_of(connection: psycopg.Connection) -> Iterator[Snapshot]:
    """Hold one snapshot of the database for everything inside."""
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = cursor.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None  # noqa: S101 - a SELECT without FROM gives one row
        yield Snapshot(connection, cursor, row[0])
        cursor.execute("COMMIT")


@contextmanager
def own_connection() -> Iterator[psycopg.Connection]:
    """Open a read-only connection outside the pool, with no limit on how long a statement runs.

    It is the driver's own: of Django's cursors, the one used while debugging cannot bind the parameters of a COPY.
    """
    wrapper = connections[DEFAULT_DB_ALIAS].copy()
    options = {name: value for name, value in wrapper.settings_dict["OPTIONS"].items() if name != "pool"}
    wrapper.settings_dict["OPTIONS"] = {**options, "options": SESSION}
    try:
        wrapper.ensure_connection()
        yield wrapper.connection
    finally:
        wrapper.close()

"""One ``COPY (…) TO STDOUT``: one snapshot, streamed in bounded memory, on a connection of its own.

A connection of its own, because an export may outlast every pool slot and the 30 seconds a page may take; it is read
only. Rows come in the order of an index, which is what lets the first one leave at once.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Func, QuerySet, TextField
from django.db.models.expressions import Combinable
from psycopg import sql

from backoffice.exports.csv import defused
from backoffice.ui.columns import Column, Columns, Kind

CHUNK_BYTES = 64 * 1024
LONGEST_IDENTIFIER = 63
EXACT_TYPES = (models.DecimalField, models.IntegerField)
SESSION = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "statement_timeout": "0",
        "lock_timeout": "5s",
        "datestyle": "ISO",
        "default_transaction_read_only": "on",
        # A parallel plan sorts before its first row leaves; cheap random reads keep the plan on the index.
        "max_parallel_workers_per_gather": "0",
        "random_page_cost": "1.1",
    }.items()
)


class InstantText(Func):
    """A moment in UTC as ``2026-11-19T14:34:12.5Z``, the fraction of a second only as far as there is one.

    The server's own text, which the session fixes to ISO: `to_char` would cost three times as much.
    """

    template = "(replace((%(expressions)s AT TIME ZONE 'UTC')::text, ' ', 'T') || 'Z')"
    output_field = TextField()


@dataclass(frozen=True)
class Statement:
    """A COPY ready to be run, filter values apart from its text."""

    text: str
    parameters: tuple[Any, ...]


class Tally:
    """What has left so far: rows, bytes and the SHA-256 over them."""

    def __init__(self) -> None:
        self.rows = 0
        self.size = 0
        self._digest = hashlib.sha256()

    def count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._digest.update(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def compile_copy(columns: Columns, queryset: QuerySet[Any]) -> Statement:
    """Write the COPY of an ordered queryset's rows, with the columns' own SQL and headings.

    :raises TypeError: for a number column whose SQL gives no exact number.
    :raises ValueError: for a heading PostgreSQL would cut.
    """
    exported = columns.exported
    aliases = {f"export_{place}": column for place, column in enumerate(exported)}
    rows = queryset.annotate(**{alias: cell(column) for alias, column in aliases.items()}).values_list(*aliases)
    for alias, column in aliases.items():
        check_exact(column, rows.query.annotations[alias])
    inner, parameters = rows.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    picks = ", ".join(f'"{alias}" AS {heading(column)}' for alias, column in aliases.items())
    quoted = ", ".join(heading(column) for column in exported if is_quoted(column))
    options = "FORMAT csv, HEADER" + (f", FORCE_QUOTE ({quoted})" if quoted else "")
    # Headings are quoted names, everything a person typed is among the parameters.
    text = f"COPY (SELECT {picks} FROM ({inner}) AS rows) TO STDOUT WITH ({options})"  # noqa: S608
    return Statement(text, tuple(parameters))


def cell(column: Column) -> Combinable:
    """Give the SQL of one column as the file has it."""
    if column.kind.is_numeric:
        return column.expression
    return InstantText(column.expression) if column.kind is Kind.TIME else defused(column.expression)


def is_quoted(column: Column) -> bool:
    return not column.kind.is_numeric and column.kind is not Kind.TIME


def check_exact(column: Column, annotation: Any) -> None:
    if column.kind.is_numeric and not isinstance(annotation.output_field, EXACT_TYPES):
        raise TypeError(f"Column {column.key} is a number column, but its SQL gives no exact number.")


def heading(column: Column) -> str:
    """Quote a heading as an SQL name, inside a statement whose parameters are marked by ``%``."""
    if len(column.header.encode()) > LONGEST_IDENTIFIER:
        raise ValueError(f"The heading of column {column.key} is longer than {LONGEST_IDENTIFIER} bytes.")
    return sql.Identifier(column.header).as_string().replace("%", "%%")


def chunks(statement: Statement, tally: Tally) -> Iterator[bytes]:
    """Run the COPY and give its bytes in pieces of about 64 KiB, counting them and the rows into ``tally``."""
    with (
        own_connection() as connection,
        connection.cursor() as cursor,
        cursor.copy(statement.text.encode(), statement.parameters) as copy,
    ):
        gathered: list[Any] = []
        size = 0
        for place, message in enumerate(copy):  # the server sends the heading and every row as one message each
            gathered.append(message)
            size += len(message)
            tally.rows = place
            if size >= CHUNK_BYTES:
                yield _joined(gathered, tally)
                gathered, size = [], 0
        yield _joined(gathered, tally)


def _joined(gathered: list[Any], tally: Tally) -> bytes:
    chunk = b"".join(gathered)
    tally.count(chunk)
    return chunk


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

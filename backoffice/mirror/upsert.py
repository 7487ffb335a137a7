"""Write many mirrored rows at once: COPY into a temporary table, then one INSERT … ON CONFLICT DO UPDATE.

What holds whatever is written and in whichever order: a row read earlier never overwrites one read later, unless that
moment is still to come, because the clock ran ahead then; writing the same rows again changes nothing; a row the
database refuses is set aside and does not stop the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import DataError, IntegrityError, connection, transaction

from backoffice.database import clock
from backoffice.mirror.cleaning import clean_text
from backoffice.mirror.statements import Statements, statements_of
from backoffice.mirror.targets import Row, Target

#: A row that was read later than this from now was read while the database's clock ran ahead. Less is what somebody
#: wrote while these statements waited, none of them longer than the 30 s that the server gives it.
READ_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A final row that the partner now tells otherwise: the columns that differ, before and after."""

    key: Any
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row the database would not take, and why."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch of rows came to."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    contradictions: tuple[Contradiction, ...] = ()
    refused: tuple[RefusedRow, ...] = ()

    @property
    def changed(self) -> int:
        """Rows that are new or differ from what was known."""
        return self.inserted + self.updated

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.contradictions + other.contradictions,
            self.refused + other.refused,
        )


def upsert(target: Target, rows: Iterable[Row]) -> Stored:
    """Write ``rows`` inside the caller's transaction; of rows with one key, the one read last counts.

    Contradictions and refused rows are returned, not written down: `incidents.store` does both.
    """
    newest = {key_of(target, row): row for row in sorted(rows, key=lambda one: one.read_at)}
    # One order of keys for everybody, so that two writers of the same rows cannot lock each other out.
    return _write(target, [newest[key] for key in sorted(newest)])


def key_of(target: Target, row: Row) -> Any:
    """Return the key of a row as the database will hold it."""
    key = row.values[target.key]
    return clean_text(key) if isinstance(key, str) else key


def _write(target: Target, rows: Sequence[Row]) -> Stored:
    if not rows:
        return Stored()
    try:
        with transaction.atomic():
            return _write_batch(target, rows)
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            return Stored(refused=(RefusedRow(rows[0], _reason(error)),))
    # Halving finds the rows that cannot be stored in a few steps; it costs nothing while there are none.
    middle = len(rows) // 2
    return _write(target, rows[:middle]) + _write(target, rows[middle:])


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _write_batch(target: Target, rows: Sequence[Row]) -> Stored:
    statements, latest = statements_of(target), {"latest": clock.now() + READ_AHEAD}
    with connection.cursor() as cursor:
        cursor.execute(statements.create)
        cursor.execute(statements.empty)
        _copy(cursor, statements, rows)
        contradictions = _contradictions(cursor, target, statements, latest)
        cursor.execute(statements.insert, latest)
        inserted, written = cursor.fetchone()
        if target.touches:
            cursor.execute(statements.touch, latest)
    return Stored(inserted, written - inserted, len(rows) - written, tuple(contradictions))


def _copy(cursor: Any, statements: Statements, rows: Sequence[Row]) -> None:
    with connection.wrap_database_errors, cursor.copy(statements.copy) as copy:
        for row in rows:
            copy.write_row(statements.record(row))


def _contradictions(
    cursor: Any, target: Target, statements: Statements, latest: Mapping[str, datetime]
) -> list[Contradiction]:
    if target.final is None:
        return []
    cursor.execute(statements.contradicted, {"final": sorted(target.final.values), **latest})
    width = len(target.final.fixed)
    return [
        _contradiction(target, target.final.fixed, row[0], row[1 : 1 + width], row[1 + width :])
        for row in cursor.fetchall()
    ]


def _contradiction(
    target: Target, columns: Sequence[str], key: Any, known: Sequence[Any], said: Sequence[Any]
) -> Contradiction:
    differing = {
        column: (before, after)
        for column, before, after in zip(columns, known, said, strict=True)
        if before != after and not (column in target.keeps_known and (before in (None, "") or after in (None, "")))
    }
    return Contradiction(
        key,
        {column: before for column, (before, _after) in differing.items()},
        {column: after for column, (_before, after) in differing.items()},
    )

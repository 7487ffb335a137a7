"""The SQL that writes one target, composed once from its model, and the form in which rows are handed to it."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, LiteralString

from django.db import models
from psycopg import sql
from psycopg.types.json import Jsonb

from backoffice.mirror.cleaning import clean_text, was_unstorable
from backoffice.mirror.targets import Row, Target

#: What every mirrored row has beside its typed columns.
EVIDENCE: Final = ("raw", "read_at", "is_cleaned")

# A row that was read after ``latest`` was read while the database's clock ran ahead. Its moment says nothing, so
# whatever is said of it counts: going by that moment, hours of news would be lost, and of a final order for good. Both
# moments come from `backoffice.database.clock`.
_CREATE: Final = """
    CREATE TEMPORARY TABLE IF NOT EXISTS {incoming} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table} WITH NO DATA
"""
_INSERT: Final = """
    WITH written AS (
        INSERT INTO {table} AS known ({columns}) SELECT {columns} FROM {incoming} ORDER BY {key}
        ON CONFLICT ({key}) DO UPDATE SET {changes}
        WHERE (excluded.read_at >= known.read_at OR known.read_at > %(latest)s) AND ({differs})
        RETURNING (xmax = 0) AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FROM written
"""
_TOUCH: Final = """
    UPDATE {table} AS known SET read_at = excluded.read_at FROM {incoming} AS excluded
    WHERE known.{key} = excluded.{key} AND (known.read_at < excluded.read_at OR known.read_at > %(latest)s)
"""
# The rows are locked, so that nobody changes them between this comparison and the INSERT that follows.
_CONTRADICTED: Final = """
    SELECT known.{key}, {known}, {said}
    FROM {incoming} AS excluded JOIN {table} AS known ON known.{key} = excluded.{key}
    WHERE known.{status} = ANY(%(final)s) AND ({contradicts})
        AND (excluded.read_at >= known.read_at OR known.read_at > %(latest)s)
    ORDER BY known.{key} FOR UPDATE OF known
"""


@dataclass(frozen=True)
class Statements:
    """Everything that is run to write rows of one target; ``contradicted`` is empty where no row is ever final."""

    create: str
    empty: str
    copy: str
    insert: str
    touch: str
    contradicted: str
    columns: tuple[str, ...]
    limits: Mapping[str, int]
    documents: frozenset[str]

    def record(self, row: Row) -> list[Any]:
        """Return the values of one row in the order of the columns, its texts made storable."""
        cleaned, record = False, list[Any]()
        for column in self.columns:
            value = row.values.get(column)
            if type(value) is str:
                clean = clean_text(value, self.limits.get(column))
                cleaned, value = cleaned or clean != value, clean
            elif value is not None and column in self.documents:
                value = Jsonb(value)
            record.append(value)
        return [*record, row.raw, row.read_at, cleaned or was_unstorable(row.raw)]


@lru_cache(maxsize=32)
def statements_of(target: Target) -> Statements:
    """Compose the statements of ``target``, once a process."""
    fields = {column: target.model._meta.get_field(column) for column in target.columns}
    names = {
        "table": sql.Identifier(target.model._meta.db_table),
        "incoming": sql.Identifier(_incoming(target)),
        "columns": _list((*target.columns, *EVIDENCE)),
        "key": sql.Identifier(target.key),
    }
    return Statements(
        create=_text(_CREATE, **names),
        empty=_text("DELETE FROM {incoming}", **names),
        copy=_text("COPY {incoming} ({columns}) FROM STDIN", **names),
        insert=_text(_INSERT, **names, changes=_changes(target), differs=_differs(target, fields)),
        touch=_text(_TOUCH, **names),
        contradicted=_contradicted(target, fields, names),
        columns=target.columns,
        limits=_limits(target, fields),
        documents=frozenset(name for name, column in fields.items() if isinstance(column, models.JSONField)),
    )


def _text(statement: LiteralString, **parts: sql.Composable) -> str:
    """Put the parts in once: composing a statement costs more than sending it."""
    return sql.SQL(statement).format(**parts).as_string()


def _incoming(target: Target) -> str:
    """Name the temporary table after the columns too: two targets may fill different columns of one model."""
    columns = zlib.crc32(" ".join(target.columns).encode())
    return f"incoming_{target.model._meta.model_name}_{columns:08x}"


def _limits(target: Target, fields: Mapping[str, Any]) -> dict[str, int]:
    """How long a text may be before it is cut. A key is never cut: it would become another row's."""
    return {
        name: column.max_length
        for name, column in fields.items()
        if isinstance(column, models.CharField) and column.max_length and name != target.key
    }


def _list(columns: Iterable[str], of: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*filter(None, (of, column))) for column in columns)


def _changes(target: Target) -> sql.Composed:
    typed = [
        sql.SQL("{} = {}").format(sql.Identifier(column), _merged(target, column))
        for column in target.columns
        if column != target.key
    ]
    evidence = [
        sql.SQL("{0} = {1}").format(sql.Identifier(name), sql.Identifier("excluded", name)) for name in EVIDENCE
    ]
    return sql.SQL(", ").join([*typed, *evidence, *_listed_again(target)])


def _listed_again(target: Target) -> list[sql.Composed]:
    """A row the partner lists is not gone, unless it was found gone after the partner was asked for this list."""
    if not target.gone_at:
        return []
    column = sql.Identifier(target.gone_at)
    stays = "{0} = CASE WHEN known.{0} >= excluded.read_at AND known.{0} <= %(latest)s THEN known.{0} END"
    return [sql.SQL(stays).format(column)]


def _merged(target: Target, column: str) -> sql.Composable:
    """What a row holds after a newer answer: what that says, or what was known where it says nothing."""
    said = sql.Identifier("excluded", column)
    if column not in target.keeps_known:
        return said
    field = target.model._meta.get_field(column)
    return sql.SQL("coalesce({}, {})").format(_present(field, said), sql.Identifier("known", column))


def _present(field: Any, value: sql.Composable) -> sql.Composable:
    """Read an empty text as absent where the column cannot be null."""
    is_text = isinstance(field, models.CharField | models.TextField) and not field.null
    return sql.SQL("nullif({}, '')").format(value) if is_text else value


def _differs(target: Target, fields: Mapping[str, Any]) -> sql.Composed:
    """Whether a newer answer says anything new. Raw bytes count only where every answer is of the same shape."""
    typed = [_is_new(target, column, field) for column, field in fields.items() if column != target.key]
    raw = [] if target.keeps_known else [sql.SQL("known.raw IS DISTINCT FROM excluded.raw")]
    return sql.SQL(" OR ").join([*typed, *raw, *_was_gone(target)])


def _was_gone(target: Target) -> list[sql.Composed]:
    """Whether a row was found gone before the partner was asked for this list, or at a moment that lies ahead."""
    if not target.gone_at:
        return []
    column = sql.Identifier(target.gone_at)
    return [sql.SQL("known.{0} < excluded.read_at OR known.{0} > %(latest)s").format(column)]


def _is_new(target: Target, column: str, field: Any) -> sql.Composed:
    """Compare amounts as they are written: PostgreSQL calls 1000 and 1000.00 equal, and both digits must be kept."""
    written = "::text" if isinstance(field, models.DecimalField) else ""
    known, said = sql.Identifier("known", column), _merged(target, column)
    return sql.SQL("({}){} IS DISTINCT FROM ({}){}").format(known, sql.SQL(written), said, sql.SQL(written))


def _contradicted(target: Target, fields: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    if target.final is None:
        return ""
    fixed = target.final.fixed
    return _text(
        _CONTRADICTED,
        table=names["table"],
        incoming=names["incoming"],
        key=names["key"],
        status=sql.Identifier(target.final.column),
        known=_list(fixed, "known"),
        said=_list(fixed, "excluded"),
        contradicts=sql.SQL(" OR ").join(_contradicts(target, column, fields[column]) for column in fixed),
    )


def _contradicts(target: Target, column: str, field: Any) -> sql.Composable:
    """A value that comes to a blank one, or is left out, contradicts nothing; another value does."""
    known, said = sql.Identifier("known", column), sql.Identifier("excluded", column)
    if column not in target.keeps_known:
        return sql.SQL("{} IS DISTINCT FROM {}").format(known, said)
    return sql.SQL("{} <> {}").format(_present(field, known), _present(field, said))

"""The COPY of a file's rows, and its control totals, as SQL with the columns' own expressions."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Func, QuerySet, TextField
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.db.models.sql import Query
from psycopg import sql

from backoffice.exports.wishes import Wish
from backoffice.ui.columns import Column, Kind

LONGEST_IDENTIFIER = 63
EXACT_TYPES = (models.DecimalField, models.IntegerField)


class InstantText(Func):
    """A moment in UTC as ``2026-11-19T14:34:12.5Z``, the fraction of a second only as far as there is one.

    The server's own text, which the session fixes to ISO: `to_char` would cost three times as much.
    """

    template = "(replace((%(expressions)s AT TIME ZONE 'UTC')::text, ' ', 'T') || 'Z')"
    output_field = TextField()


@dataclass(frozen=True)
class Statement:
    """A statement ready to be run, filter values apart from its text."""

    text: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True)
class Statements:
    """Both statements of one file, of the same rows: the days of its filters began when they were compiled."""

    copy: Statement
    totals: Statement


class Cursor(Protocol):
    """What a statement is run with: Django's cursor, or one of an export's own connection."""

    def execute(self, query: str, params: Any = None) -> Any: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class Totals:
    """How many rows a file has, and its amounts added up by asset, exactly. Never across assets."""

    rows: int
    sums: dict[str, Decimal]

    @property
    def texts(self) -> dict[str, str]:
        """The sums as plain digits."""
        return {asset: format(total, "f") for asset, total in self.sums.items()}


def compile_both(wish: Wish) -> Statements:
    """Compile what a file is made of, the days of its filters being those of the current zone from here on.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    return Statements(compile_copy(wish), compile_totals(wish))


def compile_copy(wish: Wish) -> Statement:
    """Write the COPY of a wish's rows, with the columns' own SQL and headings.

    Text leaves quoted and as it is; `formats` makes it safe against formulas.

    :raises BadListRequest: for filters or an order that cannot be read.
    :raises TypeError: for a number column whose SQL gives no exact number.
    :raises ValueError: for a heading PostgreSQL would cut.
    """
    aliases = {f"export_{place}": column for place, column in enumerate(wish.columns)}
    query = selected(wish.rows(), {alias: cell(column) for alias, column in aliases.items()})
    for alias, column in aliases.items():
        check_exact(column, query.annotations[alias])
    inner, parameters = compiled(query)
    picks = ", ".join(f'"{alias}" AS {heading(column)}' for alias, column in aliases.items())
    quoted = ", ".join(heading(column) for column in aliases.values() if is_quoted(column))
    options = "FORMAT csv, HEADER" + (f", FORCE_QUOTE ({quoted})" if quoted else "")
    # Headings are quoted names, everything a person typed is among the parameters.
    return Statement(f"COPY (SELECT {picks} FROM ({inner}) AS rows) TO STDOUT WITH ({options})", parameters)  # noqa: S608


def selected(rows: QuerySet[Any], cells: dict[str, Any]) -> Query:
    """Select these expressions, under these names, and nothing else."""
    query: Query = rows.annotate(**cells).values_list(*cells).query
    return query


def compiled(query: Query) -> tuple[str, tuple[Any, ...]]:
    """Write a query as SQL with its parameters, also one that can find nothing."""
    text, parameters = query.get_compiler(DEFAULT_DB_ALIAS, elide_empty=False).as_sql()
    return text, tuple(parameters)


def totals_of(statement: Statement, cursor: Cursor) -> Totals:
    """Count rows and add amounts up by `compile_totals`; in the snapshot of the cursor's transaction, if it has one."""
    cursor.execute(statement.text, statement.parameters)
    found = cursor.fetchall()
    sums = {asset or "": total for asset, total, _count in found if total is not None}
    return Totals(sum(count for _asset, _total, count in found), dict(sorted(sums.items())))


def compile_totals(wish: Wish) -> Statement:
    """Write the count of a wish's rows and the sums of its amounts by asset.

    :raises BadListRequest: for filters or an order that cannot be read.
    """
    columns, sums = wish.export.listing.columns, wish.sums
    if sums is None:
        inner, parameters = compiled(selected(wish.rows().order_by(), {"one": models.Value(1)}))
        return Statement(f"SELECT '', NULL::numeric, count(*) FROM ({inner}) AS rows", parameters)  # noqa: S608
    asset = Cast(columns[sums.asset].expression, TextField())
    cells = {"in_asset": asset, "added_up": columns[sums.amount].expression}
    inner, parameters = compiled(selected(wish.rows().order_by(), cells))
    text = f"SELECT in_asset, sum(added_up), count(*) FROM ({inner}) AS rows GROUP BY in_asset"  # noqa: S608
    return Statement(text, parameters)


def cell(column: Column) -> Combinable:
    """Give the SQL of one column as the file has it, but for a text not made safe yet."""
    if column.kind.is_numeric:
        return column.expression
    if column.kind is Kind.TIME:
        return InstantText(column.expression)
    return Cast(column.expression, TextField())


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

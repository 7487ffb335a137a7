"""Keyset pages: the thousandth page costs what the first one costs.

A page starts where the last one ended, at the values of its last row, compared as one row value
(`(created_at, id) < (…)`), which PostgreSQL answers with a range scan of the matching index. Every field of a
`Sort` must be NOT NULL, all run in the same direction, and the last one is unique, so that no row is
skipped or shown twice while rows arrive.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value

from backoffice.ui.values import Text

Row = TypeVar("Row", bound=Model)

SALT = "backoffice.ui.keyset"
MAX_TOKEN_LENGTH = 1_000
OLDER, NEWER = "o", "n"

CursorValue = datetime | int | str | uuid.UUID | Decimal


class BadCursor(ValueError):
    """The page token was cut, altered, or belongs to another list or order."""


@dataclass(frozen=True)
class Sort:
    """An order people can choose. `descending` is the direction it starts with."""

    key: str
    label: Text
    fields: tuple[str, ...] = ("created_at", "id")
    descending: bool = True

    def reversed(self) -> Sort:
        """The same order, read from its other end."""
        return Sort(self.key, self.label, self.fields, not self.descending)

    @property
    def param(self) -> str:
        """How it stands in the address: `-created` for descending."""
        return f"-{self.key}" if self.descending else self.key

    def order_by(self) -> list[str]:
        """Arguments for `QuerySet.order_by`."""
        sign = "-" if self.descending else ""
        return [f"{sign}{field}" for field in self.fields]

    def position(self, row: Any) -> tuple[CursorValue, ...]:
        """Where `row` stands in this order."""
        return tuple(attrgetter(field.replace("__", "."))(row) for field in self.fields)


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """One page of rows and the tokens of its neighbours; `None` where there is none."""

    rows: list[Row]
    newer_token: str | None
    older_token: str | None
    is_first: bool


def paginate(queryset: QuerySet[Row], sort: Sort, token: str | None, page_size: int = 50) -> KeysetPage[Row]:
    """Read one page in one query of `page_size` + 1 rows.

    "Older" means further along `sort`, "newer" means back towards its first row.
    Raises `BadCursor` when `token` was not made here for this model and this order.
    """
    if not token:
        return _first_page(queryset, sort, page_size)
    direction, position = _read_token(token, queryset.model, sort)
    if direction == NEWER:
        return _page_before(queryset, sort, position, page_size)
    return _page_after(queryset, sort, position, page_size)


def beyond(sort: Sort, position: Sequence[CursorValue]) -> Func:
    """SQL condition: the row comes after `position` in `sort`, as one row comparison."""
    columns = _RowValue(*(F(field) for field in sort.fields))
    values = _RowValue(*(Value(value) for value in position))
    return _Below(columns, values) if sort.descending else _Above(columns, values)


class _RowValue(Func):
    template = "(%(expressions)s)"
    output_field = BooleanField()  # never selected; Django asks every expression for one


class _Below(Func):
    template = "%(expressions)s"
    arg_joiner = " < "
    arity = 2
    output_field = BooleanField()


class _Above(_Below):
    arg_joiner = " > "


def _first_page(queryset: QuerySet[Row], sort: Sort, size: int) -> KeysetPage[Row]:
    rows = list(queryset.order_by(*sort.order_by())[: size + 1])
    older = _token(OLDER, sort, rows[size - 1]) if len(rows) > size else None
    return KeysetPage(rows[:size], None, older, is_first=True)


def _page_after(queryset: QuerySet[Row], sort: Sort, position: tuple[CursorValue, ...], size: int) -> KeysetPage[Row]:
    rows = list(queryset.filter(beyond(sort, position)).order_by(*sort.order_by())[: size + 1])
    older = _token(OLDER, sort, rows[size - 1]) if len(rows) > size else None
    newer = _token(NEWER, sort, rows[0]) if rows else None
    return KeysetPage(rows[:size], newer, older, is_first=False)


def _page_before(queryset: QuerySet[Row], sort: Sort, position: tuple[CursorValue, ...], size: int) -> KeysetPage[Row]:
    back = sort.reversed()
    rows = list(queryset.filter(beyond(back, position)).order_by(*back.order_by())[: size + 1])
    has_newer, rows = len(rows) > size, rows[:size][::-1]
    if not has_newer:
        return _first_page(queryset, sort, size) if len(rows) < size else _whole_first(rows, sort)
    return KeysetPage(rows, _token(NEWER, sort, rows[0]), _token(OLDER, sort, rows[-1]), is_first=False)


def _whole_first(rows: list[Row], sort: Sort) -> KeysetPage[Row]:
    return KeysetPage(rows, None, _token(OLDER, sort, rows[-1]), is_first=True)


def _token(direction: str, sort: Sort, row: Model) -> str:
    content = [row._meta.label_lower, sort.param, direction, [_pack(value) for value in sort.position(row)]]
    return signing.dumps(content, salt=SALT)


def _read_token(token: str, model: type[Model], sort: Sort) -> tuple[str, tuple[CursorValue, ...]]:
    if len(token) > MAX_TOKEN_LENGTH:
        raise BadCursor("This page address is too long to be one of ours.")
    try:
        label, param, direction, packed = signing.loads(token, salt=SALT)
        position = tuple(_unpack(kind, text) for kind, text in packed)
    except (signing.BadSignature, ValueError, TypeError, KeyError, InvalidOperation) as error:
        raise BadCursor("This page address was cut or altered.") from error
    if (label, param, len(position)) != (model._meta.label_lower, sort.param, len(sort.fields)):
        raise BadCursor("This page address belongs to another list or another order.")
    return direction, position


def _pack(value: CursorValue) -> tuple[str, str]:
    match value:
        case datetime():
            return "time", value.isoformat()
        case uuid.UUID():
            return "uuid", value.hex
        case Decimal():
            return "decimal", str(value)
        case bool():
            raise TypeError("A page cannot be found again by a truth value.")
        case int():
            return "int", str(value)
        case str():
            return "str", value
    raise TypeError(f"A page cannot be found again by a {type(value).__name__}.")


_UNPACK = {"time": datetime.fromisoformat, "uuid": uuid.UUID, "decimal": Decimal, "int": int, "str": str}


def _unpack(kind: str, text: str) -> CursorValue:
    return _UNPACK[kind](text)  # type: ignore[no-any-return,operator]

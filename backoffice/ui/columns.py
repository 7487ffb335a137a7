"""Columns of a listing, declared once: the table reads `value`, the CSV reads `export`.

A test in the app compares both row by row (`Column.exported_text` against what COPY wrote).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import F
from django.db.models.expressions import Combinable

from backoffice.ui.values import Amount, Badge, Effect, Named, Person, Reference, Text

#: The columns of a file: all of them, or those that bookkeeping takes over.
FULL, ACCOUNTING = "full", "accounting"


class Kind(StrEnum):
    """How a column is aligned, and how its cells become text in a file."""

    TEXT = "text"
    REFERENCE = "reference"
    NUMBER = "number"
    MONEY = "money"
    TIME = "time"
    BADGE = "badge"
    EFFECT = "effect"
    PERSON = "person"

    @property
    def is_numeric(self) -> bool:
        """Whether the file writes this column as unquoted plain digits."""
        return self in (Kind.NUMBER, Kind.MONEY)

    @property
    def is_end_aligned(self) -> bool:
        """Whether heading and cells stand at the end of the column, so that digits line up."""
        return self in (Kind.NUMBER, Kind.MONEY, Kind.TIME)


class OnPhone(StrEnum):
    """What becomes of a cell when the table folds into two-line cards."""

    SHOW = "show"
    LABEL = "label"
    HIDE = "hide"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column on the screen, in the file, or in both.

    `value` turns a row into something `{% show %}` can draw (see `values.py`).
    `url` makes the cell a link; in the first column it is the link of the whole row.
    `export` is the SQL of the same thing, as an ORM expression or a field path; `None` keeps it off the file.
    `export_value` is the Python twin of `export`, where `value` says it in words (a badge for a state).
    `sort` is the key of the `Sort` its heading switches to.
    `screen=False` makes a column of the file only.
    `template` replaces the cell by a partial, which gets `row`, `value`, `url`.
    """

    key: str
    label: Text
    value: Callable[[Any], object]
    kind: Kind = Kind.TEXT
    url: Callable[[Any], str | None] | None = None
    export: Combinable | str | None = None
    export_label: str = ""
    export_value: Callable[[Any], object] | None = None
    sort: str = ""
    screen: bool = True
    on_phone: OnPhone = OnPhone.SHOW
    classes: str = ""
    template: str = ""

    @property
    def header(self) -> str:
        """The heading in the file: stable, untranslated."""
        return self.export_label or self.key

    @property
    def expression(self) -> Combinable:
        """The SQL of this column for COPY.

        Raises `LookupError` for a column that is on the screen only.
        """
        if self.export is None:
            raise LookupError(f"Column {self.key} is on the screen only.")
        return F(self.export) if isinstance(self.export, str) else self.export

    @property
    def css(self) -> str:
        """Classes of the heading and of every cell."""
        names = ["num"] if self.kind.is_end_aligned else []
        if self.kind is Kind.MONEY:
            names.append("amount")
        if self.on_phone is OnPhone.HIDE:
            names.append("hide-s")
        return " ".join([*names, *self.classes.split()])

    @property
    def phone_label(self) -> str:
        """The label a folded cell shows before its value, or nothing."""
        return str(self.label) if self.on_phone is OnPhone.LABEL else ""

    def address(self, row: Any) -> str:
        """Where this cell of `row` leads, or nothing."""
        return (self.url(row) or "") if self.url else ""

    def exported_text(self, row: Any) -> str:
        """What the file must hold for `row`, before the defence against formulas."""
        return as_exported((self.export_value or self.value)(row))


class Columns:
    """The columns of one listing, in order, found by key.

    `presets` names smaller files than the full one, each with the keys of its columns in order.
    """

    def __init__(self, *columns: Column, presets: Mapping[str, Sequence[str]] | None = None) -> None:
        self._by_key = {column.key: column for column in columns}
        if len(self._by_key) != len(columns):
            raise ValueError("Two columns have the same key.")
        full = [column.key for column in columns if column.export is not None]
        self._presets: dict[str, Sequence[str]] = {FULL: full, **(presets or {})}
        if strange := {key for keys in self._presets.values() for key in keys} - set(full):
            raise ValueError(f"A file is to have columns that are on no file: {', '.join(sorted(strange))}.")

    def __iter__(self) -> Iterator[Column]:
        return iter(self._by_key.values())

    def __getitem__(self, key: str) -> Column:
        return self._by_key[key]

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns of the table."""
        return tuple(column for column in self if column.screen)

    @property
    def exported(self) -> tuple[Column, ...]:
        """The columns of the full file."""
        return tuple(column for column in self if column.export is not None)

    @property
    def presets(self) -> tuple[str, ...]:
        """The choices of columns a file can be made with, the full one first."""
        return tuple(self._presets)

    def in_preset(self, name: str) -> tuple[Column, ...]:
        """The columns of the file for one choice, in order.

        Raises `LookupError` for a choice that these columns do not offer.
        """
        return tuple(self[key] for key in self._presets[name])

    def exported_row(self, row: Any) -> list[str]:
        """One row of the file as Python says it, for the test that compares it with what COPY wrote."""
        return [column.exported_text(row) for column in self.exported]


def as_exported(value: object) -> str:
    """Write a display value as the file has it: plain digits, UTC with Z, empty for nothing."""
    match value:
        case None:
            return ""
        case Amount(amount=amount):
            return as_exported(amount)
        case Decimal():
            return format(value, "f")
        case datetime():
            return _instant(value)
        case Reference(text=text) | Badge(text=text) | Effect(text=text):
            return str(text)
        case Named(reference=text) | Person(name=text):
            return text
        case _:
            return str(value)


def _instant(moment: datetime) -> str:
    """A moment in UTC as ``2026-11-19T14:34:12.5Z``: the fraction of a second only as far as there is one."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if '.' in text else text}Z"

"""What an evidence pack is made of: tables, which become CSV files, and documents, which are kept as they are."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model
from django.utils.functional import Promise

from backoffice.audit.canonical import instant, plain
from backoffice.exports.csv import defuse
from backoffice.money import to_plain

CHUNK_BYTES: Final = 64 * 1024
LONGEST_NAME: Final = 80
#: Rows of a table that the page in the pack shows; the file has all.
MOST_SHOWN: Final = 200
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")

Row = Sequence[object]


@dataclass(frozen=True)
class Table:
    """One table. ``rows`` is asked for each time it is read, so that a long one is never held at once."""

    name: str
    title: str
    headings: tuple[str, ...]
    rows: Callable[[], Iterable[Row]]

    @property
    def file_name(self) -> str:
        return f"{self.name}.csv"

    def chunks(self, first: list[list[str]]) -> Iterator[bytes]:
        """The table as CSV: UTF-8, times in UTC, amounts with all their digits, text made safe for spreadsheets.

        :param first: is given the first rows as they are written, one more than a page shows.
        """
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.headings)
        for row in self.rows():
            cells = [cell(value) for value in row]
            writer.writerow(cells)
            if len(first) <= MOST_SHOWN:
                first.append(cells)
            if out.tell() >= CHUNK_BYTES:
                yield taken(out)
        yield taken(out)


@dataclass(frozen=True)
class Document:
    """One file of the pack, by its safe path. ``attachment`` is the file of a closing it is, whose reading is told."""

    name: str
    chunks: Iterable[bytes]
    attachment: int | None = None


@dataclass(frozen=True)
class Pack:
    """Everything known of one operation, exception or closed day.

    ``about`` is what the audit entry of the export names; ``concerned`` are all objects whose entries of the audit log
    belong to it. ``limits`` says what is not in it and where that is.
    """

    name: str
    title: str
    about: Model
    client: str
    tables: list[Table]
    documents: Callable[[], Iterator[Document]]
    concerned: list[Model]
    limits: list[str]


def taken(out: io.StringIO) -> bytes:
    """Take what was written so far."""
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


def cell(value: object) -> str:
    """Write one value. Numbers keep their sign; nothing typed by anybody begins a formula.

    :raises TypeError: for a float, which would make an amount inexact.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case Decimal():
            return to_plain(value)
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case str() | Promise():
            return defuse(str(value))
        case dict() | list():
            return defuse(json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    raise TypeError(f"{type(value).__name__} has no place in an evidence pack.")


def safe_name(text: str) -> str:
    """Make a file name of a text of anybody's: letters, digits, dots, dashes; never hidden, a folder, or nothing."""
    stem = _UNSAFE.sub("-", text).strip("-.")
    shortened = stem if len(stem) <= LONGEST_NAME else f"{stem[: LONGEST_NAME - 12]}-{stem[-11:]}"
    return shortened.strip("-.") or "unnamed"


def text_document(name: str, text: str) -> Document:
    return Document(name, [text.encode()])


def facts(pairs: Iterable[tuple[str, Any]]) -> Table:
    """What is known, one line for each fact."""
    rows = list(pairs)
    return Table("facts", "Facts", ("fact", "value"), lambda: rows)

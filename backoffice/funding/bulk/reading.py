"""From the bytes of a file to typed rows, at a cost that the file cannot choose.

One line is one row, so a quote left open ends with its line and every fault has a line to point at. A line is never
read further than `LONGEST_LINE`, a file never further than `MOST_ROWS`; what cannot be read is answered by a sentence.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

LARGEST: Final = 2 * 1024 * 1024
MOST_ROWS: Final = 2_000
LONGEST_LINE: Final = 4_000
TYPE, CLIENT, ASSET, AMOUNT, REASON = COLUMNS = ("type", "client", "asset", "amount", "reason")
HEADER: Final = ",".join(COLUMNS)

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOK_MARKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_LONGEST_SHOWN: Final = 200
_MOST: Final = f"{MOST_ROWS:,}"


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The text is a sentence that says how to save it instead."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell as it was typed, or with a whole row: then ``column`` is empty."""

    line: int
    column: str
    typed: str
    sentence: str


@dataclass(frozen=True)
class TypedRow:
    """One row as it was typed. ``line`` counts from 1, the header being line 1."""

    line: int
    cells: dict[str, str]


@dataclass
class Sheet:
    """What a file holds, before anybody has asked whether it makes sense."""

    rows: list[TypedRow] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(content: bytes) -> Sheet:
    """Read a file of deposits and withdrawals.

    :raises UnreadableFile: when it is too large, no UTF-8, has another header, or has lines that are no rows.
    """
    lines = _lines(_text(content))
    header = next(lines, (1, ""))[1]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    columns = _columns(header, delimiter)
    sheet = Sheet()
    for line, text in lines:
        _read_row(sheet, line, text, delimiter, columns)
    if not sheet.rows and not sheet.faults:
        raise UnreadableFile(_("The file holds a header and no rows. Add one row for each deposit or withdrawal."))
    return sheet


# The file as a whole ------------------------------------------------------------------------------------------------


def too_large() -> str:
    """Say that a file is larger than is read at all."""
    return _("The file is larger than 2 MB. Split it into files of at most %(most)s rows each.") % {"most": _MOST}


def not_utf8() -> str:
    """Say how to save a file whose letters cannot be read."""
    return _("The file is not UTF-8 text. In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”.")


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise UnreadableFile(too_large())
    if content.startswith(_WORKBOOK_MARKS):
        raise UnreadableFile(
            _("This is a workbook, not a CSV file. In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”.")
        )
    if content.startswith(_UTF_16_MARKS) or b"\x00" in content:
        raise UnreadableFile(not_utf8())
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(not_utf8()) from error
    if not text.strip():
        raise UnreadableFile(_("The file is empty. Its first line must be: %(header)s") % {"header": HEADER})
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines with their numbers, never holding more than one of them.

    :raises UnreadableFile: at a line that is too long, or that ends as no spreadsheet of this century ends one.
    """
    source, number = io.StringIO(text.rstrip("\r\n"), newline="\n"), 0
    while line := source.readline(LONGEST_LINE + 2):
        number += 1
        line = line.removesuffix("\n").removesuffix("\r")
        if "\r" in line:
            raise UnreadableFile(_stray_return(number))
        if len(line) > LONGEST_LINE:
            raise UnreadableFile(_too_long(number))
        if number > MOST_ROWS + 1:
            raise UnreadableFile(_too_many())
        yield number, line


def _stray_return(number: int) -> str:
    return _(
        "Line %(line)d holds a carriage return by itself, so nobody can tell where its rows end. "
        "In Excel choose Save As, then “CSV UTF-8 (Comma delimited)”."
    ) % {"line": number}


def _too_long(number: int) -> str:
    return _("Line %(line)d is longer than %(most)s characters. A row holds five short cells.") % {
        "line": number,
        "most": f"{LONGEST_LINE:,}",
    }


def _too_many() -> str:
    return _("The file has more than %(most)s rows. Split it into several files.") % {"most": _MOST}


# The header ---------------------------------------------------------------------------------------------------------


def _columns(header: str, delimiter: str) -> list[str]:
    """Return the names of the columns in the order of the file.

    :raises UnreadableFile: naming the first column that is missing, unknown or there twice.
    """
    try:
        names = [cell.strip().lower() for cell in _cells(header, delimiter)]
    except csv.Error as error:
        raise UnreadableFile(_header_must_be()) from error
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise UnreadableFile(_("The column “%(name)s” is missing.") % {"name": missing[0]} + " " + _header_must_be())
    if len(set(names)) < len(names):
        raise UnreadableFile(_("A column stands in the header twice.") + " " + _header_must_be())
    if len(names) > len(COLUMNS):
        raise UnreadableFile(_("The header has columns that are not known here.") + " " + _header_must_be())
    return names


def _header_must_be() -> str:
    return _("The first line must name these columns, in any order: %(header)s") % {"header": HEADER}


# The rows -----------------------------------------------------------------------------------------------------------


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, strict=True), [])


def _read_row(sheet: Sheet, line: int, text: str, delimiter: str, columns: list[str]) -> None:
    """Take one line up as a row, or as the fault it is; a line of separators alone is neither."""
    try:
        cells = _cells(text, delimiter)
    except csv.Error:
        sheet.faults.append(Fault(line, "", shown(text), _quote()))
        return
    if not any(cell.strip() for cell in cells):
        return
    if len(cells) != len(columns):
        sheet.faults.append(Fault(line, "", shown(text), _wrong_number(len(cells), len(columns))))
        return
    typed = dict(zip(columns, cells, strict=True))
    hidden = [Fault(line, name, shown(cell), _control()) for name, cell in typed.items() if _has_control(cell)]
    sheet.faults.extend(hidden)
    if not hidden:
        sheet.rows.append(TypedRow(line, typed))


def shown(text: str) -> str:
    """Cut what was typed to what a page of faults shows of it."""
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _has_control(cell: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in cell)


def _quote() -> str:
    return _("A quote is opened and not closed on this line, or stands inside a cell. A cell holds one line of text.")


def _wrong_number(found: int, expected: int) -> str:
    return _("This row has %(found)d cells and the header %(expected)d. Put quotes around a cell with a separator.") % {
        "found": found,
        "expected": expected,
    }


def _control() -> str:
    return _("This cell holds a tab or another character that cannot be seen. Type it again.")

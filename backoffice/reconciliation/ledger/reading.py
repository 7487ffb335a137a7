"""From the bytes of a ledger file to typed cells, at a cost the file cannot choose.

As with files of operations (`funding/bulk/reading.py`) one line is one row, so that every fault has a line to point at.
What differs is that these files are the company's own: any separator, any headings, more columns than we need.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from backoffice.funding.bulk.reading import Fault, Sheet, TypedRow, UnreadableFile, shown

LARGEST: Final = 10 * 1024 * 1024
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 100
LONGEST_LINE: Final = 8_000
#: What a mapping is made by: the headings and the first rows.
FIRST_ROWS: Final = 5
#: Beyond so many faults a file is not read further: nobody corrects thousands of cells one by one.
MOST_FAULTS: Final = 1_000

COMMA, SEMICOLON, TAB, BAR = ",", ";", "\t", "|"
SEPARATORS: Final = (COMMA, SEMICOLON, TAB, BAR)
UTF_8, WESTERN, ARABIC = "utf-8", "windows-1252", "windows-1256"
ENCODINGS: Final = (UTF_8, WESTERN, ARABIC)

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOK_MARKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class Layout:
    """How a file is cut into cells: its separator, and the letters it is written in where it carries no mark."""

    separator: str = COMMA
    encoding: str = UTF_8


@dataclass(frozen=True)
class Opening:
    """The headings of a file and its first rows, as somebody maps its columns by them."""

    headings: list[str]
    rows: list[list[str]]


def opening_of(content: bytes, layout: Layout) -> Opening:
    """Return the headings and the first rows.

    :raises UnreadableFile: with a sentence, as `read` does.
    """
    lines = _lines(_text(content, layout.encoding))
    headings = _headings(next(lines, (1, ""))[1], layout.separator)
    rows: list[list[str]] = []
    for _number, line in lines:
        try:
            cells = _cells(line, layout.separator)
        except csv.Error:
            continue
        if any(cell.strip() for cell in cells):
            rows.append([cells[place] if place < len(cells) else "" for place in range(len(headings))])
        if len(rows) == FIRST_ROWS:
            break
    return Opening(headings, rows)


def guess_layout(content: bytes) -> Layout:
    """Guess how a file is cut from its first line; a person sees the guess and corrects it.

    :raises UnreadableFile: when it is no text of any kind.
    """
    encoding = UTF_8 if _is_utf_8(content) else WESTERN
    header = next(_lines(_text(content, encoding)), (1, ""))[1]
    return Layout(max(SEPARATORS, key=header.count), encoding)


def read(content: bytes, layout: Layout, columns: dict[str, str]) -> Sheet:
    """Read a ledger file: its rows by our words for the columns, and every line that is no row.

    :param columns: our words, and the heading each is read from.
    :raises UnreadableFile: when the file as a whole cannot be read, or a heading is missing or there twice.
    """
    lines = _lines(_text(content, layout.encoding))
    headings = _headings(next(lines, (1, ""))[1], layout.separator)
    places = {word: _place_of(heading, headings) for word, heading in columns.items()}
    sheet = Sheet()
    for number, line in lines:
        _read_row(sheet, number, line, layout.separator, len(headings), places)
        if len(sheet.faults) >= MOST_FAULTS:
            return sheet
    if not sheet.rows and not sheet.faults:
        raise UnreadableFile(_("The file holds a header and no rows."))
    return sheet


# The file as a whole ------------------------------------------------------------------------------------------------


def too_large() -> str:
    """Say that a file is larger than is read at all."""
    return _("The file is larger than 10 MB. Split it into files of at most %(most)s rows each.") % {
        "most": f"{MOST_ROWS:,}"
    }


def _text(content: bytes, encoding: str) -> str:
    if len(content) > LARGEST:
        raise UnreadableFile(too_large())
    if content.startswith(_WORKBOOK_MARKS):
        raise UnreadableFile(_("This is a workbook, not a CSV file. In Excel choose Save As, then CSV."))
    try:
        text = _decoded(content, encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(_letters(encoding)) from error
    if "\x00" in text:
        raise UnreadableFile(_letters(encoding))
    if not text.strip():
        raise UnreadableFile(_("The file is empty. Its first line names the columns."))
    return text


def _decoded(content: bytes, encoding: str) -> str:
    """A mark at the beginning says what the letters are; only a file without one is read as the ledger was mapped."""
    if content.startswith(_UTF_16_MARKS):
        return content.decode("utf-16")
    if content.startswith(b"\xef\xbb\xbf"):
        return content.decode("utf-8-sig")
    return content.decode(encoding)


def _is_utf_8(content: bytes) -> bool:
    if content.startswith(_UTF_16_MARKS):
        return True
    try:
        content.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def _letters(encoding: str) -> str:
    return _(
        "The letters of this file are not %(encoding)s. Save it as “CSV UTF-8”, or choose other letters where the "
        "ledger's columns are mapped."
    ) % {"encoding": encoding.upper()}


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines with their numbers.

    :raises UnreadableFile: at a line that is too long, at one row too many, or at a carriage return by itself.
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
        "Line %(line)d holds a carriage return by itself, so nobody can tell where its rows end. Save it as CSV again."
    ) % {"line": number}


def _too_long(number: int) -> str:
    return _("Line %(line)d is longer than %(most)s characters.") % {"line": number, "most": f"{LONGEST_LINE:,}"}


def _too_many() -> str:
    return _("The file has more than %(most)s rows. Split it into several files.") % {"most": f"{MOST_ROWS:,}"}


# Headings and rows --------------------------------------------------------------------------------------------------


def _headings(line: str, separator: str) -> list[str]:
    try:
        names = [cell.strip() for cell in _cells(line, separator)]
    except csv.Error as error:
        raise UnreadableFile(_("The first line must name the columns; a quote in it is not closed.")) from error
    if len(names) > MOST_COLUMNS:
        raise UnreadableFile(_("The first line names more than %(most)d columns.") % {"most": MOST_COLUMNS})
    return names


def _place_of(heading: str, headings: list[str]) -> int:
    """Find the column of a heading; case and blanks around it do not matter.

    :raises UnreadableFile: when it is missing, or there twice.
    """
    found = [place for place, name in enumerate(headings) if name.casefold() == heading.casefold()]
    if not found:
        raise UnreadableFile(
            _("The column “%(name)s” is missing. If the ledger's files have changed, map its columns again.")
            % {"name": heading}
        )
    if len(found) > 1:
        raise UnreadableFile(_("The column “%(name)s” stands in the first line twice.") % {"name": heading})
    return found[0]


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, strict=True), [])


def _read_row(sheet: Sheet, number: int, line: str, separator: str, width: int, places: dict[str, int]) -> None:
    """Take one line up as a row, or as the fault it is; a line of separators alone is neither."""
    try:
        cells = _cells(line, separator)
    except csv.Error:
        sheet.faults.append(Fault(number, "", shown(line), _quote()))
        return
    if not any(cell.strip() for cell in cells):
        return
    if len(cells) != width:
        sheet.faults.append(Fault(number, "", shown(line), _wrong_number(len(cells), width)))
        return
    typed = {word: cells[place] for word, place in places.items()}
    hidden = [Fault(number, word, shown(cell), _control()) for word, cell in typed.items() if _has_control(cell)]
    sheet.faults.extend(hidden)
    if not hidden:
        sheet.rows.append(TypedRow(number, typed))


def _has_control(cell: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cf") for character in cell)


def _quote() -> str:
    return _("A quote is opened and not closed on this line, or stands inside a cell. A cell holds one line of text.")


def _wrong_number(found: int, expected: int) -> str:
    return _("This row has %(found)d cells and the header %(expected)d. Put quotes around a cell with a separator.") % {
        "found": found,
        "expected": expected,
    }


def _control() -> str:
    return _("This cell holds a tab or another character that cannot be seen. Type it again.")

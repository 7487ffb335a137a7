"""A file as an Excel workbook: every cell is text, amounts keep all their digits, and nothing can be a formula.

The workbook is written row by row to a file on disk, which Excel's format needs whole before its first byte can leave.
"""

import csv
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.utils.translation import gettext
from xlsxwriter import Workbook

from backoffice.exports.copying import Statement, is_quoted
from backoffice.exports.snapshots import Snapshot
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish

CHUNK_BYTES: Final = 64 * 1024
WIDTH: Final = 22
BEYOND_THE_SHEET: Final = -1
OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class DoesNotFit(Exception):
    """The file is larger than Excel takes; the text says so, and what to choose instead."""


def workbook(wish: Wish, copy: Statement, taken: Snapshot, tally: Tally) -> Iterator[bytes]:
    """Build a workbook and give its bytes.

    :raises DoesNotFit: for more rows, or a longer text, than Excel takes.
    """
    with TemporaryDirectory(prefix="export-") as folder:
        path = f"{folder}/export.xlsx"
        write(path, wish, copy, taken, tally)
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def write(path: str, wish: Wish, copy: Statement, taken: Snapshot, tally: Tally) -> None:
    with Workbook(path, {**OPTIONS, "tmpdir": path.rpartition("/")[0]}) as book:
        book.set_properties({"created": taken.at.replace(tzinfo=None), "title": wish.export.name})
        sheet = book.add_worksheet(wish.export.name[:31])
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(wish.columns) - 1, WIDTH)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        fill(sheet, looks_of(book, wish), records(copy, taken), tally)


def looks_of(book: Workbook, wish: Wish) -> list[Any]:
    """How the cells of each column look: text that stays text when somebody edits it, figures at the end."""
    text = book.add_format({"num_format": "@", "quote_prefix": True})
    figure = book.add_format({"num_format": "@", "align": "right"})
    return [text if is_quoted(column) else figure for column in wish.columns]


def records(copy: Statement, taken: Snapshot) -> Iterator[list[str]]:
    """Give the heading and the rows as lists of texts, read back from COPY by a strict parser."""
    lines = (bytes(message).decode() for message in taken.rows(copy))
    try:
        yield from csv.reader(lines, strict=True)
    except csv.Error as error:  # COPY writes what the parser reads, up to the parser's longest field
        raise too_long() from error


def fill(sheet: Any, looks: list[Any], rows: Iterator[list[str]], tally: Tally) -> None:
    for place, text in enumerate(next(rows)):
        sheet.write_string(0, place, text)
    for number, row in enumerate(rows, 1):
        for place, text in enumerate(row):
            check(sheet.write_string(number, place, text, looks[place]))
        tally.count_rows(1)


def check(said: int) -> None:
    """Refuse what the library left out or cut, which it says by a number.

    :raises DoesNotFit: for a row beyond the last one, or a text that was cut.
    """
    if said == BEYOND_THE_SHEET:
        raise DoesNotFit(gettext("There are more rows than an Excel sheet holds. Choose CSV instead."))
    if said:
        raise too_long()


def too_long() -> DoesNotFit:
    return DoesNotFit(gettext("A text is longer than an Excel cell holds. Choose CSV instead."))

"""The bytes of a file in each format, in pieces of some 64 KB, counted while they leave."""

import codecs
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from backoffice.exports.copying import Statement
from backoffice.exports.csv import defused_rows
from backoffice.exports.models import Format
from backoffice.exports.snapshots import Snapshot
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import workbook

ROWS_AT_ONCE = 256
TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.CSV_BOM: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def pieces(wish: Wish, copy: Statement, taken: Snapshot, tally: Tally) -> Iterator[bytes]:
    """Give the bytes of a wish's file, counting them and the rows into ``tally``.

    :param copy: its COPY, compiled where the wish was made: by now the zone of whoever asked may be gone.
    """
    made = workbook(wish, copy, taken, tally) if wish.format is Format.XLSX else csv_file(wish, copy, taken, tally)
    for piece in made:
        tally.count(piece)
        yield piece


def csv_file(wish: Wish, copy: Statement, taken: Snapshot, tally: Tally) -> Iterator[bytes]:
    """Give a CSV file as COPY writes it, texts made safe, after the mark of UTF-8 where Excel is to understand it."""
    if wish.format is Format.CSV_BOM:
        yield codecs.BOM_UTF8
    messages = taken.rows(copy)
    heading: list[Any] = [next(messages)]  # every message after it is one row
    # Rows are taken by the handful: a million of them must cost no line of Python each.
    while (rows := defused_rows(list(islice(messages, ROWS_AT_ONCE)), len(wish.columns))) or heading:
        tally.mark(rows)
        tally.count_rows(len(rows))
        yield b"".join([*heading, *rows])
        heading = []

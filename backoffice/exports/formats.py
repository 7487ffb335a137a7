"""The bytes of a file in each format, in pieces of some 64 KB, counted while they leave."""

import codecs
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from backoffice.exports.copying import compile_copy
from backoffice.exports.models import Format
from backoffice.exports.snapshots import Snapshot
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import workbook

CHUNK_BYTES = 64 * 1024
ROWS_AT_ONCE = 256
TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.CSV_BOM: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def pieces(wish: Wish, taken: Snapshot, tally: Tally) -> Iterator[bytes]:
    """Give the bytes of a wish's file, counting them and the rows into ``tally``."""
    made = workbook(wish, taken, tally, CHUNK_BYTES) if wish.format is Format.XLSX else csv_file(wish, taken, tally)
    for piece in made:
        tally.count(piece)
        yield piece


def csv_file(wish: Wish, taken: Snapshot, tally: Tally) -> Iterator[bytes]:
    """Give a CSV file as COPY writes it, after the mark of UTF-8 where Excel is to understand it."""
    if wish.format is Format.CSV_BOM:
        yield codecs.BOM_UTF8
    messages = taken.rows(compile_copy(wish))
    heading: list[Any] = [next(messages)]  # every message after it is one row
    # Rows are taken by the handful: a million of them must cost no line of Python each.
    while (rows := list(islice(messages, ROWS_AT_ONCE))) or heading:
        tally.mark(rows)
        tally.count_rows(len(rows))
        yield b"".join([*heading, *rows])
        heading = []

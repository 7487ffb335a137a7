"""The bytes of a file in each format, in pieces of about 64 KiB, counted while they leave."""

import codecs
from collections.abc import Iterator
from typing import Any, Final

from backoffice.exports.copying import compile_copy
from backoffice.exports.models import Format
from backoffice.exports.snapshots import Snapshot
from backoffice.exports.tally import Tally
from backoffice.exports.wishes import Wish
from backoffice.exports.workbooks import workbook

CHUNK_BYTES = 64 * 1024
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
    gathered: list[Any] = [next(messages)]  # the heading; every message after it is one row
    size, rows = len(gathered[0]), 0
    for message in messages:
        gathered.append(message)
        size += len(message)
        rows += 1
        if size >= CHUNK_BYTES:
            yield joined(gathered, rows, tally)
            gathered, size, rows = [], 0, 0
    yield joined(gathered, rows, tally)


def joined(messages: list[Any], rows: int, tally: Tally) -> bytes:
    """Put messages together, of which the last ``rows`` are rows."""
    tally.mark(messages[len(messages) - rows :])
    tally.count_rows(rows)
    return b"".join(messages)

"""The file that was issued, put together again from a changed one: its digest proves what the marks of rows cannot.

A mark is a CRC-32. Whoever may choose between capital and small letters in a text gives its row any mark they like, so
that no mark differs is no proof, and neither is a text that a mark was found for.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Final

from backoffice.exports.proving.issued import Issued
from backoffice.exports.proving.records import Line, Records, lines_of
from backoffice.exports.proving.shapes import BOM, Shape

#: What COPY puts a heading into quotes for.
QUOTED_FOR: Final = frozenset(',"\r\n')


def is_issued_with(
    content: IO[bytes], shape: Shape, records: Records, issued: Issued, rows: Mapping[int, bytes]
) -> bool:
    """Whether a file has the issued digest once it has the heading and the line ends of the issued one.

    :param rows: what stood where other rows stand now, without line ends, by places counted from zero.
    """
    bom = BOM if issued.has_bom else b""
    beginnings = (bom + heading_of(issued.columns), bom + shape.heading + b"\n")
    digests = [(hashlib.sha256(one), hashlib.sha256(one)) for one in beginnings]
    for of_rows, of_lines in rebuilt(lines_of(content, shape), records.starts, rows):
        for by_rows, by_lines in digests:
            by_rows.update(of_rows)
            by_lines.update(of_lines)
    return issued.said.get("sha256") in {one.hexdigest() for one in chain(*digests)}


def heading_of(columns: Iterable[str]) -> bytes:
    """Write a heading as COPY does."""
    cells = ('"{}"'.format(cell.replace('"', '""')) if QUOTED_FOR & {*cell} else cell for cell in columns)
    return (",".join(cells) + "\n").encode()


def rebuilt(lines: Iterator[Line], starts: Iterable[int], rows: Mapping[int, bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Give the rows piece by piece, twice: each row ended by a line feed, and each line within rows as well."""
    coming = iter(starts)
    place, start = -1, next(coming, None)
    for line, start_after in followed(lines):
        begins = line.start == start
        if begins:
            place, start = place + 1, next(coming, None)
        if place not in rows:
            yield line.plain if start_after == start else line.raw, line.plain
        elif begins:
            yield rows[place] + b"\n", rows[place] + b"\n"


def followed(lines: Iterator[Line]) -> Iterator[tuple[Line, int | None]]:
    """Give each line, and the byte at which the one after it begins; none after the last."""
    line = next(lines, None)
    while line is not None:
        after = next(lines, None)
        yield line, after.start if after else None
        line = after

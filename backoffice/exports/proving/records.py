"""The rows of a file and their marks, as :class:`~backoffice.exports.models.RowMarks` has those of the issued one.

A row may hold line feeds within quotes. A quote that somebody took away must not make one row of all that follow: where
lines within it are a row that was issued, they are one here too.
"""

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import IO, Final
from zlib import crc32

from backoffice.exports.proving.shapes import Shape

#: Longer lines are read in pieces: nobody chooses how much memory a page takes.
LONGEST_PIECE: Final = 1024 * 1024
#: Twice the rows of the longest list. A row costs 3 µs however short it is: lines of one byte would take minutes.
MOST_ROWS: Final = 2_000_000
COUNTED_BYTES: Final = 1024 * 1024


class TooManyRows(ValueError):
    """A file has more rows than are read."""


@dataclass
class Records:
    """The rows of a file after its heading: the mark of each, the byte it begins at and the line it stands on."""

    marks: "array[int]" = field(default_factory=lambda: array("I"))
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    lines: "array[int]" = field(default_factory=lambda: array("Q"))

    def __len__(self) -> int:
        return len(self.marks)

    def add(self, mark: int, start: int, line: int) -> None:
        """
        :raises TooManyRows: for one row more than are read.
        """
        if len(self.marks) >= MOST_ROWS:
            raise TooManyRows
        self.marks.append(mark)
        self.starts.append(start)
        self.lines.append(line)


@dataclass(frozen=True)
class Line:
    """One line, or a piece of one that is too long; its text with the line end it has, and with a line feed."""

    number: int
    start: int
    raw: bytes
    plain: bytes
    is_whole: bool


@dataclass
class Open:
    """A row that is being read: its marks so far, by its own bytes and with line feeds, and whether a quote is open."""

    start: int
    line: int
    raw: int = 0
    plain: int = 0
    mixed: int = 0
    in_quotes: bool = False
    is_whole: bool = False

    def take(self, line: Line) -> None:
        self.mixed = crc32(line.plain, self.raw)
        self.raw, self.plain = crc32(line.raw, self.raw), crc32(line.plain, self.plain)
        self.in_quotes ^= bool(line.raw.count(b'"') & 1)
        self.is_whole = line.is_whole and not self.in_quotes

    def mark(self, known: Collection[int]) -> int:
        """The row's mark: by the line ends it was issued with, where they are known."""
        return next((one for one in (self.raw, self.mixed) if one in known), self.plain)


def records_of(content: IO[bytes], shape: Shape, known: Collection[int] = frozenset()) -> Records:
    """Read a file's rows.

    :param known: the marks of the file it is compared with.
    :raises TooManyRows: for a file of more rows than are read.
    """
    refuse_too_many_lines(content)
    found = Records()
    row: Open | None = None
    rival: Open | None = None  # what may be a row of its own within one whose quotes never end
    for line in lines_of(content, shape):
        if row is None:
            row, rival = Open(line.start, line.number), None
        else:
            rival = rival or Open(line.start, line.number)
            rival.take(line)
        row.take(line)
        if rival and rival.is_whole and rival.mark(known) in known:
            found.add(row.mark(known), row.start, row.line)
            row = rival
        if row.is_whole:
            found.add(row.mark(known), row.start, row.line)
            row = None
        elif rival and rival.is_whole:
            rival = None
    if row is not None:
        found.add(row.mark(known), row.start, row.line)
    return found


def refuse_too_many_lines(content: IO[bytes]) -> None:
    """Count line ends before anything is made of a line: that takes a hundredth of the time.

    :raises TooManyRows: for more lines than rows are read, the heading apart.
    """
    content.seek(0)
    lines = 0
    while piece := content.read(COUNTED_BYTES):
        lines += piece.count(b"\n")
        if lines > MOST_ROWS + 1:
            raise TooManyRows


def lines_of(content: IO[bytes], shape: Shape) -> Iterator[Line]:
    """Read the lines after the heading."""
    start = shape.skipped
    content.seek(start)
    number, is_heading, is_whole = 0, True, True
    while piece := content.readline(LONGEST_PIECE):
        number += is_whole  # a piece after the first of a line stands on the same one
        is_whole = piece.endswith(b"\n") or len(piece) < LONGEST_PIECE
        if not is_heading:
            yield Line(number, start, piece, plain(piece, is_whole), is_whole)
        is_heading = is_heading and not is_whole
        start += len(piece)


def plain(piece: bytes, is_whole: bool) -> bytes:
    """Write a line as an export does: ended by a line feed."""
    return piece.removesuffix(b"\n").removesuffix(b"\r") + b"\n" if is_whole else piece


def text_at(content: IO[bytes], found: Records, place: int, most: int) -> bytes:
    """Read the bytes of one row, the first `most` of them, without its line end."""
    content.seek(found.starts[place])
    end = found.starts[place + 1] if place + 1 < len(found) else None
    length = most if end is None else min(most, end - found.starts[place])
    return content.read(length).rstrip(b"\r\n")

"""How a file is wrapped: byte order mark, line ends, separator. Programs change these when they save a file again,
without anybody having changed a digit, so a file is compared without them too."""

import codecs
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

CHUNK_BYTES: Final = 1024 * 1024
SEPARATORS: Final = (",", ";", "\t")
LONGEST_HEADING: Final = 64 * 1024
BOM: Final = codecs.BOM_UTF8
#: A workbook is a zip file.
ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True)
class Shape:
    """How a file is wrapped. `cells` are its heading's, read by its own `separator`."""

    has_bom: bool
    has_carriage_returns: bool
    ends_its_last_line: bool
    separator: str
    heading: bytes
    cells: tuple[str, ...]
    is_workbook: bool = False

    @property
    def skipped(self) -> int:
        """How many bytes stand before the heading."""
        return len(BOM) if self.has_bom else 0


def shape_of(content: IO[bytes], size: int) -> Shape:
    """Look at the beginning and the end of a file."""
    content.seek(0)
    beginning = content.read(LONGEST_HEADING)
    content.seek(max(0, size - 1))
    end = content.read(1)
    has_bom = beginning.startswith(BOM)
    line = beginning[len(BOM) if has_bom else 0 :].partition(b"\n")[0]
    heading = line.removesuffix(b"\r")
    cells = {separator: cells_of(heading, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda one: len(cells[one]))
    return Shape(
        has_bom, line != heading, end in (b"\n", b""), separator, heading, cells[separator], beginning.startswith(ZIP)
    )


def cells_of(line: bytes, separator: str) -> tuple[str, ...]:
    """Read one line as cells; nothing where it cannot be read, or holds what no text in the log can."""
    if b"\x00" in line:
        return ()
    try:
        return tuple(next(csv.reader([line.decode()], delimiter=separator, strict=True), ()))
    except (UnicodeDecodeError, csv.Error):
        return ()


def plain_digests(content: IO[bytes], shape: Shape) -> set[str]:
    """Give the digests the file would have, had nobody changed how it is wrapped.

    Each with the byte order mark and without it; with its own line ends, and with LF for CR LF.
    """
    digests: set[str] = set()
    for with_line_feeds in (False, True):
        bare, marked = hashlib.sha256(), hashlib.sha256(BOM)
        for chunk in chunks(content, shape, with_line_feeds=with_line_feeds):
            bare.update(chunk)
            marked.update(chunk)
        digests |= {bare.hexdigest(), marked.hexdigest()}
    return digests


def chunks(content: IO[bytes], shape: Shape, *, with_line_feeds: bool) -> Iterator[bytes]:
    """Give the bytes after the byte order mark, the last line ended."""
    content.seek(shape.skipped)
    held = b""
    while chunk := content.read(CHUNK_BYTES):
        if not with_line_feeds:
            yield chunk
            continue
        chunk = held + chunk
        held = b"\r" if chunk.endswith(b"\r") else b""
        yield chunk.removesuffix(held).replace(b"\r\n", b"\n") if held else chunk.replace(b"\r\n", b"\n")
    yield held if shape.ends_its_last_line else held + b"\n"

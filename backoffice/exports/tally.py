"""What has left so far: rows, bytes, the SHA-256 over them, and a mark of every row."""

import hashlib
import sys
from array import array
from collections.abc import Callable, Iterable
from typing import Any, Final
from zlib import crc32

from backoffice.exports.models import ROWS_PER_PART

#: After so many rows whoever waits is told how far it is.
ROWS_BETWEEN_WORDS: Final = 2_000


def nobody(_rows: int) -> None:
    """Listen to no progress."""


class Tally:
    """Counts a file while it leaves. ``told`` hears how many rows there are, and may stop the file by raising."""

    def __init__(self, told: Callable[[int], None] = nobody) -> None:
        self.rows = 0
        self.size = 0
        self._digest = hashlib.sha256()
        self._marks = array("I")
        self._told = told
        self._told_at = 0

    def count_rows(self, rows: int) -> None:
        """Count rows, and say so now and then."""
        self.rows += rows
        if self.rows - self._told_at >= ROWS_BETWEEN_WORDS:
            self._told_at = self.rows
            self._told(self.rows)

    def mark(self, lines: Iterable[Any]) -> None:
        """Keep the mark of each row: the CRC-32 of its bytes, the line feed at its end included."""
        self._marks.extend(map(crc32, lines))

    def count(self, chunk: bytes) -> None:
        """Count bytes that leave."""
        self.size += len(chunk)
        self._digest.update(chunk)

    @property
    def sha256(self) -> str:
        """The digest of every byte counted."""
        return self._digest.hexdigest()

    def parts(self) -> Iterable[bytes]:
        """Give the marks as they are kept: little-endian, so many rows at a time."""
        for start in range(0, len(self._marks), ROWS_PER_PART):
            part = self._marks[start : start + ROWS_PER_PART]
            if sys.byteorder == "big":
                part.byteswap()
            yield part.tobytes()

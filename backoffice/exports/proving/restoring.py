"""What a row may have said when it was issued, where one character of it was changed: the one text that has its mark.

The log keeps no rows, but a changed character leaves so few texts that a row may have been that its mark finds it. That
is no proof: a text can be made for a mark. Nobody is shown it unless the whole file then has the digest it was issued
with, and then as worked out, never as kept.
"""

from collections.abc import Iterator
from typing import Final
from zlib import crc32

#: What a person types into an amount, and what holds cells together.
TYPED: Final = b'0123456789.-,"'
#: Longer rows are not tried.
LONGEST: Final = 4_096


def restored(row: bytes, mark: int) -> bytes | None:
    """Give the row as it may have been issued, without its line end; None where one character does not explain it."""
    if len(row) > LONGEST:
        return None
    found = {text for text in one_character_apart(row) if crc32(text + b"\n") == mark}
    return found.pop() if len(found) == 1 else None


def one_character_apart(row: bytes) -> Iterator[bytes]:
    """Give every text with one such character changed, one more, or any one less."""
    for place in range(len(row) + 1):
        before, after = row[:place], row[place + 1 :]
        for typed in TYPED:
            yield b"%b%c%b" % (before, typed, row[place:])
        if place == len(row):
            return
        yield before + after
        if row[place] in TYPED:
            for typed in TYPED:
                yield b"%b%c%b" % (before, typed, after)

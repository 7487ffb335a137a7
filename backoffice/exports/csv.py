"""Text cells made safe against formulas, one by one and in the rows that ``COPY`` writes (security.md §4, ADR 30).

A spreadsheet runs what begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break, also behind blanks and in full
width. Such a cell gets an apostrophe in front. So does, inside a cell, what would begin one for a program that splits
at another separator than ours: opened where lists are separated by ``;``, our quotes do not stand at the beginning of a
field and hold nothing together, not even a line. Quoting cannot help there; only the text itself can.

An apostrophe that stands there already gets one more, so that :func:`undefuse` gives back every text. Numbers are
never text columns, so a negative amount stays a number.
"""

import re
from collections.abc import Sequence
from typing import Any

#: Blanks a spreadsheet may skip: the visible ones and those that take no room. No tab, CR or LF: those are refused.
BLANKS = "\x0b\x0c\x1c-\x20\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000\ufeff"
FORMULA = "=+@＝＋－＠-"
TRIGGERS = f"\t\r\n{FORMULA}"
#: What separates cells or lines in one dialect or another.
SEPARATORS = ",;|\t\r\n"
MARK = "'"

#: The place in front of a cell that would run, and each one inside it that would begin another. Behind a separator a
#: quote opens a field; doubled, as in our files, it closes it again.
_FRONT = re.compile(f"^(?=[{BLANKS}']*[{TRIGGERS}])")
_INSIDE = re.compile(f"[{SEPARATORS}](?=[{BLANKS}\"']*[{FORMULA}])")
_FRONT_MARKED = re.compile(f"^{MARK}(?=[{BLANKS}']*[{TRIGGERS}])")
_INSIDE_MARKED = re.compile(f"([{SEPARATORS}]){MARK}(?=[{BLANKS}\"']*[{FORMULA}])")
_DANGEROUS = re.compile(f"^[{BLANKS}]*[{TRIGGERS}]")

#: Bytes that no text begins with which :func:`defuse` would mark: digits, ASCII letters and the signs among and behind
#: them, and the bytes above 127 but for five, with which the blanks and the full-width forms are written.
_HARMLESS = rb"0-9A-{}~\x80-\xc1\xc3-\xe0\xe4-\xee\xf0-\xff"
_OPENS_ODDLY = re.compile(rb'"[^",\n%b]' % _HARMLESS)
#: The next text cell of a row as COPY writes it, where nothing else has quotes. One that begins harmlessly and has
#: neither quotes nor separators is passed over. It matches up to the row's end, to begin nowhere but behind a cell.
_PASSED_OVER = rb'[^"]*+(?:"(?:[%b][^",;|\t\r\n]*+)?+"(?!")[^"]*+)*+' % _HARMLESS
_NEXT_CELL = re.compile(rb'(%b)(?:"((?:[^"]++|"")*+)"|\Z)' % _PASSED_OVER)


def defuse(text: str) -> str:
    """Put an apostrophe wherever a spreadsheet, of whichever separator, would begin a cell that it runs."""
    return _FRONT.sub(MARK, _INSIDE.sub(rf"\g<0>{MARK}", text))


def undefuse(text: str) -> str:
    """Give back the text that :func:`defuse` made safe."""
    return _INSIDE_MARKED.sub(r"\1", _FRONT_MARKED.sub("", text))


def begins_a_formula(text: str) -> bool:
    """Tell whether a spreadsheet that keeps the cell whole would run it."""
    return bool(_DANGEROUS.match(text))


def defused_rows(rows: Sequence[Any], columns: int) -> Sequence[Any]:
    """Make the text cells of rows safe that COPY wrote with every text cell quoted, each row ending in a line feed.

    One look at all of them spares nearly every row the parsing of its cells: almost no text needs an apostrophe.
    """
    if _is_plain(b"".join(rows), len(rows), columns):
        return rows
    return [row if _is_plain(row, 1, columns) else _NEXT_CELL.sub(_defused_cell, row) for row in map(bytes, rows)]


def _is_plain(written: bytes, rows: int, columns: int) -> bool:
    """Tell of whole rows that :func:`defuse` would change none of their texts; some others are not plain either."""
    return (
        written.count(b",") == rows * (columns - 1)
        and written.count(b"\n") == rows
        and not any(separator in written for separator in (b";", b"|", b"\t", b"\r"))
        and not _OPENS_ODDLY.search(written)
    )


def _defused_cell(found: re.Match[bytes]) -> bytes:
    """Write a cell again behind those that were passed over, a quote inside it twice as before."""
    passed, cell = found.groups()
    if cell is None:
        return passed
    return b'%b"%b"' % (passed, defuse(cell.decode().replace('""', '"')).replace('"', '""').encode())

"""Text cells made safe against formulas, in SQL for ``COPY`` and in Python for everything else (security.md §4).

A spreadsheet runs what begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break, also behind blanks and in full
width. Such a cell gets an apostrophe in front. So does, inside a cell, what would begin one for a program that splits
at another separator than ours: opened where lists are separated by ``;``, our quotes do not stand at the beginning of a
field and hold nothing together, not even a line. Quoting cannot help there; only the text itself can.

Both forms read the same patterns, and one corpus tests them against each other. An apostrophe that stands there already
gets one more, so that :func:`undefuse` gives back every text. Numbers are never text columns, so a negative amount
stays a number.
"""

import re
from collections.abc import Sequence
from typing import Final

from psycopg import sql

#: Blanks a spreadsheet may skip: the visible ones and those that take no room. No tab, CR or LF: those are refused.
BLANKS = "\x0b\x0c\x1c-\x20\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000\ufeff"
FORMULA = "=+@＝＋－＠-"
TRIGGERS = f"\t\r\n{FORMULA}"
#: What separates cells or lines in one dialect or another.
SEPARATORS = ",;|\t\r\n"
MARK = "'"

#: The place in front of a cell that would run, and each one inside it that would begin another. Behind a separator a
#: quote opens a field; doubled, as in our files, it closes it again.
FRONT: Final = f"^(?=[{BLANKS}']*[{TRIGGERS}])"
INSIDE: Final = f"[{SEPARATORS}](?=[{BLANKS}\"']*[{FORMULA}])"

_FRONT, _INSIDE = re.compile(FRONT), re.compile(INSIDE)
_FRONT_MARKED = re.compile(f"^{MARK}(?=[{BLANKS}']*[{TRIGGERS}])")
_INSIDE_MARKED = re.compile(f"([{SEPARATORS}]){MARK}(?=[{BLANKS}\"']*[{FORMULA}])")
_DANGEROUS = re.compile(f"^[{BLANKS}]*[{TRIGGERS}]")
#: What stands before each cell of a row that is looked at whole, and what such a row holds if this concerns a cell.
_EDGE = "\x01"
_CONCERNED = f"{_EDGE}[^0-9A-~{_EDGE}]|[{SEPARATORS}]"


def defuse(text: str) -> str:
    """Put an apostrophe wherever a spreadsheet, of whichever separator, would begin a cell that it runs."""
    return _FRONT.sub(MARK, _INSIDE.sub(rf"\g<0>{MARK}", text))


def undefuse(text: str) -> str:
    """Give back the text that :func:`defuse` made safe."""
    return _INSIDE_MARKED.sub(r"\1", _FRONT_MARKED.sub("", text))


def begins_a_formula(text: str) -> bool:
    """Tell whether a spreadsheet that keeps the cell whole would run it."""
    return bool(_DANGEROUS.match(text))


def no_cell_runs(cells: Sequence[sql.Composable]) -> sql.Composed:
    """Tell in SQL that none of these text cells of a row needs an apostrophe, as in nearly all rows none does.

    One look at a whole row spares each of its cells the long expressions, which would cost more than the COPY itself.
    """
    told = sql.SQL("concat_ws({edge}, '', {cells}) !~ {pattern}")
    return told.format(edge=sql.Literal(_EDGE), cells=sql.SQL(", ").join(cells), pattern=sql.Literal(_CONCERNED))


def defused(cell: sql.Composable) -> sql.Composed:
    """Give the SQL of :func:`defuse`."""
    return _marked(_marked(cell, INSIDE), FRONT)


def _marked(cell: sql.Composable, pattern: str) -> sql.Composed:
    """A text with an apostrophe after every match of a pattern."""
    marked = sql.SQL("regexp_replace({cell}, {pattern}, {after}, 'g')")
    return marked.format(cell=cell, pattern=sql.Literal(pattern), after=sql.Literal(rf"\&{MARK}"))

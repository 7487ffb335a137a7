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
from typing import Final

from django.db.models import Case, Func, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.db.models.lookups import Regex

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
#: A text that nothing of this concerns, as nearly all are.
_PLAIN = f"^[0-9A-~][^{SEPARATORS}]*$"


def defuse(text: str) -> str:
    """Put an apostrophe wherever a spreadsheet, of whichever separator, would begin a cell that it runs."""
    return _FRONT.sub(MARK, _INSIDE.sub(rf"\g<0>{MARK}", text))


def undefuse(text: str) -> str:
    """Give back the text that :func:`defuse` made safe."""
    return _INSIDE_MARKED.sub(r"\1", _FRONT_MARKED.sub("", text))


def begins_a_formula(text: str) -> bool:
    """Tell whether a spreadsheet that keeps the cell whole would run it."""
    return bool(_DANGEROUS.match(text))


class Marked(Func):
    """A text with an apostrophe after every match of a pattern."""

    function = "regexp_replace"
    output_field = TextField()

    def __init__(self, text: Combinable, pattern: str) -> None:
        super().__init__(text, Value(pattern), Value(rf"\&{MARK}"), Value("g"))


def defused(expression: Combinable) -> Case:
    """Give the SQL of :func:`defuse`.

    The first branch spares nearly every cell the long expressions, which would cost as much as the COPY itself.
    """
    text = Cast(expression, TextField())
    return Case(
        When(Q(Regex(text, _PLAIN)), then=text),
        default=Marked(Marked(text, INSIDE), FRONT),
        output_field=TextField(),
    )

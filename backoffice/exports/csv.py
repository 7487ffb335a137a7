"""Text cells made safe against formulas, in SQL for ``COPY`` and in Python for everything else (security.md §4).

A spreadsheet runs what begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break, also behind blanks and in full
width. Such a cell gets an apostrophe in front. Both forms read one pattern, and one corpus tests them against each
other. Numbers are never text columns, so a negative amount stays a number.
"""

import re

from django.db.models import Case, IntegerField, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, Ord
from django.db.models.lookups import Range, Regex

#: Blanks a spreadsheet may skip: the visible ones and those that take no room. No tab, CR or LF: those are refused.
BLANKS = "\x0b\x0c\x1c-\x20\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000\ufeff"
TRIGGERS = "\t\r\n=+@＝＋－＠-"
PATTERN = f"^[{BLANKS}]*[{TRIGGERS}]"
MARK = "'"

_DANGEROUS = re.compile(PATTERN)
_DIGITS, _LETTERS = (ord("0"), ord("9")), (ord("A"), ord("~"))


def defuse(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run."""
    return MARK + text if _DANGEROUS.match(text) else text


def defused(expression: Combinable) -> Case:
    """Give the SQL of :func:`defuse`.

    The first branch spares nearly every cell the regular expression, which would cost as much as the COPY itself.
    """
    text = Cast(expression, TextField())
    return Case(
        When(_begins_within(text, _LETTERS) | _begins_within(text, _DIGITS), then=text),
        When(Q(Regex(text, PATTERN)), then=Concat(Value(MARK), text)),
        default=text,
        output_field=TextField(),
    )


def _begins_within(text: Combinable, codes: tuple[int, int]) -> Q:
    return Q(Range(Ord(text, output_field=IntegerField()), codes))

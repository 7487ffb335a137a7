"""Columns of the log that can be read whatever somebody put into them: pages say what is wrong with an entry, and must
not break over it. Verification reads the columns as they are."""

import re
from itertools import accumulate
from typing import Any, Final

from django.db import models

#: Far deeper than anything that is written down, and shallow enough to be compared, sorted and written out again.
DEEPEST: Final = 100
#: A day within what Python takes, so that a moment may be shown in any zone.
WITHIN: Final = "BETWEEN '0001-01-02 00:00:00+00' AND '9999-12-30 00:00:00+00'"
#: Stands for what cannot be read. No entry is written with it.
UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
BRACKET: Final = re.compile(r"[][{}]")


class ReadableJSON(models.JSONField):
    """JSON; :data:`UNREADABLE` for what nests without end, and for numbers of more digits than Python takes."""

    def deconstruct(self) -> Any:
        """To the database it is JSON like any other."""
        name, _path, words, more = super().deconstruct()
        return name, "django.db.models.JSONField", words, more

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Read a value as it comes from the database."""
        if isinstance(value, str) and is_too_deep(value):
            return UNREADABLE
        try:
            return super().from_db_value(value, expression, connection)
        except ValueError:
            return UNREADABLE


class ReadableMoment(models.DateTimeField):  # type: ignore[type-arg]
    """A moment; None for one that no calendar of Python has."""

    def deconstruct(self) -> Any:
        """To the database it is a moment like any other."""
        name, _path, words, more = super().deconstruct()
        return name, "django.db.models.DateTimeField", words, more

    def select_format(self, compiler: Any, sql: str, params: Any) -> Any:
        """Write the SQL that reads it."""
        return f"CASE WHEN {sql} {WITHIN} THEN {sql} END", [*params, *params]


def is_too_deep(text: str) -> bool:
    """Whether JSON nests deeper than anything that is written down; only what may is looked at closely."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return False
    brackets = BRACKET.findall(TEXT.sub("", text))
    return max(accumulate(1 if one in "{[" else -1 for one in brackets), default=0) > DEEPEST

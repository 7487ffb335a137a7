"""What a partner answered, laid out for reading without changing a character of it.

Parsing and writing JSON anew would rewrite numbers and escapes, and evidence is not rewritten: only line ends and
blanks between the tokens are ours.
"""

import re
from typing import Final

INDENT: Final = "  "
DEEPEST: Final = 32
#: A string, a mark, a run of blanks or anything else; whatever is not JSON falls into the last and stays as it is.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|\s+|[^\s"\[\]{},:]+|"', re.DOTALL)


def laid_out(raw: bytes) -> str:
    """Return the JSON `raw` over several lines, its values exactly as they came; what is not UTF-8 is replaced.

    Whatever is no JSON, such as the page of a gateway, stays as it is: there, blanks stand between words.
    """
    text = raw.decode("utf-8", errors="replace")
    if not text.lstrip().startswith(("{", "[")):
        return text
    pieces: list[str] = []
    depth, before = 0, ""
    for mark in _TOKEN.findall(text):
        if mark.isspace():
            continue
        depth -= mark in "]}"
        pieces += [_between(before, mark, depth), mark]
        depth += mark in "[{"
        before = mark
    return "".join(pieces)


def _between(before: str, mark: str, depth: int) -> str:
    """What stands between two tokens that follow each other."""
    if mark in "]}":
        return "" if before in ("[", "{") else _line(depth)
    if before in ("[", "{", ","):
        return _line(depth)
    return " " if before == ":" else ""


def _line(depth: int) -> str:
    return "\n" + INDENT * min(max(depth, 0), DEEPEST)

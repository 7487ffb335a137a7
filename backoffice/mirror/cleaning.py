"""What PostgreSQL cannot hold is replaced, what is too long is cut, and both are said (reliability.md F33).

The raw bytes are kept as they came; only the typed columns are cleaned.
"""

import json
import re
from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS: Final = "…"
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str, limit: int | None = None) -> str:
    """Return ``text`` without NUL and lone surrogates, at most ``limit`` characters long, a cut marked."""
    clean = text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub(REPLACEMENT, text)
    if limit is None or len(clean) <= limit:
        return clean
    return clean[: limit - 1] + ELLIPSIS


def was_unstorable(raw: bytes) -> bool:
    """Say whether the JSON ``raw`` holds characters that no text column can keep.

    Such characters can only be written as ``\\u`` escapes, so nearly every row is answered without a second reading.
    """
    if b"\\u" not in raw:
        return False
    try:
        return _holds_unstorable(json.loads(raw))
    except ValueError:
        return True


def _holds_unstorable(value: object) -> bool:
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is not None
    if isinstance(value, dict):
        return any(_holds_unstorable(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_unstorable, value))

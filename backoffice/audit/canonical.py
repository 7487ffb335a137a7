"""The versioned canonical text of an audit entry: what its hash is taken over (security.md §3).

Canonical JSON: sorted keys, no blanks, UTF-8, times in UTC with microseconds and ``Z``. A new form gets a new version
number; old ones stay verifiable.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

VERSION = 1

_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def canonical_text(fields: dict[str, Any]) -> str:
    """Write all fields of one entry as canonical JSON."""
    return json.dumps(plain(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(text: str) -> str:
    """Return the SHA-256 of a canonical text as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Reduce a value to what JSON holds exactly: amounts and times become text, unprintable characters are replaced.

    :raises TypeError: for a float, which would make an amount inexact.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return instant(value)
        case dict():
            return {clean(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in the audit log.")


def instant(moment: datetime) -> str:
    """Write a moment in UTC with six digits of a second and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clean(text: str) -> str:
    """Replace control characters and lone surrogates, so that one event stays one line and any text can be stored."""
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text)

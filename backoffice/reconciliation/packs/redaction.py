"""Signatures and keys taken out of what was exchanged, even where a partner sends them back to us."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from backoffice.checks_of_keys import KEYS

REDACTED: Final = "[redacted]"
SHORTEST: Final = 8
#: A header or a value of JSON whose name says that it opens something, up to where it ends.
_NAMED: Final = re.compile(
    r"""((?:signature|secret|passw(?:or)?d|authorization|private[_-]?key|api[_-]?key|cookie
        |jwt|(?:access|refresh|auth|id|session|bearer)[_-]?token)[\w-]*
        \\?["']?\s*[:=](?!\s*\[redacted)\s*)("(?:[^"\\]|\\.)*"|[^\n,}]+)""",
    re.IGNORECASE | re.VERBOSE,
)
#: What opens something under whatever name: a signed token, or what follows the word for a bearer of one.
_TOKEN: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*|(?<=\bBearer )[\w.~+/=-]{8,}", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return a request or an answer without anything that opens something."""
    for secret in sorted(set(secrets()), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return _TOKEN.sub(REDACTED, _NAMED.sub(rf"\1{REDACTED}", text))


def secrets() -> Iterator[str]:
    """Every secret this process holds, in each way it may be written."""
    for held in held_secrets():
        yield from (form for form in forms_of(held) if len(form) >= SHORTEST)


def held_secrets() -> Iterator[str]:
    for name in (*KEYS, "EMAIL_HOST_PASSWORD"):
        value = getattr(settings, name, "")
        yield from (value if isinstance(value, (list, tuple)) else [str(value or "")])
    yield str(settings.DATABASES["default"].get("PASSWORD") or "")


def forms_of(secret: str) -> Iterator[str]:
    """A secret as it is, and where it is base64 also as the bytes it stands for."""
    yield secret
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return
    yield raw.hex()
    yield raw.decode("utf-8", errors="ignore")

"""Faults of the answer's form: JSON that is broken or means two things, bodies too large to take."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from backoffice.sandbox.faults.scene import Scene, kind
from backoffice.sandbox.messages import Reply, html_reply

_AMOUNT: Final = re.compile(
    rb'"(amount|fee|debit|credit|vat|price|(?:available_|ledger_|total_|pending_)?balance(?:_usd)?)":"([^"]*)"'
)
_FIRST_KEY: Final = re.compile(rb'^\{("[^"]+"):')
_STATUS: Final = re.compile(rb'"(?:status|state)":')
_DEPTH: Final = 100_000


def _truncated(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _duplicate_keys(body: bytes) -> bytes:
    if _STATUS.search(body):
        return _STATUS.sub(lambda key: key[0] + b'"failed",' + key[0], body, count=1)
    return _FIRST_KEY.sub(rb"{\1:null,\1:", body)


def _nan(body: bytes) -> bytes:
    if _AMOUNT.search(body):
        return _AMOUNT.sub(rb'"\1":NaN', body, count=1)
    return _FIRST_KEY.sub(rb'{"amount":NaN,\1:', body)


_FORMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "truncated": _truncated,
    "duplicate_keys": _duplicate_keys,
    "nan": _nan,
    "numbers": lambda body: _AMOUNT.sub(rb'"\1":\2', body),
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "deep": lambda body: b'{"result":' + b"[" * _DEPTH + b"]" * _DEPTH + b"}",
    "not_an_object": lambda body: b"[" + body + b"]",
    "not_utf8": lambda body: body.replace(b'"', b'"\xff', 1),
    "empty": lambda body: b"",
    "html": lambda body: html_reply(200, "Welcome").body,
}


@kind("broken")
@dataclass(frozen=True)
class Broken:
    """Apply, then spoil the form of the answer's body: `how` is one of the names above."""

    how: str = "truncated"

    def __post_init__(self) -> None:
        if self.how not in _FORMS:
            raise ValueError(f"An answer can be broken as {', '.join(_FORMS)}, not as {self.how}.")

    def play(self, scene: Scene) -> Reply:
        reply = scene.proceed()
        return replace(reply, body=_FORMS[self.how](reply.body))


@kind("oversized")
@dataclass(frozen=True)
class Oversized:
    """Apply, then follow the answer by `bytes` blanks: still good JSON, and far too much of it."""

    bytes: int = 64 * 1024 * 1024

    def play(self, scene: Scene) -> Reply:
        return replace(scene.proceed(), filler=self.bytes)


@kind("gzip_bomb")
@dataclass(frozen=True)
class GzipBomb:
    """Apply, then answer with something small that unpacks to `bytes` blanks, unasked."""

    bytes: int = 64 * 1024 * 1024

    def play(self, scene: Scene) -> Reply:
        return replace(scene.proceed().with_header("Content-Encoding", "gzip"), body=_packed_blanks(self.bytes))


@lru_cache(maxsize=4)
def _packed_blanks(size: int) -> bytes:
    packer = zlib.compressobj(level=9, wbits=31)
    block = b" " * (1024 * 1024)
    packed = [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*packed, packer.compress(block[: size % len(block)]), packer.flush()])

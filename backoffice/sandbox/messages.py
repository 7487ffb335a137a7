"""One request and one reply, free of any socket, so that a test can hand them over in process."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self
from urllib.parse import parse_qsl, unquote

Json = Any

_CHUNK: Final = 64 * 1024


class Delivery(StrEnum):
    """How a reply reaches the caller, or how it does not."""

    SENT = "sent"
    #: The connection is closed in order, without a byte of an answer.
    CLOSED = "closed"
    #: The connection is torn down with a reset.
    RESET = "reset"
    #: No connection came about. Over a socket this needs the listener down (`Sandbox.go_down`).
    REFUSED = "refused"


@dataclass(frozen=True)
class Request:
    """What arrived: the target exactly as sent, header names in lower case, the body's bytes."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, each percent-decoded by itself, so that `%2F` stays inside its part."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    @cached_property
    def loose_json(self) -> dict[str, Json]:
        """The body as an object, or an empty one: for matching and the log, never for deciding about money."""
        try:
            content = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


@dataclass(frozen=True)
class Reply:
    """What is answered, and how it travels.

    `delay_seconds` passes before the first byte, `seconds_per_byte` after each one; `cut_at` ends the body early
    although the length was announced whole; `filler` is that many more blank bytes, made while sending; `suppressed`
    names headers that are not to be sent, in lower case.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery.SENT
    delay_seconds: float = 0.0
    seconds_per_byte: float = 0.0
    cut_at: int | None = None
    filler: int = 0
    suppressed: tuple[str, ...] = ()

    @classmethod
    def undelivered(cls, delivery: Delivery) -> Self:
        return cls(status=0, delivery=delivery)

    @property
    def length(self) -> int:
        """The length the reply announces, in bytes."""
        return len(self.body) + self.filler

    @property
    def json(self) -> Json:
        return json.loads(self.body)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it goes out, filler included."""
        yield self.body[: self.cut_at]
        for start in range(0, self.filler, _CHUNK):
            yield b" " * min(_CHUNK, self.filler - start)

    def with_json(self, content: Json) -> Self:
        return replace(self, body=encode(content))

    def with_header(self, name: str, text: str) -> Self:
        return replace(self, headers=(*self.without_header(name).headers, (name, text)))

    def without_header(self, name: str) -> Self:
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != name.lower()))

    def header(self, name: str) -> str | None:
        return next((text for known, text in self.headers if known.lower() == name.lower()), None)


def json_reply(status: int, content: Json, media_type: str = "application/json") -> Reply:
    return Reply(status, encode(content), (("Content-Type", media_type),))


def html_reply(status: int, title: str) -> Reply:
    """Answer as a gateway in between does: a page, no envelope."""
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\r\n"
    return Reply(status, page.encode(), (("Content-Type", "text/html"),))


def encode(content: Json) -> bytes:
    """Write JSON in UTF-8. A lone surrogate, which UTF-8 cannot hold, stays the escape it came as."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def read_strictly(body: bytes) -> Json:
    """Read JSON that can mean one thing only.

    :raises ValueError: for a duplicate key, NaN, another encoding than UTF-8, absurd nesting, or no JSON at all.
    """
    text = body.decode("utf-8")
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key appears twice")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")

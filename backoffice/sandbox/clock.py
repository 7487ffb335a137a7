"""The sandbox's own clock, and the ways the partners write an instant."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Final

NANOSECONDS: Final = 1_000_000_000
MICROSECONDS: Final = 1_000_000
DAY: Final = 86_400 * MICROSECONDS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UTC_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)


class Clock:
    """Tells the partners' time, in whole units since 1970, and can be put ahead or behind the real one.

    `now_ns` and `sleep` are replaced by a test that runs on virtual time.
    """

    def __init__(self, now_ns: Callable[[], int] = time.time_ns, sleep: Callable[[float], object] = time.sleep) -> None:
        self._now_ns = now_ns
        self._sleep = sleep
        self.offset_seconds = 0.0

    def nanoseconds(self) -> int:
        return self._now_ns() + round(self.offset_seconds * NANOSECONDS)

    def microseconds(self) -> int:
        return self.nanoseconds() // 1_000

    def milliseconds(self) -> int:
        return self.nanoseconds() // 1_000_000

    def seconds(self) -> int:
        return self.nanoseconds() // NANOSECONDS

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)


def whole_seconds(microseconds: int) -> str:
    """Write an instant as CoinMENA does: `2024-06-01T10:00:00Z`, the fraction cut off."""
    return _datetime(microseconds).isoformat()[:19] + "Z"


def short_or_long_fraction(microseconds: int) -> str:
    """Write an instant as Bitnob's records do: some in milliseconds with `Z`, the others in microseconds."""
    instant = _datetime(microseconds)
    if microseconds % 1_000 == 0:
        return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return instant.isoformat(timespec="microseconds")


def nine_digits(nanoseconds: int) -> str:
    """Write an instant as Bitnob's envelope does: up to nine digits of a second, trailing zeros dropped."""
    whole = whole_seconds(nanoseconds // 1_000).removesuffix("Z")
    fraction = f"{nanoseconds % NANOSECONDS:09d}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def calendar_date(microseconds: int) -> str:
    return _datetime(microseconds).date().isoformat()


def http_date(nanoseconds: int) -> str:
    """Write an instant for the `Date` header."""
    return formatdate(nanoseconds // NANOSECONDS, usegmt=True)


def read_instant(text: str) -> int:
    """Return the microseconds since 1970 of an ISO 8601 instant in UTC.

    :raises ValueError: when it is anything else, for example without a zone.
    """
    if not _UTC_INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is not a UTC instant such as 2024-06-01T10:00:00Z")
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _datetime(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)

"""One request to a partner and whatever came back: the evidence everything else is judged by."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

LONGEST_PAUSE_SECONDS: Final = 300.0
#: Differences between our clock and the partner's, in seconds: from the first on staff are warned, at the second
#: sending stops, because a signature that looks too new or too old is refused.
CLOCK_SKEW_WARNING: Final = 2.0
CLOCK_SKEW_STOP: Final = 10.0


class Fault(StrEnum):
    """Why no whole answer was read."""

    RATE_LIMITED = "rate_limited"
    UNCOUNTED = "uncounted"
    HELD_UP = "held_up"
    UNSENDABLE = "unsendable"
    DNS = "dns"
    ADDRESS = "address_refused"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    ENCODING = "encoding"


@dataclass(frozen=True, slots=True)
class AnswerHeaders:
    """The headers anything depends on, as received; None where absent."""

    date: str | None = None
    age: str | None = None
    retry_after: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked, when, and what came back.

    `path` carries the query. `fault` is None exactly when a whole answer was read; `body` then holds all of it,
    otherwise at most its beginning. `bytes_may_have_been_sent` is False only where that is certain.
    `signed_timestamp_ms` is the Unix time in the signature, in milliseconds, where the request was signed. `clock_skew`
    is how many seconds our clock is ahead of the partner's (negative: behind), as far as this very answer proves it.
    """

    request_id: str
    method: str
    path: str
    started_at: datetime
    duration_seconds: float
    status: int | None
    headers: AnswerHeaders
    body: bytes
    fault: Fault | None
    bytes_may_have_been_sent: bool
    signed_timestamp_ms: int | None = None
    clock_skew: float | None = None

    @property
    def is_whole(self) -> bool:
        """True if an answer was read to its end."""
        return self.fault is None

    @property
    def was_cut_short(self) -> bool:
        """True if the line failed while an answer was under way or awaited."""
        return self.fault in (Fault.TIMEOUT, Fault.BROKEN)

    @property
    def partner_date(self) -> datetime | None:
        """The partner's clock when it answered, to the second, or None."""
        return parse_http_date(self.headers.date)

    @property
    def is_fresh_word(self) -> bool:
        """True if the partner itself said it just now: dated, not long before it was asked, and out of no cache. Only
        such an answer proves that something is not there (reliability.md §6, F35).

        A cache that keeps to itself what it is leaves the old date. It looks as if our clock were ahead, and while it
        is, nothing is proven either.
        """
        return self.headers.age is None and self.partner_date is not None and not self._is_dated_before

    @property
    def _is_dated_before(self) -> bool:
        return self.clock_skew is not None and self.clock_skew > CLOCK_SKEW_STOP

    @property
    def is_aged(self) -> bool:
        """True if a cache kept the answer for a while, so that it may say what no longer holds."""
        return (self.headers.age or "0").strip() != "0"


def parse_http_date(text: str | None) -> datetime | None:
    """Return an HTTP date as an aware UTC datetime, or None if it is absent, no date or out of range."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def retry_after_seconds(exchange: Exchange) -> float | None:
    """Return how long the partner asks us to wait, 0 to 300 seconds, or None if it does not say so sensibly."""
    text = (exchange.headers.retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE_SECONDS)
    until = parse_http_date(text)
    if until is None:
        return None
    waiting = (until - (exchange.partner_date or exchange.started_at)).total_seconds()
    return min(max(waiting, 0.0), LONGEST_PAUSE_SECONDS)

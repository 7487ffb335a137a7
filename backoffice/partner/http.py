"""Ask a partner and bring back the evidence: one `Exchange` per request, whatever happens on the way.

Reads are repeated with back-off within the deadline, writes are sent once. Every request has a connection of its own:
on one kept open from before, whatever came there unasked would be read as its answer, so that a balance were another
client's; and the partner may have closed it meanwhile, which would leave a doubt where there need be none.
"""

import secrets
import ssl
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import requests
import structlog
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from backoffice.partner.addresses import parse_base_url
from backoffice.partner.clock import Clock
from backoffice.partner.connection import Attempt, ForbiddenAddress, HardenedSession, Phase, attempting
from backoffice.partner.errors import RateLimited
from backoffice.partner.exchange import AnswerHeaders, Exchange, Fault, parse_http_date, retry_after_seconds
from backoffice.partner.limits import Limiter

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
READ_TRIES: Final = 4
_FIRST_BACK_OFF_SECONDS: Final = 0.5
_LONGEST_READ_PAUSE_SECONDS: Final = 10.0
_WORTH_ASKING_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_CHUNK_BYTES: Final = 64 * 1024
_EVIDENCE_BYTES: Final = 4096
_TRANSPORT_ERRORS: Final = (requests.RequestException, HTTPError, OSError)

_logger = structlog.get_logger(__name__)
_random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Authorization:
    """What makes one request ours. The headers are secrets: they are sent and never logged."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timestamp_ms: int | None = None


#: Signs one request from its method, its target (path and query as sent) and its body; called right before each send.
Authorize = Callable[[str, str, bytes], Authorization]


@dataclass(frozen=True, slots=True)
class SendBy:
    """The latest moments at which one request may be signed; later it is not sent at all.

    ``monotonic``, in the clock's monotonic seconds, keeps the request inside the time its sender has. ``timestamp_ms``
    bounds the Unix time in the signature, because how long the request may still be accepted is counted from that.
    """

    monotonic: float
    timestamp_ms: int

    def has_passed(self, authorization: Authorization, monotonic: float) -> bool:
        """Tell whether a request authorized just now comes too late. The signature is older than ``monotonic``."""
        return monotonic > self.monotonic or (authorization.timestamp_ms or 0) > self.timestamp_ms


class HeldUp(Exception):
    """A request came too late to be sent; no byte of it left."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int | None = None
    headers: AnswerHeaders = AnswerHeaders()
    body: bytes = b""
    fault: Fault | None = None


class Transport:
    """Requests to one partner at one address, each within a total deadline."""

    def __init__(
        self,
        partner: str,
        base_url: str,
        *,
        deadline_seconds: float,
        clock: Clock,
        limiter: Limiter,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        open_session: Callable[[], requests.Session] = HardenedSession,
    ) -> None:
        self._partner = partner
        self._base_url = str(parse_base_url(base_url))
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._limiter = limiter
        self._max_answer_bytes = max_answer_bytes
        self._open_session = open_session
        self.clock_skew: float | None = None
        """Seconds our clock is ahead of the partner's (negative: behind), as far as the latest answer proves."""

    def read(self, target: str, authorize: Authorize) -> Exchange:
        """GET `target`, asking again where that is worth it.

        Raises `RateLimited` if our own limiter says no, and whatever the limiter raises where it is in trouble itself.
        """
        deadline = self._deadline()
        for back_off in _back_offs():
            exchange = self._ask(target, authorize, deadline)
            pause = _pause_before_retry(exchange, back_off)
            if pause is None or self._clock.monotonic() + pause >= deadline:
                return exchange
            self._clock.sleep(pause)
        return self._ask(target, authorize, deadline)

    def _ask(self, target: str, authorize: Authorize, deadline: float) -> Exchange:
        self._limiter.acquire(deadline)
        return self._exchange("GET", target, b"", authorize, deadline)

    def write(
        self, method: str, target: str, body: bytes, authorize: Authorize, *, send_by: SendBy | None = None
    ) -> Exchange:
        """Send `body` once, or not at all after `send_by`; what happens on the way is returned and never raised."""
        deadline = self._deadline()
        kept_back = self._why_kept_back(deadline if send_by is None else min(deadline, send_by.monotonic))
        if kept_back is not None:
            return self._not_sent(method, target, kept_back)
        try:
            return self._exchange(method, target, body, authorize, deadline, send_by)
        except HeldUp:
            return self._not_sent(method, target, Fault.HELD_UP)

    def _why_kept_back(self, until: float) -> Fault | None:
        """Ask our own limiter for one request that is sent once; None when it may go."""
        try:
            self._limiter.acquire(until)
        except RateLimited:
            return Fault.RATE_LIMITED
        except Exception as error:  # noqa: BLE001 - let out, it would leave a payment in doubt that never left
            _note_unforeseen(error)
            return Fault.UNCOUNTED
        return None

    def _deadline(self) -> float:
        return self._clock.monotonic() + self._deadline_seconds

    def _exchange(
        self,
        method: str,
        target: str,
        body: bytes,
        authorize: Authorize,
        deadline: float,
        send_by: SendBy | None = None,
    ) -> Exchange:
        try:
            authorization = authorize(method, target, body)
            headers = _headers(authorization, body)
            request = requests.Request(method, self._base_url + target, headers, data=body).prepare()
            session = self._open_session()
        except Exception as error:  # noqa: BLE001 - let out, it would leave a payment in doubt without a word, for ever
            _note_unforeseen(error)
            return self._not_sent(method, target, Fault.UNSENDABLE)
        # Read after the signature was made: whatever held this process up before is in it, and later delays do not
        # make the signature any younger.
        if send_by is not None and send_by.has_passed(authorization, self._clock.monotonic()):
            raise HeldUp
        started, begun = self._clock.wall(), self._clock.monotonic()
        with closing(session), attempting(deadline, self._clock.monotonic) as attempt:
            answer = _send(session, request, attempt, self._max_answer_bytes)
        exchange = Exchange(
            request_id=uuid.uuid4().hex,
            method=method,
            path=target,
            started_at=datetime.fromtimestamp(started, UTC),
            duration_seconds=self._clock.monotonic() - begun,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            fault=answer.fault,
            bytes_may_have_been_sent=answer.status is not None or not _certainly_unsent(answer.fault, attempt),
            signed_timestamp_ms=authorization.timestamp_ms,
            clock_skew=_certain_skew(answer.headers, started, self._clock.wall()),
        )
        self.clock_skew = exchange.clock_skew
        _log(self._partner, exchange)
        return exchange

    def _not_sent(self, method: str, target: str, fault: Fault) -> Exchange:
        exchange = Exchange(
            request_id=uuid.uuid4().hex,
            method=method,
            path=target,
            started_at=datetime.fromtimestamp(self._clock.wall(), UTC),
            duration_seconds=0.0,
            status=None,
            headers=AnswerHeaders(),
            body=b"",
            fault=fault,
            bytes_may_have_been_sent=False,
        )
        _log(self._partner, exchange)
        return exchange


# Sending --------------------------------------------------------------------------------------------------------------


def _headers(authorization: Authorization, body: bytes) -> dict[str, str]:
    # Plain bytes are asked for, so that what we keep as evidence is what was on the wire.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "backoffice"}
    headers["Connection"] = "close"
    if body:
        headers["Content-Type"] = "application/json"
    return headers | dict(authorization.headers)


def _send(session: requests.Session, request: requests.PreparedRequest, attempt: Attempt, max_bytes: int) -> _Answer:
    try:
        response = session.send(
            request, timeout=attempt.seconds_left(), stream=True, allow_redirects=False, verify=True, proxies={}
        )
    except Exception as error:  # noqa: BLE001 - the libraries raise more than errors of their own
        return _Answer(fault=_fault_of(error, attempt))
    with closing(response):
        # A status below 200 only announces an answer, and nothing of ours would read on here.
        body, fault = (b"", Fault.BROKEN) if response.status_code < 200 else _read(response, attempt, max_bytes)
    return _Answer(response.status_code, _kept_headers(response), body, fault)


def _kept_headers(response: requests.Response) -> AnswerHeaders:
    headers = response.headers
    return AnswerHeaders(
        date=headers.get("Date"),
        age=headers.get("Age"),
        retry_after=headers.get("Retry-After"),
        content_type=headers.get("Content-Type"),
    )


def _read(response: requests.Response, attempt: Attempt, max_bytes: int) -> tuple[bytes, Fault | None]:
    """Return the answer's bytes, and what kept us from having all of them."""
    received = bytearray()
    try:
        while chunk := response.raw.read(_CHUNK_BYTES, decode_content=False):
            received += chunk
            if len(received) > max_bytes:
                return bytes(received[:_EVIDENCE_BYTES]), Fault.TOO_LARGE
    except Exception as error:  # noqa: BLE001 - as in sending: a negative chunk is a ValueError
        return bytes(received), _fault_of(error, attempt)
    return _decoded(bytes(received), response.headers.get("Content-Encoding", "identity"), max_bytes)


def _decoded(received: bytes, encoding: str, max_bytes: int) -> tuple[bytes, Fault | None]:
    """Undo a gzip that was not asked for; a few kilobytes of it can hold gigabytes, so the output is bounded too."""
    if encoding.strip().lower() == "identity":
        return received, None
    if encoding.strip().lower() != "gzip":
        return received[:_EVIDENCE_BYTES], Fault.ENCODING
    gunzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = gunzip.decompress(received, max_bytes + 1)
    except zlib.error:
        return received[:_EVIDENCE_BYTES], Fault.ENCODING
    if len(body) > max_bytes:
        return body[:_EVIDENCE_BYTES], Fault.TOO_LARGE
    return (body, None) if gunzip.eof and not gunzip.unused_data else (body, Fault.ENCODING)


# What went wrong ------------------------------------------------------------------------------------------------------

_NEVER_SENT: Final = frozenset({Fault.DNS, Fault.ADDRESS, Fault.CONNECT, Fault.UNSENDABLE})


def _certainly_unsent(fault: Fault | None, attempt: Attempt) -> bool:
    """True only where no byte of the request can have left; whatever nobody classified may have been sent."""
    if attempt.phase is Phase.UNTOUCHED:
        return fault in _NEVER_SENT
    return attempt.phase is Phase.CONNECTING


def _fault_of(error: Exception, attempt: Attempt) -> Fault:
    causes = list(_causes(error))
    for kind, fault in _FAULTS:
        if any(isinstance(cause, kind) for cause in causes):
            return fault
    if attempt.monotonic() >= attempt.deadline:
        return Fault.TIMEOUT
    if isinstance(error, _TRANSPORT_ERRORS) and not isinstance(error, ValueError):
        return Fault.BROKEN
    _note_unforeseen(error)
    return Fault.UNSENDABLE if attempt.phase is Phase.CONNECTING else Fault.BROKEN


def _note_unforeseen(error: Exception) -> None:
    """Log what was raised by its kind alone: its words may repeat a header, which is a secret."""
    _logger.warning("partner_exchange_unforeseen", error=type(error).__name__)


#: In order: the first kind found among an error's causes names the fault.
_FAULTS: Final = (
    (ForbiddenAddress, Fault.ADDRESS),
    (NameResolutionError, Fault.DNS),
    (ssl.SSLError, Fault.TLS),
    (NewConnectionError, Fault.CONNECT),
    (ConnectTimeoutError, Fault.CONNECT),
    (requests.ConnectTimeout, Fault.CONNECT),
    (Urllib3Timeout, Fault.TIMEOUT),
    (requests.Timeout, Fault.TIMEOUT),
    (TimeoutError, Fault.TIMEOUT),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and everything it was raised from: `requests` wraps urllib3, which wraps the socket's error."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        related = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting.extend(each for each in related if isinstance(each, BaseException))


# Around a request -----------------------------------------------------------------------------------------------------


def _back_offs() -> Iterator[float]:
    """Yield the pauses between the tries of a read, doubling, spread so that many workers do not march in step."""
    for tried in range(READ_TRIES - 1):
        yield _FIRST_BACK_OFF_SECONDS * 2**tried * _random.uniform(0.5, 1.0)


def _pause_before_retry(exchange: Exchange, back_off: float) -> float | None:
    """Return the seconds to wait before asking again, or None where asking again would not help."""
    if exchange.is_whole and exchange.status not in _WORTH_ASKING_AGAIN:
        return None
    if exchange.fault not in (None, Fault.BROKEN, Fault.CONNECT, Fault.DNS, Fault.TIMEOUT):
        return None
    wished = retry_after_seconds(exchange) or 0.0
    return None if wished > _LONGEST_READ_PAUSE_SECONDS else max(wished, back_off)


def _certain_skew(headers: AnswerHeaders, started: float, received: float) -> float | None:
    """Return the smallest clock difference that explains the answer's date, in seconds; None if it proves nothing.

    `Date` is cut to the second and was written some time between our sending and our receiving, so a difference inside
    that span is none. An answer with an `Age` comes from a cache, and so does its date.
    """
    date = parse_http_date(headers.date)
    if date is None or headers.age is not None:
        return None
    at_least, at_most = started - (date.timestamp() + 1), received - date.timestamp()
    return max(at_least, 0.0) + min(at_most, 0.0)


def _log(partner: str, exchange: Exchange) -> None:
    _logger.info(
        "partner_exchange",
        partner=partner,
        request_id=exchange.request_id,
        method=exchange.method,
        path=exchange.path,
        status=exchange.status,
        fault=exchange.fault,
        may_have_been_sent=exchange.bytes_may_have_been_sent,
        duration_ms=round(exchange.duration_seconds * 1000),
        bytes_received=len(exchange.body),
    )

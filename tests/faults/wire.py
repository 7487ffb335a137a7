"""The wire between the real client and the sandbox, without a socket: requests go over as they are, answers come back
as urllib3 would give them, and whatever breaks on the way is raised as the very errors urllib3 and requests raise."""

import io
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import RemoteDisconnected
from typing import Any, Final, NoReturn

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.response import HTTPResponse

from backoffice.failpoints import Failpoint, failpoint
from backoffice.partner import connection
from backoffice.partner.connection import HardenedSession, Phase
from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.faults.rules import reference_of
from backoffice.sandbox.messages import Delivery, Reply, Request
from tests.faults.virtual import VirtualClock

_POOL: Final = HTTPConnectionPool("127.0.0.1", 9)
_CONNECTION: Final = HTTPConnection("127.0.0.1", 9)
#: The partner's door turns away what was signed longer ago (coinmena.md §3.1).
_SIGNATURE_LASTS_MS: Final = 60_000


@dataclass
class LineFault:
    """Something wrong with the line itself: ``how`` is a key of `_BEFORE_A_BYTE`, or ``hang``: no answer ever comes.

    ``fits`` says which requests it strikes; it does so ``times`` times.
    """

    name: str
    how: str
    fits: Callable[[Request], bool]
    times: int = 1
    fired: int = 0


@dataclass
class Line:
    """The one wire of a world. ``in_flight`` counts, by reference, the POSTs that the partner is at; ``outlived``
    are those whose newest request to arrive could not be taken any more when the one before it arrived."""

    sandbox: Sandbox
    clock: VirtualClock
    faults: list[LineFault] = field(default_factory=list)
    in_flight: dict[str, int] = field(default_factory=dict)
    arrived_ms: dict[str, int] = field(default_factory=dict)
    outlived: set[str] = field(default_factory=set)
    latency_seconds: float = 0.02
    before_handing_in: Callable[[Request], None] | None = None

    def open_session(self) -> requests.Session:
        """Return a session of the product's own class whose requests go to the sandbox."""
        session = HardenedSession()
        for scheme in ("http://", "https://"):
            session.mount(scheme, Wire(self))
        return session

    def forget(self) -> None:
        """Begin anew: of what was sent until now nothing arrives any more."""
        self.arrived_ms.clear()
        self.outlived.clear()

    def holds_back(self, reference: str) -> bool:
        """Tell whether one of its requests is still to be carried out, though its connection is closed."""
        return self.sandbox.holds_back(reference)

    def arrives(self, reference: str, signed_ms: int) -> None:
        """Note that a request reaches the partner's door, by the clock of that door."""
        before, now = self.arrived_ms.get(reference), self.sandbox.clock.milliseconds()
        self.arrived_ms[reference] = now
        self.outlived.discard(reference)
        if before is not None and before - signed_ms > _SIGNATURE_LASTS_MS:
            self.outlived.add(reference)

    def struck(self, request: Request) -> str | None:
        """Return how the line fails this request, None if it does not."""
        for fault in self.faults:
            if fault.fired < fault.times and fault.fits(request):
                fault.fired += 1
                return fault.how
        return None


class Wire(BaseAdapter):
    """A transport adapter that hands requests to the sandbox in process."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def close(self) -> None:
        """Nothing is open."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Carry one request over. :raises requests.RequestException: as over a socket."""
        asked = _as_received(request)
        attempt = connection._current.get()
        attempt.reached(Phase.CONNECTING)
        how = "refused" if self._line.sandbox.is_down else self._line.struck(asked)
        if how is not None and how in _BEFORE_A_BYTE:
            self._never_connected(how, attempt)
        attempt.reached(Phase.WRITING)
        if how == "hang_before":
            self._hang(attempt)
        reply = self._handed_in(asked)
        if how == "hang":
            self._hang(attempt)
        return self._received(request, reply, attempt)

    # Towards the partner ----------------------------------------------------------------------------------------------

    def _never_connected(self, how: str, attempt: connection.Attempt) -> NoReturn:
        if how == "connect_timeout":
            self._line.clock.sleep(attempt.seconds_left())
        raise _BEFORE_A_BYTE[how]()

    def _handed_in(self, asked: Request) -> Reply:
        reference = reference_of(asked) if asked.method == "POST" else None
        if reference is None:
            return self._line.sandbox.handle(asked)
        failpoint(Failpoint.C6)
        self._line.in_flight[reference] = self._line.in_flight.get(reference, 0) + 1
        try:
            if self._line.before_handing_in is not None:
                self._line.before_handing_in(asked)
            self._line.arrives(reference, int(asked.headers["x-timestamp"]))
            reply = self._line.sandbox.handle(asked)
        finally:
            self._line.in_flight[reference] -= 1
        failpoint(Failpoint.C7)
        failpoint(Failpoint.C8)
        return reply

    def _hang(self, attempt: connection.Attempt) -> NoReturn:
        """Wait for an answer that does not come until the client's own deadline ends it."""
        self._line.clock.sleep(attempt.deadline - attempt.monotonic())
        raise requests.ReadTimeout(ReadTimeoutError(_POOL, "/", "Read timed out."))

    # Back to us -------------------------------------------------------------------------------------------------------

    def _received(
        self, request: requests.PreparedRequest, reply: Reply, attempt: connection.Attempt
    ) -> requests.Response:
        if reply.delivery is not Delivery.SENT:
            raise _BROKEN_OFF[reply.delivery]()
        wait = self._line.latency_seconds + reply.delay_seconds
        if attempt.monotonic() + wait >= attempt.deadline:
            self._hang(attempt)
        self._line.clock.sleep(wait)
        return _as_response(request, reply, _Body(reply, self._line.clock, attempt))


def _as_received(request: requests.PreparedRequest) -> Request:
    body = request.body or b""
    headers = {name.lower(): str(text) for name, text in request.headers.items()}
    content = body if isinstance(body, bytes) else str(body).encode()
    return Request(request.method or "GET", request.path_url, headers, content)


def _as_response(request: requests.PreparedRequest, reply: Reply, body: "_Body") -> requests.Response:
    headers = {name: text for name, text in reply.headers if name.lower() not in reply.suppressed}
    headers.setdefault("Content-Length", str(reply.length))
    response = requests.Response()
    response.status_code = reply.status
    response.headers.update(headers)
    response.raw = HTTPResponse(
        body=io.BufferedReader(body),
        headers=headers,
        status=reply.status,
        preload_content=False,
        decode_content=False,
        enforce_content_length=True,
        request_method=request.method,
    )
    response.request, response.url = request, request.url or ""
    return response


class _Body(io.RawIOBase):
    """The bytes of one answer as they come in: cut where they are cut, dripping where they drip."""

    def __init__(self, reply: Reply, clock: VirtualClock, attempt: connection.Attempt) -> None:
        self._chunks = iter(reply.chunks())
        self._rest = b""
        self._clock, self._attempt, self._seconds_per_byte = clock, attempt, reply.seconds_per_byte

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        count = min(len(buffer), len(self._rest), 1 if self._seconds_per_byte else len(buffer))
        if count and self._seconds_per_byte:
            self._drip()
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def _drip(self) -> None:
        self._clock.pass_by(min(self._seconds_per_byte, self._attempt.seconds_left()))
        self._attempt.seconds_left()


# What urllib3 and requests raise --------------------------------------------------------------------------------------


def _unresolved() -> requests.RequestException:
    error = NameResolutionError("127.0.0.1", _CONNECTION, socket.gaierror(-2, "Name or service not known"))
    return requests.ConnectionError(MaxRetryError(_POOL, "/", error))


def _refused() -> requests.RequestException:
    error = NewConnectionError(_CONNECTION, "No connection to 127.0.0.1.")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(MaxRetryError(_POOL, "/", error))


def _connect_timeout() -> requests.RequestException:
    error = ConnectTimeoutError(_CONNECTION, "Connection to 127.0.0.1 timed out.")
    return requests.ConnectTimeout(MaxRetryError(_POOL, "/", error))


def _no_tls() -> requests.RequestException:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    return requests.exceptions.SSLError(MaxRetryError(_POOL, "/", error))


def _closed() -> requests.RequestException:
    cause = RemoteDisconnected("Remote end closed connection without response")
    return requests.ConnectionError(ProtocolError("Connection aborted.", cause))


def _reset() -> requests.RequestException:
    cause = ConnectionResetError(104, "Connection reset by peer")
    return requests.ConnectionError(ProtocolError("Connection aborted.", cause))


_BEFORE_A_BYTE: Final[dict[str, Callable[[], requests.RequestException]]] = {
    "dns": _unresolved,
    "refused": _refused,
    "connect_timeout": _connect_timeout,
    "tls": _no_tls,
}
_BROKEN_OFF: Final[dict[Delivery, Callable[[], requests.RequestException]]] = {
    Delivery.CLOSED: _closed,
    Delivery.RESET: _reset,
    Delivery.REFUSED: _refused,
}

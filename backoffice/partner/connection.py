"""Sockets that keep a deadline, and a requests session built on them.

A timeout in `requests` is per read, so an answer that drips one byte a second never ends. Here every read and write
gets only what is left of the attempt's time. The same place knows for certain whether a request byte may have left:
the phase changes before the first write and never back.
"""

import io
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, cast

import requests
import requests.adapters
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from backoffice.partner.addresses import may_connect

_MOST_INTERIM_ANSWERS: Final = 10


class Phase(IntEnum):
    """How far an attempt came. UNTOUCHED: nothing of ours has the request. CONNECTING: no byte of it is written yet."""

    UNTOUCHED = 0
    CONNECTING = 1
    WRITING = 2


@dataclass(slots=True)
class Attempt:
    """One request under way: until when (monotonic seconds), and how far it came."""

    deadline: float
    monotonic: Callable[[], float]
    phase: Phase = Phase.UNTOUCHED

    def seconds_left(self) -> float:
        """Return the time left. Raises `TimeoutError` when there is none, so that nothing starts too late."""
        left = self.deadline - self.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of this exchange has passed")
        return left

    def reached(self, phase: Phase) -> None:
        """Record that the attempt came as far as `phase`; it never goes back."""
        self.phase = max(self.phase, phase)


class ForbiddenAddress(NewConnectionError):
    """The partner's name resolved to an address a partner may not have."""


_current: ContextVar[Attempt] = ContextVar("attempt")


@contextmanager
def attempting(deadline: float, monotonic: Callable[[], float]) -> Iterator[Attempt]:
    """Bind the connections used inside to one attempt."""
    attempt = Attempt(deadline, monotonic)
    token = _current.set(attempt)
    try:
        yield attempt
    finally:
        _current.reset(token)


# Sockets --------------------------------------------------------------------------------------------------------------


class _DeadlineReader(io.RawIOBase):
    """The raw stream under an answer; each read gets what is left of the current attempt."""

    def __init__(self, guarded: socket.socket) -> None:
        self._socket = guarded
        # The socket's own stream is kept because it counts as a user: the socket then stays open until it is closed.
        self._stream = cast(io.RawIOBase, guarded.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(_current.get().seconds_left())
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _DeadlineSocket:
    """A connected socket whose reads and writes end with the current attempt; the rest is the socket's own."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def sendall(self, data: Any) -> None:
        attempt = _current.get()
        self._socket.settimeout(attempt.seconds_left())
        attempt.reached(Phase.WRITING)
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._socket))

    def settimeout(self, _seconds: float | None) -> None:
        """Ignored: the time left decides, not the timeout per read that urllib3 hands over."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _open_socket(connection: HTTPConnection) -> socket.socket:
    """Connect to the first address of the partner that answers, within the attempt's time."""
    addresses = _resolve(connection)
    failure: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        patience = _current.get().seconds_left() / (len(addresses) - tried)
        try:
            return _connect(socket.socket(family, kind, protocol), address, patience)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"Connection to {connection.host} timed out.") from failure
    raise NewConnectionError(connection, f"No connection to {connection.host}.") from failure


def _connect(unconnected: socket.socket, address: Any, patience: float) -> socket.socket:
    try:
        unconnected.settimeout(patience)
        unconnected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        unconnected.connect(address)
    except OSError:
        unconnected.close()
        raise
    return unconnected


def _resolve(connection: HTTPConnection) -> list[Any]:
    """Return the partner's addresses. Raises `ForbiddenAddress` if any one of them is out of bounds."""
    host, port = connection.host, connection.port
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    if not all(may_connect(host, str(address[0])) for *_, address in addresses):
        raise ForbiddenAddress(connection, f"{host} resolves to an address that no partner may have.")
    return addresses


class _FinalResponse(HTTPResponse):
    """The answer itself, past what announces it (103 Early Hints): `http.client` passes over a 100 alone, and takes any
    other for the answer. After a 101 there is none to come."""

    def begin(self) -> None:
        for _interim in range(_MOST_INTERIM_ANSWERS + 1):
            super().begin()
            if self.status >= 200 or self.status == HTTPStatus.SWITCHING_PROTOCOLS:
                return
            self.headers = None  # type: ignore[assignment]  # or the next would count as begun already
        raise HTTPException("Too many interim answers.")


class _DeadlineHTTPConnection(HTTPConnection):
    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _open_socket(self)

    def connect(self) -> None:
        super().connect()
        self.sock = cast(socket.socket, _DeadlineSocket(self.sock))


class _DeadlineHTTPSConnection(HTTPSConnection):
    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _open_socket(self)

    def connect(self) -> None:
        super().connect()
        self.sock = cast(socket.socket, _DeadlineSocket(self.sock))


class _DeadlineHTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _DeadlineHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


# The session ----------------------------------------------------------------------------------------------------------


class _SharedContext(ssl.SSLContext):
    """TLS as urllib3 sets it up, for connections of all threads."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Ignored: urllib3 sets it before each connection, while one of another thread may be made from this."""


@lru_cache(maxsize=1)
def _trusting(authorities: str) -> ssl.SSLContext:
    """Return the context of all connections. To read the authorities takes ten times as long as all else about one."""
    context = _SharedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_verify_locations(authorities)
    ssl.SSLContext.set_alpn_protocols(context, ["http/1.1"])
    return context


class _DeadlineAdapter(HTTPAdapter):
    """Never retries, and opens its connections through the classes above."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = _trusting(requests.adapters.DEFAULT_CA_BUNDLE_PATH)
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _DeadlineHTTPPool, "https": _DeadlineHTTPSPool}

    def cert_verify(self, conn: Any, *_asked: Any) -> None:
        """Demand a certificate whatever is asked; the authorities are in the context already."""
        conn.cert_reqs = "CERT_REQUIRED"

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        _current.get().reached(Phase.CONNECTING)
        return super().send(*args, **kwargs)


class HardenedSession(requests.Session):
    """A session that takes nothing from its surroundings: no proxy, no ``.netrc``, no cookie, no redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", _DeadlineAdapter())
        self.mount("http://", _DeadlineAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never a target. Even with redirects off, `requests` would read a redirect's whole body, however large."""
        return

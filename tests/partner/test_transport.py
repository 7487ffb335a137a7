"""What the transport makes of answers no partner would give, over real sockets."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError

from backoffice.partner.clock import SystemClock
from backoffice.partner.connection import HardenedSession
from backoffice.partner.errors import RateLimited
from backoffice.partner.exchange import Exchange, Fault
from backoffice.partner.http import Authorization, Authorize, SendBy, Transport
from backoffice.partner.limits import NoLimit, TokenBucket
from tests.partner.cast import StillClock, http_answer
from tests.partner.odd_server import OddServer, Play, drip, hang_up, reset, say, stay_silent

Start = Callable[..., OddServer]

#: Headers and first lines of an answer that never ends within a test's deadline.
SLOW_HEAD = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000
#: How long the parts below would go on, in seconds, if nobody hung up: far longer than any deadline here.
SILENCE = 60


def transport(url: str, **changes: Any) -> Transport:
    settings: dict[str, Any] = {
        "deadline_seconds": 30,
        "clock": SystemClock(),
        "limiter": NoLimit(),
        "max_answer_bytes": 1000,
    }
    return Transport("coinmena", url, **(settings | changes))


def unsigned(_method: str, _target: str, _body: bytes) -> Authorization:
    return Authorization({"X-Signature": "top-secret"}, 1737654321000)


def post(url: str, **changes: Any) -> Exchange:
    return transport(url, **changes).write("POST", "/v1/x", b'{"a":1}', unsigned)


def test_a_whole_answer_comes_back_with_its_evidence(play: Start) -> None:
    server = play(say(http_answer(b"{}", "200 OK", "Date: Mon, 05 Jan 2026 12:00:00 GMT", "Content-Type: text/x")))

    exchange = post(server.url)

    assert (exchange.status, exchange.body, exchange.fault) == (200, b"{}", None)
    assert exchange.partner_date == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert exchange.headers.content_type == "text/x"
    assert exchange.signed_timestamp_ms == 1737654321000
    assert exchange.bytes_may_have_been_sent
    assert (exchange.method, exchange.path) == ("POST", "/v1/x")


def test_the_body_arrives_as_the_bytes_that_were_signed(play: Start) -> None:
    server = play(say(http_answer(b"{}")))

    post(server.url)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    assert head.startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in head
    assert b"X-Signature: top-secret" in head


@pytest.mark.parametrize("target", ["/v1/a%2Fb%20c?x=%2B%3D%2F&y=1%3A2", "/v1/~user_1.x-y"])
def test_the_path_arrives_as_it_was_signed(play: Start, target: str) -> None:
    server = play(say(http_answer(b"{}")))

    transport(server.url).read(target, unsigned)

    assert server.requests[0].split(b" ")[1].decode() == target


def drip_the_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n")
    drip(b"x" * 600, 0.1)(connection)


ANSWERS_CUT_SHORT: list[tuple[str, Play, int | None, Fault]] = [
    ("hangs up", hang_up, None, Fault.BROKEN),
    ("resets", reset, None, Fault.BROKEN),
    ("no HTTP", say(b"SSH-2.0-OpenSSH_9.6\r\n"), None, Fault.BROKEN),
    ("short body", say(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"), 200, Fault.BROKEN),
    ("broken chunk", say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"), 200, Fault.BROKEN),
    ("negative chunk", say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}"), 200, Fault.BROKEN),
    ("two lengths", say(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}"), None, Fault.BROKEN),
    ("silence", stay_silent(SILENCE), None, Fault.TIMEOUT),
    ("dripping head", drip(SLOW_HEAD, 0.05), None, Fault.TIMEOUT),
    ("dripping body", drip_the_body, 200, Fault.TIMEOUT),
    ("too large", say(http_answer(b"x" * 1001)), 200, Fault.TOO_LARGE),
    ("endless", say(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000), 200, Fault.TOO_LARGE),
    (
        "gzip bomb",
        say(http_answer(gzip.compress(b"0" * 9_000), "200 OK", "Content-Encoding: gzip")),
        200,
        Fault.TOO_LARGE,
    ),
    (
        "half a gzip",
        say(http_answer(gzip.compress(b"{}")[:-4], "200 OK", "Content-Encoding: gzip")),
        200,
        Fault.ENCODING,
    ),
    ("no gzip", say(http_answer(b"{}", "200 OK", "Content-Encoding: gzip")), 200, Fault.ENCODING),
    (
        "two gzips",
        say(http_answer(gzip.compress(b"{") + b"}", "200 OK", "Content-Encoding: gzip")),
        200,
        Fault.ENCODING,
    ),
    ("brotli", say(http_answer(b"{}", "200 OK", "Content-Encoding: br")), 200, Fault.ENCODING),
]


@pytest.mark.parametrize(
    ("part", "status", "fault"), [row[1:] for row in ANSWERS_CUT_SHORT], ids=[row[0] for row in ANSWERS_CUT_SHORT]
)
def test_an_answer_that_is_not_whole_leaves_a_doubt(play: Start, part: Play, status: int | None, fault: Fault) -> None:
    server = play(part)

    exchange = post(server.url, deadline_seconds=2 if fault is Fault.TIMEOUT else SILENCE)

    assert exchange.fault is fault
    assert exchange.status == status
    assert exchange.bytes_may_have_been_sent
    assert len(exchange.body) <= 4096
    assert len(server.requests) == 1, "a request that moves money goes out once"


def test_a_head_that_breaks_off_is_an_answer_without_a_body(play: Start) -> None:
    server = play(say(b"HTTP/1.1 200 OK\r\nContent-Le"))

    assert (post(server.url).status, post(server.url).body) == (200, b"")


@pytest.mark.parametrize("part", [drip(SLOW_HEAD, 0.05), stay_silent(SILENCE)])
def test_the_deadline_covers_the_whole_exchange(play: Start, part: Play) -> None:
    server = play(part)
    begun = time.monotonic()

    exchange = post(server.url, deadline_seconds=0.4)

    assert time.monotonic() - begun < SILENCE / 2
    assert 0.4 <= exchange.duration_seconds < SILENCE / 2


def test_a_gzip_within_bounds_is_read(play: Start) -> None:
    server = play(say(http_answer(gzip.compress(b'{"a": 1}'), "200 OK", "Content-Encoding: gzip")))

    exchange = post(server.url)

    assert (exchange.body, exchange.fault) == (b'{"a": 1}', None)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_it_follows_no_redirect_and_reads_it_within_bounds(play: Start, status: str) -> None:
    elsewhere = play(say(http_answer(b"{}")))
    server = play(say(http_answer(b"x" * 1001, status, f"Location: {elsewhere.url}/stolen")))

    exchange = post(server.url)

    assert exchange.status == int(status[:3])
    assert exchange.fault is Fault.TOO_LARGE
    assert elsewhere.requests == []


def test_it_keeps_no_cookie(play: Start) -> None:
    server = play(say(http_answer(b"{}", "200 OK", "Set-Cookie: session=1; Path=/")))
    client = transport(server.url)

    client.read("/1", unsigned)
    client.read("/2", unsigned)

    assert b"cookie" not in server.requests[1].lower()


def test_it_takes_nothing_from_its_surroundings(play: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server, proxy = play(say(http_answer(b"{}"))), play(say(http_answer(b"{}")))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")

    exchange = post(server.url)

    assert exchange.status == 200
    assert proxy.requests == []
    assert b"authorization" not in server.requests[0].lower()


# What was never sent --------------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection_sent_nothing() -> None:
    exchange = post(f"http://127.0.0.1:{closed_port()}")

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.CONNECT, False)


def test_a_name_without_an_address_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)

    exchange = post("https://partner.invalid")

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.DNS, False)


def test_a_name_that_leads_into_our_own_network_is_not_called(monkeypatch: pytest.MonkeyPatch, play: Start) -> None:
    server = play(say(http_answer(b"{}")))
    port = int(server.url.rpartition(":")[2])
    steered = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: steered)

    exchange = post("https://external-api.coinmena.com")

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.ADDRESS, False)
    assert server.requests == []


def test_a_connection_that_nobody_accepts_sent_nothing_and_keeps_the_deadline() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), _connecting(address), _connecting(address):
            exchange = post(f"http://127.0.0.1:{address[1]}", deadline_seconds=0.4)

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.CONNECT, False)
    assert exchange.duration_seconds < SILENCE / 2


def _connecting(address: tuple[str, int]) -> socket.socket:
    waiting = socket.socket()
    waiting.setblocking(False)
    waiting.connect_ex(address)
    return waiting


def test_several_addresses_share_the_deadline(monkeypatch: pytest.MonkeyPatch, play: Start) -> None:
    server = play(say(http_answer(b"{}")))
    port = int(server.url.rpartition(":")[2])
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", closed_port())),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)

    assert post("http://localhost:1").status == 200


@pytest.fixture
def self_signed_server(tmp_path: Path) -> Iterator[str]:
    """A TLS server with a certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                context.wrap_socket(connection, server_side=True).recv(1)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{listener.getsockname()[1]}"
    thread.join(timeout=5)
    listener.close()


def test_a_certificate_nobody_vouches_for_sent_nothing(self_signed_server: str) -> None:
    exchange = post(self_signed_server)

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.TLS, False)


def test_a_tls_handshake_that_never_ends_sent_nothing_and_keeps_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exchange = post(f"https://localhost:{silent.getsockname()[1]}", deadline_seconds=0.4)

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.TIMEOUT, False)
    assert exchange.duration_seconds < SILENCE / 2


class SlowLimiter:
    """Lets a request pass only after the clock has gone on by so many seconds, whatever the deadline."""

    def __init__(self, clock: StillClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    def acquire(self, deadline: float) -> None:
        self._clock.sleep(self._seconds)


class BrokenLimiter:
    """Cannot count requests: its database is away."""

    def acquire(self, deadline: float) -> None:
        raise ConnectionError("the database is away")


SIGNED_MS = 1737654321000


@pytest.mark.parametrize(
    ("waits", "signed_until_ms", "is_sent"),
    [(10, SIGNED_MS, True), (10.1, SIGNED_MS, False), (10, SIGNED_MS - 1, False)],
    ids=["in time", "held up in the limiter", "signed later than may be"],
)
def test_a_request_is_signed_in_time_or_never_sent(
    play: Start, waits: float, signed_until_ms: int, is_sent: bool
) -> None:
    server, clock = play(say(http_answer(b"{}"))), StillClock()
    slow = transport(server.url, clock=clock, limiter=SlowLimiter(clock, waits), deadline_seconds=25)

    exchange = slow.write("POST", "/v1/x", b"{}", unsigned, send_by=SendBy(10, signed_until_ms))

    assert exchange.bytes_may_have_been_sent is is_sent
    assert exchange.fault is (None if is_sent else Fault.HELD_UP)
    assert len(server.requests) == is_sent


def test_the_limiter_is_asked_for_no_longer_than_the_request_may_wait(play: Start) -> None:
    server, clock = play(say(http_answer(b"{}"))), StillClock()
    bucket = TokenBucket(per_minute=6, burst=1, clock=clock)
    bucket.acquire(deadline=0)

    busy = transport(server.url, clock=clock, limiter=bucket, deadline_seconds=25)
    exchange = busy.write("POST", "/v1/x", b"{}", unsigned, send_by=SendBy(9, SIGNED_MS))

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.RATE_LIMITED, False)
    assert clock.slept == []


def test_trouble_of_our_own_limiter_sends_nothing_and_tells_a_reader_what_it_is(play: Start) -> None:
    server = play(say(http_answer(b"{}")))

    exchange = post(server.url, limiter=BrokenLimiter())
    with pytest.raises(ConnectionError, match="the database is away"):
        transport(server.url, limiter=BrokenLimiter()).read("/v1/x", unsigned)

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.UNCOUNTED, False)
    assert server.requests == []


def test_our_own_limit_sends_nothing() -> None:
    used_up = TokenBucket(per_minute=1, burst=1)
    used_up.acquire(deadline=0)

    exchange = post("http://127.0.0.1:9", limiter=used_up)

    assert (exchange.fault, exchange.bytes_may_have_been_sent) == (Fault.RATE_LIMITED, False)


class _ReplacedLine(requests.adapters.BaseAdapter):
    """Stands in for the line, as a test rig does, and fails with one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        raise self._error

    def close(self) -> None:
        """Holds nothing."""


@pytest.mark.parametrize(
    ("error", "may_have_been_sent"),
    [
        (requests.ConnectionError(NewConnectionError(None, "refused")), False),  # type: ignore[arg-type]
        (requests.ConnectTimeout(ConnectTimeoutError(None, "slow")), False),
        (requests.ConnectTimeout(), False),
        (requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError())), True),
        (requests.exceptions.SSLError("bad record"), True),
        (requests.ReadTimeout(), True),
        (requests.ConnectionError(), True),
        (requests.RequestException("never heard of"), True),
        (OSError("never heard of"), True),
    ],
)
def test_on_a_foreign_line_only_known_causes_prove_that_nothing_was_sent(
    error: Exception, may_have_been_sent: bool
) -> None:
    def session() -> requests.Session:
        opened = HardenedSession()
        opened.mount("http://", _ReplacedLine(error))
        return opened

    exchange = post("http://127.0.0.1:9", open_session=session)

    assert exchange.status is None
    assert exchange.bytes_may_have_been_sent is may_have_been_sent


def unauthorized(_method: str, _target: str, _body: bytes) -> Authorization:
    raise UnicodeEncodeError("utf-8", "partner\udcff", 7, 8, "surrogates not allowed")


def no_session() -> requests.Session:
    raise FileNotFoundError("no authorities")


def with_partner_id(partner_id: str) -> Authorize:
    return lambda *_: Authorization({"X-Partner-ID": partner_id})


@pytest.mark.parametrize(
    ("host", "authorize", "changes"),
    [
        ("127.0.0.1:9", with_partner_id("partner-1\n"), {}),
        ("127.0.0.1:9", with_partner_id("partner\u200b-1"), {}),
        ("127.0.0.1:9", unauthorized, {}),
        ("127.0.0.1:9", unsigned, {"open_session": no_session}),
        ("partner..example.com", unsigned, {}),
        (f"{'p' * 64}.example.com", unsigned, {}),
        ("part ner.example.com", unsigned, {}),
    ],
    ids=["line feed", "invisible", "unsigned", "no authorities", "two dots", "long label", "blank"],
)
def test_a_request_that_cannot_be_made_was_never_sent(host: str, authorize: Authorize, changes: dict[str, Any]) -> None:
    client = transport(f"{'http' if host[0] == '1' else 'https'}://{host}", **changes)

    with capture_logs() as logged:
        exchanges = [client.write("POST", "/v1/x", b"{}", authorize), client.read("/v1/x", authorize)]

    assert [(one.fault, one.bytes_may_have_been_sent) for one in exchanges] == [(Fault.UNSENDABLE, False)] * 2
    assert [one["event"] for one in logged] == ["partner_exchange_unforeseen", "partner_exchange"] * 2, "asked once"
    assert "partner-1" not in str(logged)


@pytest.mark.parametrize("error", [ValueError("never heard of"), KeyError("x"), UnicodeError("never heard of")])
def test_whatever_is_raised_on_a_foreign_line_leaves_a_doubt(error: Exception) -> None:
    def session() -> requests.Session:
        opened = HardenedSession()
        opened.mount("http://", _ReplacedLine(error))
        return opened

    exchange = post("http://127.0.0.1:9", open_session=session)

    assert (exchange.status, exchange.fault, exchange.bytes_may_have_been_sent) == (None, Fault.BROKEN, True)


def test_whatever_is_raised_after_the_first_byte_leaves_a_doubt(play: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def confused(*_: Any) -> None:
        raise UnicodeError("never heard of")

    server = play(say(http_answer(b"{}")))
    monkeypatch.setattr("http.client.HTTPResponse.begin", confused)

    exchange = post(server.url)

    assert (exchange.status, exchange.fault, exchange.bytes_may_have_been_sent) == (None, Fault.BROKEN, True)


# Reading again --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        hang_up,
        reset,
        say(http_answer(b"", "503 Unavailable")),
        say(http_answer(b"", "502 Bad Gateway")),
        say(http_answer(b"", "429 Too Many", "Retry-After: 0")),
    ],
)
def test_a_read_is_repeated_where_that_may_help(play: Start, first: Play) -> None:
    server = play(first, say(http_answer(b"{}")))

    exchange = transport(server.url, clock=StillClock()).read("/v1/x", unsigned)

    assert (exchange.status, exchange.body) == (200, b"{}")
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "302 Found"])
def test_a_read_is_not_repeated_where_it_would_not_help(play: Start, status: str) -> None:
    server = play(say(http_answer(b"{}", status)))

    assert transport(server.url).read("/v1/x", unsigned).status == int(status[:3])
    assert len(server.requests) == 1


def test_a_read_gives_up_after_four_tries_with_growing_pauses(play: Start) -> None:
    server, clock = play(say(http_answer(b"", "503 Unavailable"))), StillClock()

    exchange = transport(server.url, clock=clock).read("/v1/x", unsigned)

    assert exchange.status == 503
    assert len(server.requests) == 4
    assert [0.25, 0.5, 1.0] <= clock.slept <= [0.5, 1.0, 2.0]


def test_a_read_waits_as_long_as_the_partner_asks(play: Start) -> None:
    server = play(say(http_answer(b"", "429 Slow", "Retry-After: 3")), say(http_answer(b"{}")))
    clock = StillClock()

    assert transport(server.url, clock=clock).read("/v1/x", unsigned).status == 200
    assert clock.slept == [3.0]


@pytest.mark.parametrize("wished", ["11", "1000000000", "Tue, 06 Jan 2037 12:00:00 GMT"])
def test_a_read_does_not_wait_longer_than_sensible(play: Start, wished: str) -> None:
    server = play(say(http_answer(b"", "429 Slow", f"Retry-After: {wished}")))
    clock = StillClock()

    assert transport(server.url, clock=clock, deadline_seconds=100).read("/v1/x", unsigned).status == 429
    assert clock.slept == []


def test_a_read_ends_with_its_deadline_however_often_it_may_try(play: Start) -> None:
    server = play(say(http_answer(b"", "503 Unavailable", "Retry-After: 4")))
    clock = StillClock()

    assert transport(server.url, clock=clock, deadline_seconds=5).read("/v1/x", unsigned).status == 503
    assert clock.passed < 5


def test_every_try_is_signed_anew(play: Start) -> None:
    server = play(hang_up, say(http_answer(b"{}")))
    signatures = iter(["first", "second"])

    transport(server.url, clock=StillClock()).read("/v1/x", lambda *_: Authorization({"X-Signature": next(signatures)}))

    assert [b"first" in request for request in server.requests] == [True, False]


def test_a_read_over_our_own_limit_says_so() -> None:
    used_up = TokenBucket(per_minute=1, burst=1)
    used_up.acquire(deadline=0)

    with pytest.raises(RateLimited):
        transport("http://127.0.0.1:9", limiter=used_up).read("/v1/x", unsigned)


# Clock and log --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "certain"), [(0, 0), (0.9, 0), (5.5, 4.5), (-0.5, -0.5), (-12, -12), (60, 59), (3600, 3599)]
)
def test_the_clock_difference_is_no_more_than_the_answer_proves(play: Start, ahead: float, certain: float) -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    server = play(say(http_answer(b"{}", "200 OK", "Date: Mon, 05 Jan 2026 12:00:00 GMT")))
    client = transport(server.url, clock=StillClock(noon.timestamp() + ahead))
    assert client.clock_skew is None

    client.read("/v1/x", unsigned)

    assert client.clock_skew == pytest.approx(certain)


@pytest.mark.parametrize("headers", [(), ("Date: yesterday",), ("Date: Mon, 05 Jan 2026 12:00:00 GMT", "Age: 5")])
def test_an_answer_without_a_date_of_its_own_says_nothing_about_the_clock_whatever_the_one_before_said(
    play: Start, headers: tuple[str]
) -> None:
    noon = "Date: Mon, 05 Jan 2026 12:00:00 GMT"
    server = play(say(http_answer(b"{}", "200 OK", noon)), say(http_answer(b"{}", "200 OK", *headers)))
    client = transport(server.url, clock=StillClock(datetime(2026, 1, 5, 13, tzinfo=UTC).timestamp()))

    assert client.read("/v1/x", unsigned).clock_skew == 3599
    assert client.read("/v1/x", unsigned).clock_skew is None
    assert client.clock_skew is None


def test_every_exchange_is_logged_without_its_secrets(play: Start) -> None:
    server = play(hang_up, say(http_answer(b'{"name": "Maya"}')))

    with capture_logs() as logged:
        transport(server.url, clock=StillClock()).read("/v1/x?page=1", unsigned)

    assert [(entry["status"], entry["fault"]) for entry in logged] == [(None, Fault.BROKEN), (200, None)]
    assert {"partner", "request_id", "method", "path", "duration_ms", "may_have_been_sent"} <= set(logged[0])
    assert "top-secret" not in str(logged)
    assert "Maya" not in str(logged)


def test_many_threads_may_read_through_one_transport(play: Start) -> None:
    server = play(say(http_answer(b"{}")))
    client = transport(server.url)
    statuses: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client.read("/v1/x", unsigned).status)) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 8

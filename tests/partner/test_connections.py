"""An answer belongs to the request it was asked with, whatever else a partner says on the line, over real sockets."""

import io
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from backoffice.partner.clock import SystemClock
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.connection import HardenedSession
from backoffice.partner.exchange import Exchange, Fault
from backoffice.partner.http import Authorization, Transport
from backoffice.partner.limits import NoLimit
from tests.partner.cast import coinmena_config, http_answer
from tests.partner.odd_server import OddServer, drip, read_request, say

Answer = Callable[[socket.socket, bytes], None]

EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
BALANCES = {"ada": "10.00", "bea": "2000.00"}


def kept_answer(body: bytes) -> bytes:
    """Return a whole answer after which the partner keeps the connection open."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def balances_of(request: bytes) -> bytes:
    """Return what a partner answers who was asked for one client's balances."""
    client = next(name for name in BALANCES if name.encode() in request)
    amounts = ("balance", "available_balance", "balance_usd", "available_balance_usd")
    balance = {"asset_id": "USD", **dict.fromkeys(amounts, BALANCES[client])}
    return kept_answer(json.dumps({"items": [balance]}).encode())


def pause() -> None:
    threading.Event().wait(0.1)


def hints_first(connection: socket.socket, request: bytes) -> None:
    connection.sendall(EARLY_HINTS)
    pause()
    connection.sendall(balances_of(request))


def says_more_than_announced(connection: socket.socket, request: bytes) -> None:
    connection.sendall(balances_of(request) * 2)


def answers_again_unasked(connection: socket.socket, request: bytes) -> None:
    connection.sendall(balances_of(request))
    pause()
    connection.sendall(balances_of(request))


@pytest.fixture
def partner(play: Callable[..., OddServer]) -> Callable[[Answer], CoinmenaClient]:
    """Start a partner that answers every request of a connection until we hang up, and return a client for it."""

    def start(answer: Answer) -> CoinmenaClient:
        def part(connection: socket.socket) -> None:
            request = server.requests[-1]
            while request:
                answer(connection, request)
                request = read_request(connection)

        server = play(part)
        return CoinmenaClient(coinmena_config(server.url))

    return start


@pytest.mark.parametrize("answer", [hints_first, says_more_than_announced, answers_again_unasked])
def test_a_balance_is_that_of_the_client_who_was_asked_for(
    partner: Callable[[Answer], CoinmenaClient], answer: Answer
) -> None:
    client = partner(answer)

    read = {name: [str(one.balance) for one in client.balances(name)] for name in ("ada", "bea", "ada")}

    assert read == {name: [balance] for name, balance in BALANCES.items()}


def post(url: str) -> Exchange:
    transport = Transport("coinmena", url, deadline_seconds=5, clock=SystemClock(), limiter=NoLimit())
    return transport.write("POST", "/v1/x", b"{}", lambda *_: Authorization())


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_what_is_said_before_the_answer_is_passed_over(play: Callable[..., OddServer], status: int) -> None:
    interim = b"HTTP/1.1 %d Early\r\nContent-Length: 7\r\nConnection: close\r\n\r\n" % status
    server = play(say(interim * 10 + http_answer(b'{"a": 1}')))

    exchange = post(server.url)

    assert (exchange.status, exchange.body, exchange.fault) == (200, b'{"a": 1}', None)


def test_nothing_but_announcements_is_a_broken_answer(play: Callable[..., OddServer]) -> None:
    server = play(say(EARLY_HINTS * 11 + http_answer(b"{}")))

    exchange = post(server.url)

    assert (exchange.status, exchange.fault, exchange.bytes_may_have_been_sent) == (None, Fault.BROKEN, True)


def test_a_partner_that_changes_the_protocol_gives_no_answer(play: Callable[..., OddServer]) -> None:
    server = play(say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + http_answer(b"{}")))

    exchange = post(server.url)

    assert (exchange.status, exchange.body, exchange.fault) == (101, b"", Fault.BROKEN)


def test_announcements_do_not_outlast_the_deadline(play: Callable[..., OddServer]) -> None:
    server = play(drip(EARLY_HINTS * 100, 0.01))
    transport = Transport("coinmena", server.url, deadline_seconds=0.3, clock=SystemClock(), limiter=NoLimit())

    exchange = transport.write("POST", "/v1/x", b"{}", lambda *_: Authorization())

    assert exchange.fault is Fault.TIMEOUT
    assert exchange.duration_seconds < 3


class _AnnouncingLine(requests.adapters.BaseAdapter):
    """Stands in for the line and takes an announcement for the answer, as `http.client` would."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = 103, io.BytesIO(b"{}")
        return response

    def close(self) -> None:
        """Holds nothing."""


def test_an_announcement_that_still_arrives_is_no_answer() -> None:
    def session() -> requests.Session:
        opened = HardenedSession()
        opened.mount("http://", _AnnouncingLine())
        return opened

    transport = Transport(
        "coinmena",
        "http://127.0.0.1:9",
        deadline_seconds=5,
        clock=SystemClock(),
        limiter=NoLimit(),
        open_session=session,
    )
    exchange = transport.write("POST", "/v1/x", b"{}", lambda *_: Authorization())

    assert (exchange.status, exchange.body, exchange.fault) == (103, b"", Fault.BROKEN)
    assert exchange.bytes_may_have_been_sent


def test_every_request_says_that_it_is_the_only_one(play: Callable[..., OddServer]) -> None:
    server = play(say(kept_answer(b"{}")))

    post(server.url)

    assert b"\r\nConnection: close\r\n" in server.requests[0]


def test_connections_of_many_threads_share_one_context_with_its_authorities() -> None:
    """To read them takes ten times as long as the rest of a connection."""
    adapters: list[Any] = [HardenedSession().get_adapter("https://partner.example.com") for _session in "ab"]
    context, another = (adapter.poolmanager.connection_pool_kw["ssl_context"] for adapter in adapters)

    assert context is another
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.get_ca_certs()

"""A database that says nothing any more is noticed: its machine is gone, and no limit of its own is kept."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import psycopg
import pytest
from procrastinate.contrib.django.utils import connector_params

from backoffice.database.embedded import Embedded
from backoffice.settings import SILENCE, database

ADDRESS: Final = "postgres://somebody@database.example.com:5432/backoffice"


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (ADDRESS, {}),
        (f"{ADDRESS}?connect_timeout=2&tcp_user_timeout=30000", {"connect_timeout": 2, "tcp_user_timeout": 30_000}),
    ],
)
def test_every_address_bounds_how_long_silence_is_borne_unless_it_says_so_itself(
    monkeypatch: pytest.MonkeyPatch, address: str, own: dict[str, int]
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)

    options = database("DATABASE_URL", "an address")["OPTIONS"]

    assert {name: int(options[name]) for name in SILENCE} == {**SILENCE, **own}


@pytest.fixture
def port(postgres: Embedded) -> Iterator[int]:
    """Where a port of this machine leads to the server of the tests, which has a socket only."""
    socket_path = f"{postgres.server.get_postmaster_info().socket_dir}/.s.PGSQL.5432"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=carry, args=(listening, socket_path), daemon=True).start()
        yield listening.getsockname()[1]


def carry(listening: socket.socket, socket_path: str) -> None:
    """Carry one connection's bytes both ways until either end closes it."""
    ours, _address = listening.accept()
    with ours, socket.socket(socket.AF_UNIX) as theirs:
        theirs.connect(socket_path)
        back = threading.Thread(target=carry_one_way, args=(theirs, ours))
        back.start()
        carry_one_way(ours, theirs)
        back.join()


def carry_one_way(source: socket.socket, target: socket.socket) -> None:
    while sent := source.recv(65_536):
        target.sendall(sent)
    target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("alias", ["default", "owner"])
def test_a_connection_over_a_network_is_given_up_after_ten_seconds_of_silence(
    committed: str, port: int, alias: str
) -> None:
    parameters = {**connector_params(alias), "host": "127.0.0.1", "port": port}

    with closing(psycopg.connect(**parameters)) as connection, kept_by(connection) as kept:
        assert kept.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        tcp = ["TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT"]
        assert [kept.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in tcp] == [5, 2, 3, 10_000]


def kept_by(connection: psycopg.Connection) -> socket.socket:
    return socket.socket(fileno=os.dup(connection.pgconn.socket))

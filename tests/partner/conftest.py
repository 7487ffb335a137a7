"""Servers for the tests of the partner layer."""

from collections.abc import Callable, Iterator

import pytest

from tests.partner.odd_server import OddServer, Play


@pytest.fixture
def play() -> Iterator[Callable[..., OddServer]]:
    """Start a server that plays the given parts, one per connection."""
    servers: list[OddServer] = []

    def start(*parts: Play) -> OddServer:
        servers.append(OddServer(*parts))
        return servers[-1]

    yield start
    for server in servers:
        server.close()

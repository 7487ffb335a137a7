"""The sandbox in process on a clock that stands still, and the same behind a real socket on the real clock."""

from collections.abc import Iterator

import pytest

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.server import Server
from tests.sandbox.callers import Line, ManualClock, Partners


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def partners(clock: ManualClock) -> Iterator[Partners]:
    """In process, with the small history; nothing waits for real."""
    sandbox = Sandbox(history="small", clock=clock)
    yield Partners(sandbox, sandbox.handle)
    sandbox.close()


@pytest.fixture
def server() -> Iterator[Server]:
    sandbox = Sandbox(history="small")
    server = Server(sandbox)
    thread = server.start()
    yield server
    server.stop()
    thread.join(timeout=5)
    sandbox.close()


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    line = Line(server.port)
    yield line
    line.close()


@pytest.fixture
def online(server: Server, line: Line) -> Partners:
    """Over HTTP."""
    return Partners(server.sandbox, line)

"""A server that speaks exactly the bytes it is told to: for answers that no proper HTTP server would give."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Play = Callable[[socket.socket], None]


class OddServer:
    """Listens on loopback and plays one part per connection; the last part is played for all that follow."""

    def __init__(self, *parts: Play) -> None:
        self._parts = list(parts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            part = self._parts.pop(0) if len(self._parts) > 1 else self._parts[0]
            with connection, suppress(OSError):
                connection.settimeout(60)
                self._play(connection, part)

    def _play(self, connection: socket.socket, part: Play) -> None:
        request = read_request(connection)
        self.requests.append(request)
        if request:
            part(connection)


def read_request(connection: socket.socket) -> bytes:
    """Return the next request of a connection, empty if whoever asks has hung up."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    expected = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < expected and (chunk := connection.recv(65536)):
        body += chunk
    return head + b"\r\n\r\n" + body


def say(answer: bytes) -> Play:
    """Answer with these bytes and hang up."""
    return lambda connection: connection.sendall(answer)


def hang_up(_connection: socket.socket) -> None:
    """Say nothing and hang up."""


def reset(connection: socket.socket) -> None:
    """Break the connection off with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def drip(answer: bytes, pause: float) -> Play:
    """Send one byte at a time, a pause between them."""

    def play(connection: socket.socket) -> None:
        for position in range(len(answer)):
            connection.sendall(answer[position : position + 1])
            threading.Event().wait(pause)

    return play


def stay_silent(seconds: float) -> Play:
    """Hold the connection open and say nothing."""

    def play(connection: socket.socket) -> None:
        connection.settimeout(seconds)
        with suppress(TimeoutError):
            connection.recv(1)

    return play

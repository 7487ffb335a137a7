"""The sandbox behind real HTTP/1.1: keep-alive, one thread a connection, and full control over how an answer arrives.

Replies are written byte by byte here, because faults need what an ordinary server would not do: a reset, a body
shorter than announced, a byte a second, no listener at all.
"""

import socket
import struct
import sys
import time
import traceback
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from threading import Lock, Thread
from typing import Any, Final

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.messages import Delivery, Reply, Request

HOST: Final = "127.0.0.1"
_LARGEST_BODY: Final = 256 * 1024 * 1024
_BACKLOG: Final = 256
_TICK_SECONDS: Final = 0.02
#: Closing with this set throws the connection away with a reset instead of ending it in order.
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Server:
    """Listens on loopback and hands every request to the sandbox."""

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        """Bind at once; port 0 picks a free one.

        :raises OSError: when the port is taken.
        """
        self.sandbox = sandbox
        self._lock = Lock()
        self._is_stopping = False
        self._listener: socket.socket | None = _listen(port)
        self.port: int = self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def serve(self) -> None:
        """Accept connections until `stop`; also lands late requests and reopens the listener after a time down."""
        while not self._is_stopping:
            self.sandbox.land_due()
            listener = self.heed_the_sandbox()
            if listener is None:
                time.sleep(_TICK_SECONDS)
            else:
                self._accept(listener)
        self.close_listener()

    def start(self) -> Thread:
        """Serve in a thread of its own."""
        thread = Thread(target=self.serve, name="sandbox", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Ask `serve` to return. Sets a flag and takes no lock, so that a signal handler may call it."""
        self._is_stopping = True

    def close_listener(self) -> None:
        """Stop listening: whoever connects from now on is refused."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # Without the shutdown, a thread waiting in accept would keep the socket listening.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def heed_the_sandbox(self) -> socket.socket | None:
        """Close the listener if the sandbox is down, open it if it is not, and return the one in use."""
        if self.sandbox.is_down:
            self.close_listener()
            return None
        with self._lock:
            if self._listener is None and not self._is_stopping:
                self._listener = _listen(self.port)
            return self._listener

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
        except OSError:
            return  # nobody came within a tick, or the listener was closed
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        Thread(target=self._converse, args=(connection, address), daemon=True).start()

    def _converse(self, connection: socket.socket, address: Any) -> None:
        """Answer the requests of one connection until either side ends it."""
        try:
            Conversation(connection, address, self)  # type: ignore[arg-type]
        except (ConnectionError, TimeoutError):
            pass  # the caller gave up
        except Exception:  # noqa: BLE001 - one broken conversation must not end the partners
            traceback.print_exc(file=sys.stderr)
        finally:
            connection.close()


class Conversation(BaseHTTPRequestHandler):
    """One connection. The base class reads request lines and headers; answers go out by `_send`."""

    protocol_version = "HTTP/1.1"
    server: Server  # type: ignore[assignment]

    def do_GET(self) -> None:
        sandbox = self.server.sandbox
        head = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): text for name, text in self.headers.items()},
            address=self.client_address[0],
        )
        turned_away = sandbox.turn_away(head)
        if turned_away is not None:
            self._send(turned_away)
            return
        reply = sandbox.exchange(replace(head, body=self._read_body()))
        # Before the answer leaves, so that whoever asked for "down" or "up" finds it so.
        self.server.heed_the_sandbox()
        self._send(reply)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the arrivals are in the ledger."""

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            raise ConnectionError(f"a body of {length} bytes is not taken")
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        self.server.sandbox.clock.sleep(reply.delay_seconds)
        if reply.delivery is not Delivery.SENT:
            self._hang_up(reply.delivery)
            return
        chunks = reply.chunks()
        if reply.seconds_per_byte:
            self.wfile.write(self._head(reply))
            self._drip(b"".join(chunks), reply.seconds_per_byte)
            return
        # Head and body leave in one piece, or a caller waits for the second packet of each answer.
        self.wfile.write(self._head(reply) + next(chunks))
        for chunk in chunks:
            self.wfile.write(chunk)
        self.close_connection = self.close_connection or reply.cut_at is not None

    def _head(self, reply: Reply) -> bytes:
        headers = [*reply.headers, ("Content-Length", str(reply.length))]
        lines = [f"{name}: {text}" for name, text in headers if name.lower() not in reply.suppressed]
        phrase = self.responses.get(reply.status, ("",))[0]
        return "\r\n".join([f"HTTP/1.1 {reply.status} {phrase}", *lines, "", ""]).encode("latin-1")

    def _drip(self, body: bytes, seconds_per_byte: float) -> None:
        for position in range(len(body)):
            self.server.sandbox.clock.sleep(seconds_per_byte)
            self.wfile.write(body[position : position + 1])

    def _hang_up(self, delivery: Delivery) -> None:
        """End the connection without an answer. `REFUSED` comes too late on a socket: it is a reset here."""
        if delivery is not Delivery.CLOSED:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close_connection = True


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(_BACKLOG)
    listener.settimeout(_TICK_SECONDS)
    return listener

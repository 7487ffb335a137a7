"""What ends a process, and where: a failpoint of the product, or a place in the request it is writing."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from backoffice import failpoints
from backoffice.failpoints import Failpoint
from backoffice.partner import connection

#: How long C8 waits so that the partner has applied what was sent; the sandbox keeps its answer back for longer.
_APPLIED_AFTER_SECONDS: Final = 0.3
_POST: Final = b"POST "


@dataclass
class Arming:
    """At the ``nth`` pass of ``point`` the process gets ``number``: SIGKILL ends it, SIGSTOP holds it."""

    point: Failpoint
    nth: int = 1
    number: int = signal.SIGKILL
    passes: int = 0
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def read(cls, text: str, number: int = signal.SIGKILL) -> "Arming":
        """Read ``C8:2``, the second pass of C8."""
        point, _colon, nth = text.partition(":")
        return cls(Failpoint(point), int(nth or 1), number)

    def reached(self, point: Failpoint) -> None:
        """Strike if this is the pass that was chosen."""
        if point is not self.point:
            return
        with self._lock:
            self.passes += 1
            strikes = self.passes == self.nth
        if strikes:
            os.kill(os.getpid(), self.number)


def arm(arming: Arming) -> None:
    """Arm this process: the product's failpoints, and for C6 to C8 the sockets that requests are written to."""
    failpoints.reached = arming.reached
    if arming.point in _WHILE_SENDING:
        setattr(connection._DeadlineSocket, "sendall", _sendall(_WHILE_SENDING[arming.point], arming))  # noqa: B010


def _while_writing(send: Callable[[Any], None], body: bytes, arming: Arming) -> None:
    """C6: half of the body is on its way."""
    send(body[: len(body) // 2])
    arming.reached(Failpoint.C6)
    send(body[len(body) // 2 :])


def _right_after(send: Callable[[Any], None], body: bytes, arming: Arming) -> None:
    """C7: all of it was sent, and the partner has hardly begun."""
    send(body)
    arming.reached(Failpoint.C7)


def _once_applied(send: Callable[[Any], None], body: bytes, arming: Arming) -> None:
    """C8: the partner has applied it and its answer is held back."""
    send(body)
    time.sleep(_APPLIED_AFTER_SECONDS)
    arming.reached(Failpoint.C8)


_WHILE_SENDING: Final = {Failpoint.C6: _while_writing, Failpoint.C7: _right_after, Failpoint.C8: _once_applied}


def _sendall(write: Callable[..., None], arming: Arming) -> Callable[[Any, Any], None]:
    """Return a ``sendall`` that writes the bodies of POSTs by ``write``; heads and look-ups go out as ever."""
    plain = connection._DeadlineSocket.sendall

    def sendall(guarded: Any, data: Any) -> None:
        is_body = getattr(guarded, "posts", False)
        guarded.posts = bytes(data[: len(_POST)]) == _POST
        if is_body:
            write(lambda part: plain(guarded, part), bytes(data), arming)
        else:
            plain(guarded, data)

    return sendall

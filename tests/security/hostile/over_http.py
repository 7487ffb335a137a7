"""Carries shots over a real connection to a running web server, as bytes."""

import http.client
import time
from collections.abc import Callable
from contextlib import suppress

from tests.security.hostile.hits import Hit
from tests.security.hostile.shots import Shot

SECONDS_TO_WAIT = 30
#: What the server says by hanging up on a request it does not take for one.
HUNG_UP = 0


class OverHttp:
    """One connection after another, as the cookies of somebody. A form carries its token, or it would go no further.

    Some shots do end a session, as they may: `sign_in` gives the cookie of a new one.
    """

    def __init__(self, port: int, cookies: dict[str, str], sign_in: Callable[[str], str]) -> None:
        self.port = port
        self.cookies = cookies
        self.sign_in = sign_in
        self.connection = self.fresh()

    def fresh(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_WAIT)

    def carry(self, shot: Shot) -> Hit:
        """Send a shot and read its answer to the end. Seconds are those of the clock on the wall.

        A connection that was used before may be closed by now, as after a form nobody read: then a new one asks again.

        :raises TimeoutError: when no answer comes.
        """
        began = time.monotonic()
        status, size = self.tried(shot)
        if status == HUNG_UP:
            status, size = self.tried(shot)
        return Hit(shot.in_short(), status, time.monotonic() - began, size)

    def tried(self, shot: Shot) -> tuple[int, int]:
        try:
            return self.exchange(shot)
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = self.fresh()
            return HUNG_UP, 0

    def exchange(self, shot: Shot) -> tuple[int, int]:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has answered and does not read the rest
            self.send(shot)
        answer = self.connection.getresponse()
        size = len(answer.read())
        if (answer.headers.get("Location") or answer.headers.get("HX-Redirect") or "").startswith(SIGN_IN):
            self.cookies[shot.who] = self.sign_in(shot.who)
        if answer.will_close or shot.method in ("HEAD", "CONNECT"):
            self.connection.close()
            self.connection = self.fresh()
        return answer.status, size

    def send(self, shot: Shot) -> None:
        headers = {"Host": f"127.0.0.1:{self.port}", "X-CSRFToken": TOKEN, **dict(shot.headers)}
        headers["Cookie"] = "; ".join(filter(None, (self.cookies[shot.who], CSRF_COOKIE, headers.get("Cookie", ""))))
        self.connection.putrequest(shot.method, shot.target, skip_host=True, skip_accept_encoding=True)
        for name, text in headers.items():
            self.connection.putheader(name, text.encode("latin-1", "replace"))
        self.connection.putheader("Content-Length", str(len(shot.body)))
        if shot.content_type:
            self.connection.putheader("Content-Type", shot.content_type)
        self.connection.endheaders(shot.body or None)


SIGN_IN = "/accounts/login/"
TOKEN = "h" * 32
CSRF_COOKIE = f"backoffice_csrf={TOKEN}"

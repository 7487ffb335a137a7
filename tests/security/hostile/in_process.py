"""Carries shots to the product inside this process, past any web server that would have stopped the worst of them."""

import time
import traceback
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.signals import got_request_exception
from django.http.response import HttpResponseBase
from django.test import Client

from tests.security.browsers import drain, undone
from tests.security.hostile.hits import Hit
from tests.security.hostile.shots import Shot


class InProcess:
    """Speaks to the WSGI application directly, as the cookies of somebody; whatever a shot changed is undone.

    Seconds are of this thread's processor, whatever else the machine does.
    """

    def __init__(self, cookies: dict[str, str]) -> None:
        self.cookies = cookies
        self.client = Client(raise_request_exception=False)
        self.errors: list[str] = []
        got_request_exception.connect(self.hear, weak=False, dispatch_uid="hostile")

    def hear(self, request: Any, **_details: Any) -> None:
        self.errors.append(traceback.format_exc(limit=-3))

    def carry(self, shot: Shot) -> Hit:
        self.errors.clear()
        self.client.cookies.clear()
        began = time.thread_time()
        with undone():
            answer: HttpResponseBase = self.client.request(**self.environ(shot))
            drain(answer)
        seconds = time.thread_time() - began
        size = 0 if answer.streaming else len(answer.content)  # type: ignore[attr-defined]
        return Hit(shot.in_short(), answer.status_code, seconds, size, "".join(self.errors))

    def environ(self, shot: Shot) -> dict[str, Any]:
        path, _question, query = shot.target.partition("?")
        headers = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in shot.headers}
        cookies = [self.cookies[shot.who], headers.pop("HTTP_COOKIE", "")]
        return {
            "REQUEST_METHOD": shot.method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": shot.content_type,
            "CONTENT_LENGTH": str(len(shot.body)),
            "HTTP_COOKIE": "; ".join(cookie for cookie in cookies if cookie),
            "wsgi.input": BytesIO(shot.body),
            **headers,
        }

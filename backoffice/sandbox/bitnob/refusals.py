"""Bitnob's error answers: RFC 7807, with codes of which only `UNAUTHORIZED` is documented (assumption B5)."""

import uuid
from enum import Enum
from http import HTTPStatus
from typing import Final

from backoffice.sandbox.clock import nine_digits
from backoffice.sandbox.messages import Reply, json_reply

_CODES: Final = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "UNPROCESSABLE_ENTITY",
    429: "RATE_LIMITED",
}


class Reason(Enum):
    """The HTTP status a refusal carries."""

    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    RATE_LIMITED = 429


class Refusal(Exception):
    """Bitnob refuses the request; `str()` is the detail of the answer."""

    def __init__(self, reason: Reason, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.retry_after = retry_after

    def reply(self, now_ns: int) -> Reply:
        answer = problem(self.reason.value, now_ns, detail=str(self))
        return answer if self.retry_after is None else answer.with_header("Retry-After", str(self.retry_after))


def problem(status: int, now_ns: int, *, code: str | None = None, detail: str | None = None) -> Reply:
    """Return Bitnob's error answer; what is left open is named after the HTTP status."""
    title = HTTPStatus(status).phrase
    code = code or _CODES.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST")
    content = {
        "type": f"https://api.bitnob.com/errors/{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "code": code,
        "correlation_id": f"req_{uuid.uuid4().hex[:16]}",
        "timestamp": nine_digits(now_ns),
    }
    return json_reply(status, content, "application/problem+json")

"""Every way CoinMENA says no, and the envelope it says it in."""

from enum import Enum
from http import HTTPStatus

from backoffice.sandbox.messages import Json, Reply, json_reply


class Reason(Enum):
    """HTTP status, code and text of a refusal. 400, 401 and 404 as codes are assumption A16 of the contract."""

    INVALID_CLIENT = (400, 2008, "Invalid client ID")
    CLIENT_NOT_VERIFIED = (400, 2009, "Client not yet verified")
    CLIENT_DEACTIVATED = (400, 2010, "Client is deactivated")
    INVALID_ASSET = (400, 2012, "Invalid asset")
    DUPLICATE_REFERENCE = (409, 2020, "Duplicate partner order reference")
    INSUFFICIENT_FUNDS = (400, 3005, "Insufficient funds")
    INVALID_REQUEST = (400, 400, "Invalid request")
    UNAUTHORIZED = (401, 401, "Unauthorized")
    NOT_FOUND = (404, 404, "Not found")
    METHOD_NOT_ALLOWED = (405, 405, "Method not allowed")


class Refusal(Exception):
    """CoinMENA refuses the request; nothing was applied."""

    def __init__(self, reason: Reason, msg_detail: Json = None) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.msg_detail = msg_detail

    def reply(self) -> Reply:
        status, code, msg = self.reason.value
        return envelope(status, code, msg, self.msg_detail)


def envelope(status: int, code: int, msg: str, msg_detail: Json = None) -> Reply:
    """Return CoinMENA's error answer."""
    return json_reply(status, {"code": code, "msg": msg, "msg_detail": msg_detail})


def scripted_envelope(status: int, code: int | None, msg: str | None, msg_detail: Json = None) -> Reply:
    """Return the error answer of a scripted fault; what it leaves open is named after the HTTP status."""
    return envelope(status, status if code is None else code, msg or HTTPStatus(status).phrase, msg_detail)

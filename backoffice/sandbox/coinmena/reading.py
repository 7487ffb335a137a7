"""What CoinMENA accepts in a body or a query, and how it points at the fields it does not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from backoffice.sandbox.clock import read_instant
from backoffice.sandbox.coinmena.records import FINAL_STATUSES
from backoffice.sandbox.coinmena.refusals import Reason, Refusal
from backoffice.sandbox.messages import Json, Request, read_strictly

DEFAULT_PAGE_SIZE: Final = 20
LARGEST_PAGE_SIZE: Final = 100
_LONGEST_IDENTIFIER: Final = 64
_AMOUNT: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,8})?")
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Faults:
    """Collects what is wrong with each field, so that one answer names everything."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}

    def add(self, name: str, text: str) -> None:
        self._texts.setdefault(name, []).append(text)

    def refuse_if_any(self) -> None:
        if self._texts:
            raise Refusal(Reason.INVALID_REQUEST, self._texts)


def read_object(request: Request) -> dict[str, Json]:
    """Return the JSON object in the body, or refuse the request."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refusal(Reason.INVALID_REQUEST, {"body": ["Content-Type must be application/json."]})
    try:
        content = read_strictly(request.body)
    except ValueError as error:
        raise Refusal(Reason.INVALID_REQUEST, {"body": [f"Not valid JSON: {error}"]}) from error
    if not isinstance(content, dict):
        raise Refusal(Reason.INVALID_REQUEST, {"body": ["Must be a JSON object."]})
    return content


@dataclass(frozen=True)
class FundingRequest:
    """The body of a deposit or a withdrawal, its fields checked for form only."""

    client: str
    asset: str
    amount: str
    reference: str

    @classmethod
    def read(cls, request: Request) -> "FundingRequest":
        content = read_object(request)
        faults = Faults()
        for name in ("partner_client_id", "asset_id", "partner_order_ref"):
            _check(faults, name, content, identifier_fault)
        _check(faults, "amount", content, _amount_fault)
        faults.refuse_if_any()
        return cls(
            client=content["partner_client_id"],
            asset=content["asset_id"],
            amount=content["amount"],
            reference=content["partner_order_ref"],
        )


@dataclass(frozen=True)
class PageRequest:
    """Page and page size as asked for, or their defaults (assumption A14)."""

    page: int
    page_size: int

    @classmethod
    def read(cls, query: dict[str, str], faults: Faults) -> "PageRequest":
        return cls(
            page=_number(query, "page", 1, None, faults),
            page_size=_number(query, "page_size", DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, faults),
        )


def read_window_end(query: dict[str, str], name: str, faults: Faults) -> int | None:
    """Return one end of the window in microseconds, None if it is open."""
    if name not in query:
        return None
    try:
        return read_instant(query[name])
    except ValueError:
        faults.add(name, "Must be an ISO 8601 date-time in UTC, such as 2024-06-01T00:00:00Z.")
        return None


def read_status(query: dict[str, str], faults: Faults) -> str | None:
    status = query.get("status")
    if status is not None and status not in FINAL_STATUSES:
        faults.add("status", f"Must be one of {', '.join(FINAL_STATUSES)}.")
    return status


def identifier_fault(text: Json) -> str | None:
    """Return what is wrong with an id or a reference, None if nothing is."""
    if not isinstance(text, str) or not text.strip():
        return "Must be a text that is not empty."
    if len(text) > _LONGEST_IDENTIFIER:
        return f"Must have at most {_LONGEST_IDENTIFIER} characters."
    return None if text.isprintable() else "Must hold printable characters only."


def text_fault(text: Json) -> str | None:
    return None if isinstance(text, str) else "Must be a text."


def _amount_fault(amount: Json) -> str | None:
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        return "Must be a decimal string with at most 8 decimal places."
    return None if amount.strip("0.") else "Must be greater than zero."


def _check(faults: Faults, name: str, content: dict[str, Json], fault_of: Callable[[Json], str | None]) -> None:
    fault = fault_of(content[name]) if name in content else "This field is required."
    if fault:
        faults.add(name, fault)


def _number(query: dict[str, str], name: str, default: int, largest: int | None, faults: Faults) -> int:
    text = query.get(name)
    if text is None:
        return default
    number = int(text) if _WHOLE_NUMBER.fullmatch(text) else 0
    if number < 1 or (largest is not None and number > largest):
        limit = f" to {largest}" if largest is not None else " or more"
        faults.add(name, f"Must be a whole number, 1{limit}.")
        return default
    return number

"""Bitnob's endpoints: transactions, balances, whoami."""

import re
import uuid
from threading import Lock
from typing import Final

from backoffice.sandbox.bitnob.cursors import BrokenCursor, Cursor
from backoffice.sandbox.bitnob.ledger import BitnobLedger, Page, TransactionFilter
from backoffice.sandbox.bitnob.records import COMPANY_ID, STATUS_FILTER, Account
from backoffice.sandbox.bitnob.refusals import Reason, Refusal
from backoffice.sandbox.clock import NANOSECONDS, Clock, nine_digits
from backoffice.sandbox.credentials import BITNOB_CLIENT_ID
from backoffice.sandbox.messages import Json, Reply, Request, json_reply
from backoffice.sandbox.signatures import BitnobDoor, Unauthorized
from backoffice.sandbox.switches import Switches

DEFAULT_LIMIT: Final = 20
LARGEST_LIMIT: Final = 100
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}")
#: Currencies whose balance comes in the older shape while the switch says `mixed`.
_OLDER_SHAPE: Final = ("BTC", "NGN")


class Bitnob:
    """Answers every documented request a reader of transactions needs."""

    def __init__(self, ledger: BitnobLedger, door: BitnobDoor, clock: Clock, switches: Switches) -> None:
        self._ledger = ledger
        self._door = door
        self._clock = clock
        self._switches = switches
        self._limiter = RateLimiter(clock)

    def admit(self, request: Request) -> None:
        """Let a request in.

        :raises Refusal: 401 with the failed check named, or 429 when it is one too many.
        """
        try:
            self._door.check(request)
        except Unauthorized as error:
            raise Refusal(Reason.UNAUTHORIZED, str(error)) from error
        if self._switches.bitnob_rate_limit:
            self._limiter.take()

    def answer(self, request: Request) -> Reply:
        """Carry out a request already admitted.

        :raises Refusal: with the partner's own status.
        """
        match request.segments[1:]:
            case ("whoami",):
                return self._success("Credentials are valid", self._whoami())
            case _ if request.method != "GET":
                raise Refusal(Reason.METHOD_NOT_ALLOWED, "Method not allowed")
            case ("transactions",):
                return self._success("Transactions retrieved successfully", self._transactions(request.query))
            case ("transactions", wanted):
                return self._success("Transaction retrieved successfully", self._transaction(wanted))
            case ("balances",):
                return self._success("Company balances retrieved successfully", self._balances())
            case ("balances", currency):
                return self._success("Balance retrieved successfully", self._balance(currency.upper()))
        raise Refusal(Reason.NOT_FOUND, "Resource not found")

    def _success(self, message: str, content: Json) -> Reply:
        envelope = {"success": True, "message": message, "data": content}
        if self._switches.bitnob_request_id:
            envelope["metadata"] = {"request_id": f"req_{uuid.uuid4().hex[:16]}"}
        return json_reply(200, {**envelope, "timestamp": nine_digits(self._clock.nanoseconds())})

    def _whoami(self) -> Json:
        return {
            "active": True,
            "active_company_id": COMPANY_ID,
            "auth_method": "hmac",
            "client_id": BITNOB_CLIENT_ID,
            "client_name": "Back office",
            "environment": self._switches.bitnob_environment,
            "permissions": None,
        }

    # Transactions -----------------------------------------------------------------------------------------------------

    def _transactions(self, query: dict[str, str]) -> Json:
        wanted = TransactionFilter(
            direction=_direction(query.get("type")),
            states=_states(query.get("status")),
            currency=query["currency"].upper() if "currency" in query else None,
        )
        limit, cursor = _limit(query.get("limit")), _cursor(query.get("cursor"))
        return _page_json(self._ledger.page(wanted, cursor, limit), limit)

    def _transaction(self, wanted: str) -> Json:
        transaction = self._ledger.transaction(wanted)
        if transaction is None:
            raise Refusal(Reason.NOT_FOUND, "Transaction not found")
        return transaction.detail_json()

    # Balances ---------------------------------------------------------------------------------------------------------

    def _balances(self) -> Json:
        return {"company_id": COMPANY_ID, "accounts": [account.as_json() for account in self._ledger.accounts()]}

    def _balance(self, currency: str) -> Json:
        for account in self._ledger.accounts():
            if account.currency == currency:
                return self._one_balance(account)
        raise Refusal(Reason.NOT_FOUND, "No account in this currency")

    def _one_balance(self, account: Account) -> Json:
        shape = self._switches.balance_shape
        if shape == "older" or (shape == "mixed" and account.currency in _OLDER_SHAPE):
            return account.older_json(self._clock.microseconds())
        return account.openapi_json()


class RateLimiter:
    """A bucket of ten requests, refilled at one a second (assumption B9)."""

    _BURST: Final = 10.0
    _PER_SECOND: Final = 1.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = self._BURST
        self._at = clock.nanoseconds()
        self._lock = Lock()

    def take(self) -> None:
        """Count one request.

        :raises Refusal: 429 with the seconds to wait.
        """
        with self._lock:
            now = self._clock.nanoseconds()
            elapsed = max(now - self._at, 0) / NANOSECONDS
            self._left = min(self._BURST, self._left + elapsed * self._PER_SECOND)
            self._at = now
            if self._left < 1:
                raise Refusal(Reason.RATE_LIMITED, "Too many requests", retry_after=1)
            self._left -= 1


def _page_json(page: Page, limit: int) -> Json:
    """Write a page. A full last page still names a cursor, beside `has_more: false`: a caller must not follow it."""
    rows = page.rows
    names_next = bool(rows) and (page.has_older or len(rows) == limit)
    return {
        "transactions": [row.list_json() for row in rows],
        "next_cursor": Cursor(rows[-1].created_at, rows[-1].transaction_id).text() if names_next else "",
        "previous_cursor": Cursor(rows[0].created_at, rows[0].transaction_id, ascending=True).text()
        if rows and page.has_newer
        else "",
        "total_count": page.total,
        "has_more": page.has_older,
    }


def _direction(text: str | None) -> str | None:
    if text is not None and text not in ("credit", "debit"):
        raise Refusal(Reason.BAD_REQUEST, "type must be credit or debit")
    return text


def _states(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    if text not in STATUS_FILTER:
        raise Refusal(Reason.BAD_REQUEST, f"status must be one of {', '.join(STATUS_FILTER)}")
    return STATUS_FILTER[text]


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    limit = int(text) if _WHOLE_NUMBER.fullmatch(text) else 0
    if not 1 <= limit <= LARGEST_LIMIT:
        raise Refusal(Reason.BAD_REQUEST, f"limit must be between 1 and {LARGEST_LIMIT}")
    return limit


def _cursor(text: str | None) -> Cursor | None:
    if not text:
        return None
    try:
        return Cursor.read(text)
    except BrokenCursor as error:
        raise Refusal(Reason.BAD_REQUEST, "cursor is not valid") from error

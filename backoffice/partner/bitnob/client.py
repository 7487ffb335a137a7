"""The client for Bitnob: one method per documented endpoint, reads only.

Nothing in Bitnob's address tells production from sandbox, so the first thing a client does is to ask whose credentials
it holds, and it asks for nothing else until the answer is the environment in the settings.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal
from urllib.parse import quote, urlencode

import requests

from backoffice.partner.addresses import path_segment
from backoffice.partner.bitnob.answers import (
    check_answered,
    read_accounts,
    read_data,
    read_identity,
    read_transactions,
)
from backoffice.partner.bitnob.config import BitnobConfig
from backoffice.partner.bitnob.errors import WRONG_ENVIRONMENT, WrongEnvironment
from backoffice.partner.bitnob.payloads import AccountBalance, CurrencyBalance, Identity, Transaction
from backoffice.partner.bitnob.signing import new_nonce, sign
from backoffice.partner.clock import Clock, SystemClock
from backoffice.partner.connection import HardenedSession
from backoffice.partner.exchange import Exchange
from backoffice.partner.http import Authorization, Transport
from backoffice.partner.limits import Limiter, TokenBucket
from backoffice.partner.pages import CursorPage

MAX_LIMIT: Final = 100
_BURST: Final = 10


class BitnobClient:
    """One account at Bitnob; https://docs.bitnob.com/api-reference/authentication."""

    def __init__(
        self,
        config: BitnobConfig,
        *,
        clock: Clock | None = None,
        limiter: Limiter | None = None,
        open_session: Callable[[], requests.Session] = HardenedSession,
    ) -> None:
        self.config = config
        self._clock = clock or SystemClock()
        self._environment_confirmed = False
        self._transport = Transport(
            "bitnob",
            config.base_url,
            deadline_seconds=config.deadline_seconds,
            clock=self._clock,
            limiter=limiter or TokenBucket(per_minute=config.requests_per_minute, burst=_BURST, clock=self._clock),
            open_session=open_session,
        )

    @property
    def clock_skew(self) -> float | None:
        """Seconds our clock is ahead of the partner's, as far as the latest answer proves; None before any."""
        return self._transport.clock_skew

    def whoami(self) -> Identity:
        """Return who our credentials are; https://docs.bitnob.com/api-reference/authentication."""
        return read_identity(self._ask("/api/whoami"))

    def confirm_environment(self) -> None:
        """Ask whose credentials these are, until told once. Raises `WrongEnvironment` if another environment's.

        Without a lock on purpose: threads that ask at the same time ask twice, which is harmless, while a lock would
        make them wait for each other's deadlines when the partner is down.
        """
        if not self._environment_confirmed:
            self._check_environment()
            self._environment_confirmed = True

    def transactions(
        self,
        cursor: str | None = None,
        limit: int = MAX_LIMIT,
        *,
        type: Literal["credit", "debit"] | None = None,
        status: str | None = None,
        currency: str | None = None,
    ) -> CursorPage[Transaction]:
        """Return one page, newest first; https://www.bitnob.dev/api-reference/transactions.

        `type` is the direction and `status` one of ``pending``, ``completed``, ``failed``: other words than a
        transaction's own `type` and `state`. Filters must stay the same from page to page.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"a page holds 1 to {MAX_LIMIT} transactions")
        query = {"cursor": cursor, "limit": limit, "type": type, "status": status, "currency": currency}
        return read_transactions(self._confirmed("/api/transactions", query))

    def transaction(self, id_or_reference: str) -> Transaction:
        """Return one transaction by its id or a reference, which several may share; raises `NotFound`.

        https://www.bitnob.dev/api-reference/transactions
        """
        return read_data(Transaction, self._confirmed(f"/api/transactions/{path_segment(id_or_reference)}"))

    def balances(self) -> tuple[AccountBalance, ...]:
        """Return every account with its balances; https://www.bitnob.dev/api-reference/transactions."""
        return read_accounts(self._confirmed("/api/balances"))

    def balance(self, currency: str) -> CurrencyBalance:
        """Return the balance of one currency, or raise `NotFound`; https://www.bitnob.dev/api-reference/transactions."""
        return read_data(CurrencyBalance, self._confirmed(f"/api/balances/{path_segment(currency)}"))

    # The wire ---------------------------------------------------------------------------------------------------------

    def _check_environment(self) -> None:
        exchange = self._ask("/api/whoami")
        found, expected = read_identity(exchange).environment, self.config.environment
        if found != expected:
            raise WrongEnvironment(
                WRONG_ENVIRONMENT, parameters={"found": found, "expected": expected}, exchange=exchange
            )

    def _confirmed(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Exchange:
        self.confirm_environment()
        return self._ask(path, query)

    def _ask(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Exchange:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(given, quote_via=quote, safe='')}" if given else path
        exchange = self._transport.read(target, self._sign)
        check_answered(exchange)
        return exchange

    def _sign(self, _method: str, _target: str, body: bytes) -> Authorization:
        return sign(self.config, int(self._clock.wall()), new_nonce(), body)

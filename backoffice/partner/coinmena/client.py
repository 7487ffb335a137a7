"""The client for CoinMENA's partner interface: one method per documented endpoint.

Reads return typed values or raise `PartnerUnavailable`, `PartnerRefused` or `PartnerAnswerInvalid`. Orders are posted
once and never raise: the caller gets the exchange and has `partner.outcome` say what it proves.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import quote, urlencode

import requests

from backoffice.money import MAX_TYPED_DECIMALS, parse_typed_amount, to_plain
from backoffice.partner.addresses import path_segment
from backoffice.partner.clock import Clock, SystemClock
from backoffice.partner.coinmena.answers import (
    OrderLookup,
    check_answered,
    invalid_answer,
    read_all,
    read_page,
    read_result,
    refusal_in,
)
from backoffice.partner.coinmena.config import CoinmenaConfig
from backoffice.partner.coinmena.errors import InvalidClient, OrderNotFound
from backoffice.partner.coinmena.payloads import Asset, Balance, Client, Country, Order, OrderKind
from backoffice.partner.coinmena.signing import sign, timestamp_of
from backoffice.partner.connection import HardenedSession
from backoffice.partner.errors import PartnerRefused
from backoffice.partner.exchange import Exchange
from backoffice.partner.http import Authorization, SendBy, Transport
from backoffice.partner.limits import Limiter, NoLimit
from backoffice.partner.pages import Page
from backoffice.partner.reading import reading

_ORDER_PATHS: Final = {OrderKind.DEPOSIT: "/v1/partner/deposits", OrderKind.WITHDRAWAL: "/v1/partner/withdrawals"}


def body_of(*, partner_client_id: str, asset_id: str, amount: Decimal, partner_order_ref: str) -> bytes:
    """Return the bytes that ask for one order; every sending of it, signed anew, carries these very bytes.

    Raises `AmountError` for an amount the partner's contract does not allow.
    """
    plain = to_plain(amount)
    parse_typed_amount(plain, max_decimals=MAX_TYPED_DECIMALS)
    fields = {
        "partner_client_id": partner_client_id,
        "asset_id": asset_id,
        "amount": plain,
        "partner_order_ref": partner_order_ref,
    }
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


class CoinmenaClient:
    """One partner account at CoinMENA; https://docs.coinmena.com/docs/authentication."""

    def __init__(
        self,
        config: CoinmenaConfig,
        *,
        clock: Clock | None = None,
        limiter: Limiter | None = None,
        open_session: Callable[[], requests.Session] = HardenedSession,
    ) -> None:
        self.config = config
        self._clock = clock or SystemClock()
        self._transport = Transport(
            "coinmena",
            config.base_url,
            deadline_seconds=config.deadline_seconds,
            clock=self._clock,
            limiter=limiter or NoLimit(),
            open_session=open_session,
        )

    @property
    def environment(self) -> str:
        """The digest of address and partner id that every attempt is recorded under."""
        return self.config.environment

    @property
    def clock_skew(self) -> float | None:
        """Seconds our clock is ahead of the partner's, as far as the latest answer proves; None before any."""
        return self._transport.clock_skew

    @property
    def signing_time(self) -> datetime:
        """The time that a request would be signed with now, by this machine's clock."""
        return datetime.fromtimestamp(self._clock.wall(), UTC)

    # Assets and clients -----------------------------------------------------------------------------------------------

    def assets(self) -> tuple[Asset, ...]:
        """Return all assets; https://docs.coinmena.com/docs/funding-and-reconciliation."""
        return read_all(Asset, self._read("/v1/public/assets", signed=False))

    def countries(self) -> tuple[Country, ...]:
        """Return the supported countries; https://docs.coinmena.com/docs/onboarding-a-client."""
        return read_all(Country, self._read("/v1/public/countries", signed=False))

    def clients(self, page: int = 1, page_size: int = 100) -> Page[Client]:
        """Return one page of our clients; https://docs.coinmena.com/docs/clients."""
        return read_page(Client, self._read("/v1/partner/clients", {"page": page, "page_size": page_size}))

    def client(self, partner_client_id: str) -> Client:
        """Return one client, or raise `InvalidClient`; https://docs.coinmena.com/docs/clients."""
        path = f"/v1/partner/clients/{path_segment(partner_client_id)}"
        return read_result(Client, self._read(path, not_found=InvalidClient))

    def set_activation(self, partner_client_id: str, active: bool) -> Client:
        """Switch a client on or off, which blocks funding but deletes nothing; https://docs.coinmena.com/docs/clients.

        Sent once; setting the same state again does no harm, so after `PartnerUnavailable` it may be repeated.
        """
        path = f"/v1/partner/clients/{path_segment(partner_client_id)}/activation"
        exchange = self._write("PUT", path, json.dumps({"active": active}, separators=(",", ":")).encode("ascii"))
        check_answered(exchange, not_found=InvalidClient)
        return read_result(Client, exchange)

    # Balances ---------------------------------------------------------------------------------------------------------

    def balances(self, partner_client_id: str) -> tuple[Balance, ...]:
        """Return every balance of one client, fresh; https://docs.coinmena.com/docs/funding-and-reconciliation."""
        return read_all(Balance, self._read("/v1/partner/balances", {"partner_client_id": partner_client_id}))

    def balance(self, partner_client_id: str, asset_id: str) -> Balance:
        """Return one balance of one client, fresh; https://docs.coinmena.com/docs/funding-and-reconciliation."""
        path = f"/v1/partner/balances/{path_segment(asset_id)}"
        exchange = self._read(path, {"partner_client_id": partner_client_id})
        balance = read_result(Balance, exchange)
        if balance.asset_id != asset_id:
            raise invalid_answer(exchange, "the balance of another asset")
        return balance

    # Orders that move money -------------------------------------------------------------------------------------------

    def deposit(self, *, partner_client_id: str, asset_id: str, amount: Decimal, partner_order_ref: str) -> Exchange:
        """Credit fiat to a client, sent once; https://docs.coinmena.com/docs/funding."""
        body = body_of(
            partner_client_id=partner_client_id, asset_id=asset_id, amount=amount, partner_order_ref=partner_order_ref
        )
        return self.post_order(OrderKind.DEPOSIT, body)

    def withdraw(self, *, partner_client_id: str, asset_id: str, amount: Decimal, partner_order_ref: str) -> Exchange:
        """Debit fiat from a client, sent once; https://docs.coinmena.com/docs/funding."""
        body = body_of(
            partner_client_id=partner_client_id, asset_id=asset_id, amount=amount, partner_order_ref=partner_order_ref
        )
        return self.post_order(OrderKind.WITHDRAWAL, body)

    def post_order(self, kind: OrderKind, body: bytes, *, send_by: SendBy | None = None) -> Exchange:
        """Send bytes made by `body_of` exactly once and return what came of it; raises nothing the line can cause.

        Signed by `send_by`, or never sent.
        """
        return self._write("POST", _ORDER_PATHS[kind], body, send_by)

    # Orders that exist ------------------------------------------------------------------------------------------------

    def orders(
        self,
        page: int = 1,
        page_size: int = 100,
        *,
        partner_client_id: str | None = None,
        from_datetime: datetime | None = None,
        to_datetime: datetime | None = None,
        status: str | None = None,
    ) -> Page[Order]:
        """Return one page of orders created in a window; https://docs.coinmena.com/docs/orders.

        The partner takes whole seconds: the window is widened to them, so callers drop what lies outside of theirs.
        """
        filters = {
            "partner_client_id": partner_client_id,
            "from_datetime": _whole_second(from_datetime) if from_datetime else None,
            "to_datetime": _whole_second(to_datetime, round_up=True) if to_datetime else None,
            "status": status,
            "page": page,
            "page_size": page_size,
        }
        return read_page(Order, self._read("/v1/partner/orders", filters))

    def order(self, order_id: int) -> Order:
        """Return one order by CoinMENA's number, or raise `OrderNotFound`; https://docs.coinmena.com/docs/orders."""
        return read_result(Order, self._read(f"/v1/partner/orders/{order_id:d}", not_found=OrderNotFound))

    def order_by_reference(self, partner_order_ref: str) -> OrderLookup:
        """Look up one order by our reference; a "not found" is returned as evidence, not raised.

        https://docs.coinmena.com/docs/funding-and-reconciliation, step 4.
        """
        exchange = self._get(f"/v1/partner/orders/ref/{path_segment(partner_order_ref)}")
        if exchange.status == 404 and exchange.is_whole:
            with reading(exchange, invalid_answer):
                return OrderLookup(exchange, None, refusal_in(exchange) is not None)
        check_answered(exchange, not_found=OrderNotFound)
        return OrderLookup(exchange, read_result(Order, exchange), has_envelope=True)

    # The wire ---------------------------------------------------------------------------------------------------------

    def _read(
        self,
        path: str,
        query: Mapping[str, str | int | None] | None = None,
        *,
        signed: bool = True,
        not_found: type[PartnerRefused] = PartnerRefused,
    ) -> Exchange:
        exchange = self._get(path, query, signed=signed)
        check_answered(exchange, not_found=not_found)
        return exchange

    def _get(self, path: str, query: Mapping[str, str | int | None] | None = None, *, signed: bool = True) -> Exchange:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(given, quote_via=quote)}" if given else path
        return self._transport.read(target, self._sign if signed else _unsigned)

    def _write(self, method: str, path: str, body: bytes, send_by: SendBy | None = None) -> Exchange:
        return self._transport.write(method, path, body, self._sign, send_by=send_by)

    def _sign(self, method: str, target: str, body: bytes) -> Authorization:
        return sign(self.config, timestamp_of(self._clock.wall()), method, target, body)


def _unsigned(_method: str, _target: str, _body: bytes) -> Authorization:
    return Authorization()


def _whole_second(moment: datetime, *, round_up: bool = False) -> str:
    if moment.tzinfo is None:
        raise ValueError("a window is given in times with their offset")
    up = timedelta(seconds=1) if round_up and moment.microsecond else timedelta()
    return (moment.astimezone(UTC).replace(microsecond=0) + up).strftime("%Y-%m-%dT%H:%M:%SZ")

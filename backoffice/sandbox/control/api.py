"""Which method and path of the control path does what, and what concerns the sandbox as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from backoffice.sandbox.clock import http_date
from backoffice.sandbox.coinmena.records import Client
from backoffice.sandbox.control import orders, transactions
from backoffice.sandbox.control.ledger import ledger_json
from backoffice.sandbox.control.reading import (
    ControlError,
    amount_in,
    body_of,
    known_only,
    number_in,
    partner_in,
    required,
)
from backoffice.sandbox.messages import Json, Reply, Request, json_reply

if TYPE_CHECKING:
    from backoffice.sandbox.app import Sandbox

_FLAGS: Final = ("published", "depositable", "withdrawable")
_CLIENT_FIELDS: Final = ("status", "active", "country_id", "first_name", "last_name")


class Control:
    """Answers `/control/...`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answer(self, request: Request) -> Reply:
        try:
            return json_reply(200, self._endpoint(request)(request))
        except ControlError as error:
            return json_reply(error.status, {"error": str(error)})

    def _endpoint(self, request: Request) -> Callable[[Request], Json]:
        match request.method, request.segments[1:]:
            case "GET", ("health",):
                return self._health
            case "GET", ("ledger",):
                return lambda request: ledger_json(self._sandbox, request.query)
            case "GET", ("faults",):
                return self._list_faults
            case "POST", ("faults",):
                return self._add_fault
            case "DELETE", ("faults",):
                return self._clear_faults
            case "DELETE", ("faults", rule_id):
                return lambda request: self._remove_fault(rule_id)
            case "POST", ("orders",):
                return lambda request: orders.create(self._sandbox, body_of(request))
            case "POST", ("orders", order_id):
                return lambda request: orders.change(self._sandbox, order_id, body_of(request))
            case "POST", ("transactions",):
                return lambda request: transactions.create(self._sandbox, body_of(request))
            case "POST", ("transactions", transaction_id, "state"):
                return lambda request: transactions.move(self._sandbox, transaction_id, body_of(request))
            case "POST", ("clients",):
                return self._create_clients
            case "POST", ("clients", client_id):
                return lambda request: self._change_client(client_id, body_of(request))
            case "POST", ("assets", asset_id):
                return lambda request: self._change_asset(asset_id, body_of(request))
            case "POST", ("adjustments",):
                return self._adjust
            case method, path:
                return self._state_endpoint(method, path)

    def _state_endpoint(self, method: str, path: tuple[str, ...]) -> Callable[[Request], Json]:
        """Return the endpoint that sets how the sandbox as a whole behaves."""
        endpoints: dict[tuple[str, tuple[str, ...]], Callable[[Request], Json]] = {
            ("POST", ("clock",)): self._set_clock,
            ("POST", ("latency",)): self._set_latency,
            ("GET", ("settings",)): lambda request: self._sandbox.switches.as_dict(),
            ("POST", ("settings",)): self._change_settings,
            ("POST", ("down",)): self._go_down,
            ("POST", ("reset",)): self._reset,
        }
        if (method, path) not in endpoints:
            raise ControlError(f"There is no {method} /control/{'/'.join(path)}.", status=404)
        return endpoints[method, path]

    # The sandbox as a whole -------------------------------------------------------------------------------------------

    def _health(self, request: Request) -> Json:
        return {"ready": True, "now": http_date(self._sandbox.clock.nanoseconds())}

    def _set_clock(self, request: Request) -> Json:
        """Put the partners' clock ahead (or behind, below zero) of the real one by so many seconds."""
        self._sandbox.clock.offset_seconds = number_in(body_of(request), "offset_seconds")
        return self._health(request)

    def _set_latency(self, request: Request) -> Json:
        self._sandbox.switches.latency_ms = number_in(body_of(request), "milliseconds")
        return self._sandbox.switches.as_dict()

    def _change_settings(self, request: Request) -> Json:
        try:
            self._sandbox.switches.change(body_of(request))
        except ValueError as error:
            raise ControlError(str(error)) from error
        return self._sandbox.switches.as_dict()

    def _go_down(self, request: Request) -> Json:
        seconds = number_in(body_of(request), "seconds")
        self._sandbox.go_down(seconds)
        return {"down_seconds": seconds}

    def _reset(self, request: Request) -> Json:
        content = known_only(body_of(request), ("history", "seed"))
        try:
            self._sandbox.reset(history=content.get("history", "none"), seed=int(content.get("seed", 1)))
        except ValueError as error:
            raise ControlError(str(error)) from error
        return self._health(request)

    # Faults -----------------------------------------------------------------------------------------------------------

    def _list_faults(self, request: Request) -> Json:
        return {"faults": [rule.as_json() for rule in self._sandbox.faults.rules()]}

    def _add_fault(self, request: Request) -> Json:
        try:
            return self._sandbox.faults.add(body_of(request)).as_json()
        except ValueError as error:
            raise ControlError(str(error)) from error

    def _clear_faults(self, request: Request) -> Json:
        fired = self._list_faults(request)
        self._sandbox.faults.clear()
        return fired

    def _remove_fault(self, rule_id: str) -> Json:
        if not (rule_id.isdecimal() and self._sandbox.faults.remove(int(rule_id))):
            raise ControlError(f"There is no fault {rule_id}.", status=404)
        return {}

    # Clients, assets, balances ----------------------------------------------------------------------------------------

    def _create_clients(self, request: Request) -> Json:
        """Register clients of any status: one object, or several under `clients`; all or none."""
        content = body_of(request)
        wanted = content.get("clients", [content])
        with self._sandbox.store.transaction():
            return {"clients": [self._create_client(client) for client in wanted]}

    def _create_client(self, content: dict[str, Any]) -> Json:
        known_only(content, ("partner_client_id", "partner", *_CLIENT_FIELDS))
        details = {name: content[name] for name in _CLIENT_FIELDS if name in content}
        partner, client_id = partner_in(content), required(content, "partner_client_id")
        if self._sandbox.directory.client(partner, client_id):
            raise ControlError(f"There is a client {client_id} already.", status=409)
        return self._sandbox.directory.add_client(partner, Client(client_id, **details)).as_json()

    def _change_client(self, client_id: str, content: dict[str, Any]) -> Json:
        known_only(content, ("partner", *_CLIENT_FIELDS))
        details = {name: content[name] for name in _CLIENT_FIELDS if name in content}
        client = self._sandbox.directory.client(partner_in(content), client_id)
        if client is None:
            raise ControlError(f"There is no client {client_id}.", status=404)
        return self._sandbox.directory.change_client(partner_in(content), client, **details).as_json()

    def _change_asset(self, asset_id: str, content: dict[str, Any]) -> Json:
        known_only(content, _FLAGS)
        asset = self._sandbox.directory.asset(asset_id)
        if asset is None:
            raise ControlError(f"There is no asset {asset_id}.", status=404)
        changed = replace(asset, **content)
        self._sandbox.directory.save_asset(changed)
        return changed.as_json()

    def _adjust(self, request: Request) -> Json:
        """Move a client's balance without an order: `change` adds, `held` sets what cannot be moved."""
        content = known_only(body_of(request), ("partner", "client", "asset", "change", "held"))
        partner, client, asset = partner_in(content), required(content, "client"), required(content, "asset")
        if self._sandbox.directory.asset(asset) is None:
            raise ControlError(f"There is no asset {asset}.", status=404)
        held = amount_in(content, "held") if "held" in content else None
        change = amount_in(content, "change") if "change" in content else Decimal(0)
        self._sandbox.ledger.adjust(partner=partner, client=client, asset=asset, change=change, held=held)
        balance = self._sandbox.ledger.balance(partner, client, asset)
        return balance.as_json() if balance else None

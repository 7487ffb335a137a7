"""CoinMENA's endpoints. The order of the checks is the contract's: signature, form, reference, client, asset, funds."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.coinmena import reading
from backoffice.sandbox.coinmena.directory import COUNTRIES, ClientExists, Directory
from backoffice.sandbox.coinmena.ledger import InsufficientFunds, Ledger, ReferenceTaken
from backoffice.sandbox.coinmena.listing import OrderFilter
from backoffice.sandbox.coinmena.records import Client, Order, funding_draft
from backoffice.sandbox.coinmena.refusals import Reason, Refusal
from backoffice.sandbox.messages import Json, Reply, Request, json_reply
from backoffice.sandbox.script import Script
from backoffice.sandbox.signatures import CoinMenaDoor, Unauthorized
from backoffice.sandbox.switches import Switches

#: The pseudo client under which the partner's own balances stand (assumption A11).
OWN_ACCOUNT: Final = ""
_ANY: Final = "*"


@dataclass(frozen=True)
class Call:
    """One signed request: who sent it, and the parts of its path that vary."""

    request: Request
    partner: str
    varying: tuple[str, ...]
    script: Script


class CoinMena:
    """Answers every documented request of CoinMENA's partner API."""

    def __init__(self, ledger: Ledger, directory: Directory, door: CoinMenaDoor, clock: Clock, switches: Switches):
        self._ledger = ledger
        self._directory = directory
        self._door = door
        self._clock = clock
        self._switches = switches
        self._routes: dict[tuple[str, ...], dict[str, Callable[[Call], Json]]] = {
            ("public", "assets"): {"GET": self._list_assets},
            ("public", "countries"): {"GET": self._list_countries},
            ("partner", "deposits"): {"POST": self._deposit},
            ("partner", "withdrawals"): {"POST": self._withdraw},
            ("partner", "balances"): {"GET": self._list_balances},
            ("partner", "balances", _ANY): {"GET": self._one_balance},
            ("partner", "orders"): {"GET": self._list_orders},
            ("partner", "orders", _ANY): {"GET": self._order_by_id},
            ("partner", "orders", "ref", _ANY): {"GET": self._order_by_reference},
            ("partner", "clients"): {"GET": self._list_clients, "POST": self._create_client},
            ("partner", "clients", _ANY): {"GET": self._one_client, "PUT": self._update_client},
            ("partner", "clients", _ANY, "activation"): {"PUT": self._activate_client},
        }

    def admit(self, request: Request) -> str:
        """Return the partner who sent the request, or nobody for a public endpoint (assumption A1).

        :raises Refusal: 401, the same for every cause.
        """
        if request.segments[1:2] == ("public",):
            return ""
        try:
            return self._door.partner_of(request)
        except Unauthorized as error:
            raise Refusal(Reason.UNAUTHORIZED) from error

    def answer(self, request: Request, partner: str, script: Script) -> Reply:
        """Carry out a request already admitted.

        :raises Refusal: nothing was applied.
        """
        pattern, varying = self._route(request.segments[1:])
        endpoint = self._routes[pattern].get(request.method)
        if endpoint is None:
            raise Refusal(Reason.METHOD_NOT_ALLOWED)
        return json_reply(200, endpoint(Call(request, partner, varying, script)))

    def _route(self, parts: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        for pattern in self._routes:
            if len(pattern) == len(parts) and all(p in (_ANY, part) for p, part in zip(pattern, parts, strict=True)):
                varying = tuple(part for p, part in zip(pattern, parts, strict=True) if p == _ANY)
                return pattern, varying
        raise Refusal(Reason.NOT_FOUND)

    # Public -----------------------------------------------------------------------------------------------------------

    def _list_assets(self, call: Call) -> Json:
        return {"items": [asset.as_json() for asset in self._directory.assets()]}

    def _list_countries(self, call: Call) -> Json:
        return {"items": [{"id": id, "name": name} for id, name in COUNTRIES.items()]}

    # Funding ----------------------------------------------------------------------------------------------------------

    def _deposit(self, call: Call) -> Json:
        return self._fund(call, "deposit")

    def _withdraw(self, call: Call) -> Json:
        return self._fund(call, "withdrawal")

    def _fund(self, call: Call, order_type: str) -> Json:
        """Check and book in one transaction, so that two requests with one reference cannot both pass the check."""
        wanted = reading.FundingRequest.read(call.request)
        draft = funding_draft(
            partner=call.partner,
            client=wanted.client,
            type=order_type,
            asset=wanted.asset,
            amount=str(Decimal(wanted.amount)),
            reference=wanted.reference,
            created_at=self._clock.microseconds(),
            status=call.script.order_status,
        )
        with self._ledger.store.transaction():
            self._check_reference(call.partner, wanted.reference)
            self._check_client(self._client(call.partner, wanted.client))
            self._check_asset(wanted.asset, order_type)
            try:
                self._ledger.check_funds(draft)
                order = self._ledger.place(draft)
            except InsufficientFunds as error:
                raise Refusal(Reason.INSUFFICIENT_FUNDS) from error
            except ReferenceTaken as error:
                raise Refusal(Reason.DUPLICATE_REFERENCE) from error
        return {"result": order.full_json()}

    def _check_reference(self, partner: str, reference: str) -> None:
        """Refuse a used reference before anything else is looked at (assumption A21)."""
        if self._ledger.uses(partner, reference):
            raise Refusal(Reason.DUPLICATE_REFERENCE)

    def _check_client(self, client: Client) -> None:
        if client.status != "verified":
            raise Refusal(Reason.CLIENT_NOT_VERIFIED)
        if not client.active:
            raise Refusal(Reason.CLIENT_DEACTIVATED)

    def _check_asset(self, asset_id: str, order_type: str) -> None:
        asset = self._directory.asset(asset_id)
        if asset is None or not asset.may_fund(order_type):
            raise Refusal(Reason.INVALID_ASSET)

    # Balances ---------------------------------------------------------------------------------------------------------

    def _list_balances(self, call: Call) -> Json:
        owner = self._balance_owner(call)
        return {"items": [balance.as_json() for balance in self._ledger.balances(call.partner, owner)]}

    def _one_balance(self, call: Call) -> Json:
        balance = self._ledger.balance(call.partner, self._balance_owner(call), call.varying[0])
        if balance is None:
            raise Refusal(Reason.INVALID_ASSET)
        return {"result": balance.as_json()}

    def _balance_owner(self, call: Call) -> str:
        client_id = call.request.query.get("partner_client_id")
        return OWN_ACCOUNT if client_id is None else self._client(call.partner, client_id).partner_client_id

    # Orders -----------------------------------------------------------------------------------------------------------

    def _list_orders(self, call: Call) -> Json:
        query, faults = call.request.query, reading.Faults()
        asked = reading.PageRequest.read(query, faults)
        wanted = OrderFilter(
            partner=call.partner,
            client=query.get("partner_client_id"),
            status=reading.read_status(query, faults),
            from_microseconds=reading.read_window_end(query, "from_datetime", faults),
            to_microseconds=reading.read_window_end(query, "to_datetime", faults),
        )
        faults.refuse_if_any()
        return self._order_page(wanted, asked, call.script)

    def _order_page(self, wanted: OrderFilter, asked: reading.PageRequest, script: Script) -> Json:
        size = script.page_size or asked.page_size
        page = script.page_served or asked.page
        offset = max((page - 1) * size - script.rows_shifted, 0)
        orders, total = self._ledger.page(wanted, offset=offset, limit=size)
        shown = [order for order in orders if not self._lags(order, script)]
        return {
            "items": [self._write(order, order.list_json()) for order in shown],
            "total": total - (len(orders) - len(shown)),
            "page": asked.page,
            "page_size": size,
        }

    def _order_by_id(self, call: Call) -> Json:
        text = call.varying[0]
        is_id = text.isascii() and text.isdigit() and len(text) < 19
        return self._found(self._ledger.order(call.partner, int(text)) if is_id else None, call.script)

    def _order_by_reference(self, call: Call) -> Json:
        return self._found(self._ledger.order_by_reference(call.partner, call.varying[0]), call.script)

    def _found(self, order: Order | None, script: Script) -> Json:
        if order is None or self._lags(order, script):
            raise Refusal(Reason.NOT_FOUND)
        return {"result": self._write(order, order.lookup_json())}

    def _lags(self, order: Order, script: Script) -> bool:
        age = self._clock.microseconds() - order.stored_at
        return script.lag_seconds > 0 and age < script.lag_seconds * 1_000_000

    def _write(self, order: Order, short: Json) -> Json:
        return order.full_json() if self._switches.order_shape == "full" else short

    # Clients ----------------------------------------------------------------------------------------------------------

    def _list_clients(self, call: Call) -> Json:
        faults = reading.Faults()
        asked = reading.PageRequest.read(call.request.query, faults)
        faults.refuse_if_any()
        offset = (asked.page - 1) * asked.page_size
        clients, total = self._directory.clients(call.partner, offset=offset, limit=asked.page_size)
        items = [client.as_json() for client in clients]
        return {"items": items, "total": total, "page": asked.page, "page_size": asked.page_size}

    def _one_client(self, call: Call) -> Json:
        return {"result": self._client(call.partner, call.varying[0]).as_json()}

    def _create_client(self, call: Call) -> Json:
        """Register a client: verified and active at once, as the documents promise."""
        content = reading.read_object(call.request)
        faults = reading.Faults()
        if fault := reading.identifier_fault(content.get("partner_client_id")):
            faults.add("partner_client_id", fault)
        details = _client_details(content, faults)
        faults.refuse_if_any()
        try:
            client = self._directory.add_client(call.partner, Client(content["partner_client_id"], **details))
        except ClientExists as error:
            taken = {"partner_client_id": ["A client with this ID exists already."]}
            raise Refusal(Reason.INVALID_REQUEST, taken) from error
        return {"result": client.as_json()}

    def _update_client(self, call: Call) -> Json:
        content = reading.read_object(call.request)
        faults = reading.Faults()
        details = _client_details(content, faults)
        if content.get("partner_client_id", call.varying[0]) != call.varying[0]:
            faults.add("partner_client_id", "Cannot be changed.")
        faults.refuse_if_any()
        with self._ledger.store.transaction():
            client = self._client(call.partner, call.varying[0])
            return {"result": self._directory.change_client(call.partner, client, **details).as_json()}

    def _activate_client(self, call: Call) -> Json:
        """Set `active`; repeating it changes nothing (assumption A10)."""
        active = reading.read_object(call.request).get("active")
        if not isinstance(active, bool):
            raise Refusal(Reason.INVALID_REQUEST, {"active": ["Must be true or false."]})
        with self._ledger.store.transaction():
            client = self._client(call.partner, call.varying[0])
            return {"result": self._directory.change_client(call.partner, client, active=active).as_json()}

    def _client(self, partner: str, partner_client_id: str) -> Client:
        client = self._directory.client(partner, partner_client_id)
        if client is None:
            raise Refusal(Reason.INVALID_CLIENT)
        return client


def _client_details(content: dict[str, Json], faults: reading.Faults) -> dict[str, Json]:
    """Return the fields of a client that create and update share and that were sent."""
    names = ("first_name", "last_name", "country_id")
    details: dict[str, Json] = {name: content[name] for name in names if name in content}
    for name, text in details.items():
        if fault := reading.text_fault(text):
            faults.add(name, fault)
    if isinstance(country := details.get("country_id"), str) and country not in COUNTRIES:
        faults.add("country_id", "Must be one of the supported countries.")
    return details

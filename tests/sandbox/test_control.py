"""The control path: the oracle's view, and what happens at the partners without us."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.arrivals import Arrival
from backoffice.sandbox.messages import Reply, Request
from tests.sandbox.callers import ManualClock, Partners

DEPOSIT = {"client": "user_12345", "type": "deposit", "asset": "USD", "amount": "10.00"}


def post(partners: Partners, path: str, content: Any) -> Reply:
    return partners.send(Request("POST", f"/control/{path}", {}, json.dumps(content).encode()))


def test_the_ledger_tells_arrivals_with_their_digests(partners: Partners) -> None:
    partners.fund("r", "1.00")
    partners.fund("r", "1.00")
    partners.fund("r", "2.00")

    arrivals = partners.control("GET", "ledger?reference=r")["arrivals"]

    assert [one["status"] for one in arrivals] == [200, 409, 409]
    assert arrivals[0]["body_digest"] == arrivals[1]["body_digest"] != arrivals[2]["body_digest"]
    assert {(one["path"], one["client"], one["overlapping"]) for one in arrivals} == {
        ("/v1/partner/deposits", "user_12345", 0)
    }


def test_movements_add_up_to_the_balances(partners: Partners) -> None:
    partners.fund("dep", "12.34")
    partners.withdraw("wd", "0.34")

    ledger = partners.control("GET", "ledger")

    sums: dict[tuple[str, str], Decimal] = {}
    for movement in ledger["movements"]:
        if movement["partner"] == "demo-partner":
            key = (movement["client"], movement["asset"])
            sums[key] = sums.get(key, Decimal(0)) + Decimal(movement["change"])
    told = {
        (client, asset): Decimal(balance["balance"])
        for client, assets in ledger["balances"].items()
        for asset, balance in assets.items()
    }
    assert sums == told


def test_the_ledger_counts_requests(partners: Partners) -> None:
    partners.lookup("x")
    partners.lookup("x")

    assert partners.control("GET", "ledger")["requests"]["GET /v1/partner/orders/ref/x"] == 2


def test_the_ledger_is_narrowed_down(partners: Partners) -> None:
    first = partners.fund("one").json["result"]["id"]
    partners.fund("two", partner_client_id="user_31190")

    def references(query: str) -> list[str]:
        return [order["partner_order_ref"] for order in partners.control("GET", f"ledger?{query}")["orders"]]

    assert references("reference=two") == references(f"after={first}") == ["two"]
    assert references("client=user_12345")[-1] == "one"


def test_orders_made_elsewhere_keep_their_time_and_reference(partners: Partners) -> None:
    order = {**DEPOSIT, "reference": "dep-2026-abc", "created_at": "2026-10-30T08:15:00Z"}

    partners.control("POST", "orders", order)

    found = partners.lookup("dep-2026-abc").json["result"]
    assert (found["created_at"], found["debit"]) == ("2026-10-30T08:15:00Z", "10.00")
    assert partners.fund("dep-2026-abc").json["code"] == 2020


def test_orders_made_elsewhere_come_all_or_none(partners: Partners) -> None:
    before = partners.available()
    too_much = {**DEPOSIT, "type": "withdrawal", "amount": "99999999"}

    reply = post(partners, "orders", {"orders": [DEPOSIT, too_much]})

    assert (reply.status, "overdraw" in reply.json["error"]) == (409, True)
    assert partners.available() == before


@pytest.mark.parametrize(
    ("order", "licence"),
    [
        ({**DEPOSIT, "client": "stranger"}, "unknown_client"),
        ({**DEPOSIT, "type": "withdrawal", "amount": "99999999"}, "overdraw"),
        ({**DEPOSIT, "reference": "core-000001"}, "duplicate"),
    ],
)
def test_what_an_order_may_break_must_be_said(partners: Partners, order: dict[str, Any], licence: str) -> None:
    refused, allowed = post(partners, "orders", order), post(partners, "orders", {**order, licence: True})

    assert (refused.status >= 400, licence in refused.json["error"], allowed.status) == (True, True, 200)


def test_a_duplicate_reference_shows_twice_in_the_list_and_the_first_answers(partners: Partners) -> None:
    first = partners.control("POST", "orders", {**DEPOSIT, "reference": "twice"})["orders"][0]
    partners.control("POST", "orders", {**DEPOSIT, "reference": "twice", "duplicate": True})

    items = partners.coinmena("GET", "/v1/partner/orders?page_size=100").json["items"]

    assert [item.get("partner_order_ref") for item in items].count("twice") == 2
    assert partners.lookup("twice").json["result"]["id"] == first["id"]


def test_a_trade_moves_both_balances(partners: Partners) -> None:
    trade = {"client": "user_12345", "type": "buy", "debit": "100.25", "debit_asset": "USD", "credit": "0.001"}

    partners.control("POST", "orders", {**trade, "credit_asset": "BTC", "price": "100250"})

    assert partners.available() == "22740.00"
    assert partners.available(asset="BTC") == "0.00100000"


def test_an_amount_can_be_corrected_by_the_partner(partners: Partners) -> None:
    order = partners.fund("r", "500.00").json["result"]

    partners.control("POST", f"orders/{order['id']}", {"amount": "499.50"})

    assert partners.lookup("r").json["result"]["debit"] == "499.50"
    assert partners.available() == "23339.75"


def test_clients_of_any_status_are_registered_and_changed(partners: Partners) -> None:
    partners.control("POST", "clients", {"clients": [{"partner_client_id": "a", "status": "suspended"}]})
    assert partners.fund("r", partner_client_id="a").json["code"] == 2009

    partners.control("POST", "clients/a", {"status": "verified", "first_name": "\ud800"})

    assert partners.fund("r", partner_client_id="a").status == 200
    assert partners.coinmena("GET", "/v1/partner/clients/a").json["result"]["first_name"] == "\ud800"


def test_the_clock_is_shifted_and_shown(partners: Partners) -> None:
    partners.control("POST", "clock", {"offset_seconds": 3600})

    assert partners.lookup("x").header("Date") == "Fri, 20 Nov 2026 11:00:00 GMT"
    assert partners.control("GET", "health")["now"] == "Fri, 20 Nov 2026 11:00:00 GMT"


def test_what_was_booked_stays_visible_when_the_clock_goes_back(partners: Partners) -> None:
    partners.fund("r")
    partners.control("POST", "clock", {"offset_seconds": -3600})

    assert partners.lookup("r").status == 200


def test_latency_slows_the_partners_and_not_the_control_path(partners: Partners) -> None:
    partners.control("POST", "latency", {"milliseconds": 20})

    assert partners.lookup("x").delay_seconds == 0.02
    assert partners.send(Request("GET", "/control/health")).delay_seconds == 0


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("settings", {"sign_seperator": ""}),
        ("clock", {}),
        ("clock", {"offset_seconds": "1"}),
        ("latency", {"milliseconds": True}),
        ("reset", {"history": "long"}),
        ("orders", {}),
        ("orders", {**DEPOSIT, "amount": 10}),
        ("orders", {**DEPOSIT, "amount": "NaN"}),
        ("orders", {**DEPOSIT, "amount": "ten"}),
        ("orders", {**DEPOSIT, "created_at": "2026-10-30"}),
        ("orders", {**DEPOSIT, "type": "gift"}),
        ("orders", {**DEPOSIT, "colour": "red"}),
        ("orders", {"bulk": {"count": 0}}),
        ("orders/1", {"status": "failed"}),
        ("clients", {"status": "verified"}),
        ("clients", {"partner_client_id": "user_12345"}),
        ("clients/nobody", {"active": False}),
        ("assets/XYZ", {"published": False}),
        ("adjustments", {"client": "a", "asset": "XYZ"}),
        ("transactions", {"state": "SETTLED"}),
        ("transactions/none/state", {"state": "SETTLED"}),
        ("nothing", {}),
        ("orders", []),
    ],
)
def test_what_it_cannot_do_is_refused_with_a_sentence(partners: Partners, path: str, content: Any) -> None:
    reply = post(partners, path, content)

    assert reply.status in (400, 404, 409)
    assert " " in reply.json["error"]


def test_a_reset_forgets_everything(partners: Partners) -> None:
    partners.fund("r")
    partners.fault({"kind": "envelope"}, times=None)
    partners.control("POST", "clock", {"offset_seconds": 60})
    partners.control("POST", "settings", {"sign_separator": ""})

    partners.control("POST", "reset", {"history": "small", "seed": 1})

    assert partners.control("GET", "faults") == {"faults": []}
    assert partners.control("GET", "settings")["sign_separator"] == "\n"
    assert (partners.lookup("r").status, partners.available()) == (404, "22840.25")
    assert partners.control("GET", "ledger")["arrivals"] == []


def test_state_outlives_the_process(tmp_path: Path, clock: ManualClock) -> None:
    path = str(tmp_path / "state.sqlite3")
    first = Sandbox(state=path, history="small", clock=clock)
    Partners(first, first.handle).fund("r")
    first.close()

    second = Sandbox(state=path, history="demo", clock=clock)

    partners = Partners(second, second.handle)
    assert partners.available() == "22940.25"
    assert partners.fund("r").json["code"] == 2020
    assert partners.coinmena("GET", "/v1/partner/clients").json["total"] == 5
    second.close()


def test_every_write_is_announced_before_anything_happens(clock: ManualClock) -> None:
    seen: list[tuple[Arrival, int]] = []

    def note(arrival: Arrival) -> None:
        seen.append((arrival, len(sandbox.ledger.entries(reference="r", client=None, after=0))))

    sandbox = Sandbox(history="small", clock=clock, on_arrival=note)
    Partners(sandbox, sandbox.handle).fund("r")

    assert [(arrival.reference, booked) for arrival, booked in seen] == [("r", 0)]
    sandbox.close()


def test_while_down_partners_refuse_and_control_answers(partners: Partners, clock: ManualClock) -> None:
    partners.control("POST", "down", {"seconds": 10})

    refused = partners.fund("r").delivery
    clock.advance(10)

    assert (refused, partners.fund("r").status) == ("refused", 200)

"""Order lists, clients, assets: filters, paging, and the fields that are left out."""

import json
from typing import Any

import pytest

from backoffice.sandbox.app import Sandbox
from tests.sandbox.callers import ManualClock, Partners, coinmena_request

ORDERS = "/v1/partner/orders"


def orders(partners: Partners, query: str = "") -> Any:
    return partners.coinmena("GET", f"{ORDERS}?{query}").json


def elsewhere(partners: Partners, count: int, **changes: Any) -> list[dict[str, Any]]:
    order = {"client": "user_12345", "type": "deposit", "asset": "USD", "amount": "1.00", **changes}
    made = partners.control("POST", "orders", {"orders": [order] * count})
    return list(made["orders"])


def test_a_list_item_leaves_out_the_order_number_and_nulls(partners: Partners) -> None:
    partners.withdraw("wd-91a0", "75.25")

    item = orders(partners, "page_size=100")["items"][-1]

    assert list(item) == [
        "id", "partner_client_id", "type", "status", "credit", "credit_asset_id", "partner_order_ref", "created_at",
    ]  # fmt: skip


def test_a_trade_comes_without_a_reference_and_on_both_sides(partners: Partners) -> None:
    trades = [item for item in orders(partners, "page_size=100")["items"] if item["type"] in ("buy", "sell")]

    assert trades
    assert all("partner_order_ref" not in trade for trade in trades)
    assert all({"debit", "debit_asset_id", "credit", "credit_asset_id", "price"} <= trade.keys() for trade in trades)


def test_pages_fit_together_without_gap_or_repeat(partners: Partners) -> None:
    elsewhere(partners, 45)
    whole = orders(partners, "page_size=100")["items"]

    pages = [orders(partners, f"page={page}&page_size=7") for page in range(1, 12)]

    assert [item for page in pages for item in page["items"]] == whole
    assert {page["total"] for page in pages} == {len(whole)}
    assert [page["page"] for page in pages] == list(range(1, 12))
    assert [item["id"] for item in whole] == sorted(item["id"] for item in whole)


def test_twenty_to_a_page_unless_asked(partners: Partners) -> None:
    elsewhere(partners, 30)

    answer = orders(partners)

    assert (len(answer["items"]), answer["page_size"], answer["page"]) == (20, 20, 1)


def test_a_page_past_the_end_is_empty(partners: Partners) -> None:
    answer = orders(partners, "page=999999")

    assert (answer["items"], answer["page"]) == ([], 999999)
    assert answer["total"] > 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=", "page_size"),
        ("status=done", "status"),
        ("status=COMPLETED", "status"),
        ("from_datetime=yesterday", "from_datetime"),
        ("from_datetime=2026-11-20", "from_datetime"),
        ("to_datetime=2026-11-20T10:00:00", "to_datetime"),
        ("to_datetime=2026-11-20T10:00:00%2B03:00", "to_datetime"),
        ("to_datetime=2026-13-20T10:00:00Z", "to_datetime"),
    ],
)
def test_it_refuses_a_filter_it_cannot_read(partners: Partners, query: str, field: str) -> None:
    reply = partners.coinmena("GET", f"{ORDERS}?{query}")

    assert (reply.status, list(reply.json["msg_detail"])) == (400, [field])


def test_unknown_parameters_are_ignored_and_unknown_clients_have_no_orders(partners: Partners) -> None:
    assert orders(partners, "colour=red")["total"] > 0
    assert orders(partners, "partner_client_id=nobody")["total"] == 0


def test_the_filters_go_together(partners: Partners) -> None:
    elsewhere(partners, 3, status="failed", created_at="2026-11-19T10:00:00Z")
    elsewhere(partners, 2, created_at="2026-11-19T10:00:00Z")
    elsewhere(partners, 4, status="failed", created_at="2026-11-20T09:00:00Z")

    window = "from_datetime=2026-11-19T10:00:00Z&to_datetime=2026-11-19T10:00:00Z"

    assert orders(partners, f"{window}&partner_client_id=user_12345&status=failed")["total"] == 3


def test_both_ends_of_the_window_are_inclusive_and_fractions_fall_out(partners: Partners, clock: ManualClock) -> None:
    window = "from_datetime=2026-11-20T10:00:00Z&to_datetime=2026-11-20T10:00:00Z"
    partners.fund("a-quarter-past")
    clock.at_ns -= 250_000_000
    partners.fund("on-the-second")

    listed = [item["partner_order_ref"] for item in orders(partners, window)["items"]]

    shown = {partners.lookup(name).json["result"]["created_at"] for name in ("a-quarter-past", "on-the-second")}
    assert (listed, shown) == (["on-the-second"], {"2026-11-20T10:00:00Z"})


def test_a_list_read_before_shows_what_came_since(partners: Partners) -> None:
    first = orders(partners, "status=completed")["total"]

    partners.fund("new-1")
    elsewhere(partners, 1, status="failed")

    assert orders(partners, "status=completed")["total"] == first + 1


def test_a_changed_order_changes_its_lists_and_its_balance(partners: Partners) -> None:
    order = partners.fund("changed", "10.00").json["result"]
    before = orders(partners, "status=completed")["total"]

    partners.control("POST", f"orders/{order['id']}", {"status": "failed"})

    assert orders(partners, "status=completed")["total"] == before - 1
    assert partners.available() == "22840.25"


def test_a_vanished_order_is_gone_but_its_reference_stays_used(partners: Partners) -> None:
    order = partners.fund("vanished").json["result"]

    partners.control("POST", f"orders/{order['id']}", {"hidden": True})

    assert partners.lookup("vanished").status == 404
    assert order["id"] not in [item["id"] for item in orders(partners, "page_size=100")["items"]]
    assert partners.fund("vanished").json["code"] == 2020


def test_many_filters_in_turn_keep_their_pages_right(partners: Partners) -> None:
    for number in range(40):
        elsewhere(partners, 1, created_at=f"2026-10-{number % 28 + 1:02d}T00:00:00Z", status="rejected")
        window = f"from_datetime=2026-10-{number % 28 + 1:02d}T00:00:00Z&to_datetime=2026-10-31T00:00:00Z"
        listed = orders(partners, f"{window}&status=rejected&page_size=100")
        assert listed["total"] == len(listed["items"])
        assert all(item["status"] == "rejected" for item in listed["items"])


def test_assets_show_every_combination_a_caller_must_heed(partners: Partners) -> None:
    answer = partners.coinmena("GET", "/v1/public/assets").json

    flags = {
        item["asset_id"]: (item["type"], item["published"], item["depositable"], item["withdrawable"])
        for item in answer["items"]
    }
    assert answer.keys() == {"items"}
    assert flags["USD"] == ("fiat", True, True, True)
    assert flags["KWD"] == ("fiat", True, False, True)
    assert flags["OMR"] == ("fiat", True, True, False)
    assert flags["QAR"] == ("fiat", False, True, True)
    assert flags["USDT"] == flags["BTC"] == ("crypto", True, False, False)
    assert next(item["precision"] for item in answer["items"] if item["asset_id"] == "BHD") == 3


def test_countries_are_short_codes_with_names(partners: Partners) -> None:
    items = partners.coinmena("GET", "/v1/public/countries").json["items"]

    assert {"id": "bh", "name": "Bahrain"} in items


def test_clients_are_paged_like_orders(partners: Partners) -> None:
    first = partners.coinmena("GET", "/v1/partner/clients?page_size=2").json
    second = partners.coinmena("GET", "/v1/partner/clients?page_size=2&page=2").json

    assert [client["partner_client_id"] for client in first["items"]] == ["user_12345", "user_90210"]
    assert (first["total"], second["page"], len(second["items"])) == (5, 2, 2)


def test_a_client_has_the_documented_fields(partners: Partners) -> None:
    client = partners.coinmena("GET", "/v1/partner/clients/user_12345").json["result"]

    assert client.keys() == {
        "id", "partner_client_id", "status", "active", "country_id", "first_name", "last_name", "created_at",
        "updated_at",
    }  # fmt: skip
    assert (client["first_name"], client["last_name"], client["status"]) == ("Noura", "Al Khalifa", "verified")


def test_a_created_client_is_verified_and_can_be_funded_at_once(partners: Partners) -> None:
    created = partners.coinmena("POST", "/v1/partner/clients", {"partner_client_id": "user_77"}).json["result"]

    assert (created["status"], created["active"]) == ("verified", True)
    assert "first_name" not in created
    assert partners.fund("first", partner_client_id="user_77").status == 200


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"partner_client_id": "user_12345"}, "partner_client_id"),
        ({}, "partner_client_id"),
        ({"partner_client_id": "new", "country_id": "xx"}, "country_id"),
        ({"partner_client_id": "new", "country_id": ["bh"]}, "country_id"),
        ({"partner_client_id": "new", "first_name": 7}, "first_name"),
    ],
)
def test_a_client_is_not_created_twice_or_badly(partners: Partners, content: dict[str, Any], field: str) -> None:
    reply = partners.coinmena("POST", "/v1/partner/clients", content)

    assert (reply.status, list(reply.json["msg_detail"])) == (400, [field])


def test_a_client_is_renamed_but_keeps_its_id(partners: Partners) -> None:
    path = "/v1/partner/clients/user_12345"

    renamed = partners.coinmena("PUT", path, {"first_name": "Nora"}).json["result"]

    assert (renamed["first_name"], renamed["last_name"]) == ("Nora", "Al Khalifa")
    assert partners.coinmena("PUT", path, {"partner_client_id": "user_1"}).status == 400


def test_activation_is_idempotent_and_decides_about_funding(partners: Partners, clock: ManualClock) -> None:
    path = "/v1/partner/clients/user_12345/activation"

    off = [partners.coinmena("PUT", path, {"active": False}).json["result"] for _ in range(2)]
    refused = partners.fund("while-off").json["code"]
    clock.advance(5)
    on = partners.coinmena("PUT", path, {"active": True}).json["result"]

    assert off[0] == off[1]
    assert (off[0]["active"], refused, on["active"]) == (False, 2010, True)
    assert partners.fund("while-on").status == 200


@pytest.mark.parametrize("content", [{}, {"active": "true"}, {"active": 1}, {"active": None}])
def test_activation_takes_true_or_false_only(partners: Partners, content: dict[str, Any]) -> None:
    reply = partners.coinmena("PUT", "/v1/partner/clients/user_12345/activation", content)

    assert (reply.status, list(reply.json["msg_detail"])) == (400, ["active"])


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", ""), ("PUT", "/activation")])
def test_an_unknown_client_is_an_invalid_client(partners: Partners, method: str, path: str) -> None:
    content = None if method == "GET" else {"active": True}

    assert partners.coinmena(method, f"/v1/partner/clients/nobody{path}", content).json["code"] == 2008


def test_hostile_names_travel_unharmed(clock: ManualClock) -> None:
    sandbox = Sandbox(history="demo", clock=clock)
    request = coinmena_request("GET", "/v1/partner/clients?page_size=100", at_ms=clock.milliseconds())

    body = sandbox.handle(request).body

    names = {client["partner_client_id"]: client.get("first_name") for client in json.loads(body)["items"]}
    assert names["user_80001"] == "<script>alert(1)</script>"
    assert names["user_80007"] == "Null\u0000Byte"
    assert names["user_80008"] == "Broken\ud800Pair"
    assert names["user_80006"] == "نورة"
    assert b"\\ud800" in body
    assert "نورة".encode() in body
    sandbox.close()

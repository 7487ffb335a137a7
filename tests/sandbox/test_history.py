"""The histories: the same for the same seed, whole, and full of what a reader has to cope with."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from backoffice.sandbox.app import Sandbox
from tests.sandbox.callers import NOW_NS, ManualClock, Partners

WEEK_SECONDS = 7 * 86_400


def told(history: str, seed: int) -> Any:
    sandbox = Sandbox(history=history, seed=seed, clock=ManualClock())
    partners = Partners(sandbox, sandbox.handle)
    ledger = partners.control("GET", "ledger")
    clients = partners.coinmena("GET", "/v1/partner/clients?page_size=100").json["items"]
    sandbox.close()
    return {**ledger, "requests": None, "clients": clients}


@pytest.fixture(scope="module")
def demo() -> Any:
    return told("demo", 1)


@pytest.mark.parametrize("history", ["small", "demo"])
def test_the_same_seed_tells_the_same_story(history: str) -> None:
    assert told(history, 7) == told(history, 7)


def test_another_seed_tells_another_story(demo: Any) -> None:
    other = told("demo", 2)

    assert other["orders"] != demo["orders"]
    assert other["transactions"] != demo["transactions"]


def test_the_cast_is_there(demo: Any) -> None:
    clients = {client["partner_client_id"]: client for client in demo["clients"]}

    assert len(clients) == 41
    assert f"{clients['user_12345']['first_name']} {clients['user_12345']['last_name']}" == "Noura Al Khalifa"
    assert clients["user_12345"]["country_id"] == "bh"
    for client_id in (31190, 40022, 51777, 60318, 81450, 20871, 72904):
        assert (clients[f"user_{client_id}"]["status"], clients[f"user_{client_id}"]["active"]) == ("verified", True)
    assert clients["user_90210"]["active"] is False
    assert clients["user_90311"]["status"] != "verified"


@pytest.mark.parametrize("seed", range(1, 8))
def test_nobody_ever_owes_anything(seed: int) -> None:
    movements = told("demo", seed)["movements"]

    assert movements
    assert all(Decimal(movement["balance_after"]) >= 0 for movement in movements)


def test_the_steady_client_has_known_balances_and_a_zero(demo: Any) -> None:
    balances = {asset: balance["balance"] for asset, balance in demo["balances"]["user_12345"].items()}

    assert balances == {"USD": "22840.25", "AED": "4050.00", "BHD": "812.500", "BTC": "0E-8"}


def test_orders_hold_every_trap(demo: Any) -> None:
    orders = [order for order in demo["orders"] if order["partner"] == "demo-partner"]
    funding = [order for order in orders if order["type"] in ("deposit", "withdrawal")]
    trades = [order for order in orders if order["type"] in ("buy", "sell")]

    assert len(trades) > 300
    assert {order["partner_order_ref"] for order in trades} == {None}
    assert {order["status"] for order in funding} == {"completed", "failed", "rejected"}
    assert any(order["partner_order_ref"] is None for order in funding)
    assert any("/" in (order["partner_order_ref"] or "") for order in funding)
    assert {order["order_no"][:3] for order in orders} == {"MND", "MNW", "MNB", "MNS"}


def test_orders_come_in_the_order_of_their_times_and_fill_five_weeks(demo: Any) -> None:
    times = [order["created_at"] for order in demo["orders"] if order["partner"] == "demo-partner"]

    assert times[0] == "2026-10-16T10:01:00Z"
    assert times[-1] > "2026-11-19"
    events = times[len([time for time in times if time < "2026-10-17"]) + 2 :]
    assert events == sorted(events)


def test_the_last_three_days_hold_trades_only(demo: Any) -> None:
    recent = [order for order in demo["orders"] if order["created_at"] >= "2026-11-17T10:00:00Z"]

    assert {order["type"] for order in recent} <= {"buy", "sell"}


def test_transactions_hold_every_type_and_state(demo: Any) -> None:
    rows = demo["transactions"]

    assert len(rows) == 400
    assert {row["type"] for row in rows} == {
        "DEPOSIT_CONFIRMED", "DEPOSIT_DETECTED", "DEPOSIT_PENDING", "WITHDRAWAL_INITIATED", "WITHDRAWAL_FAILED",
        "P2P_TRANSFER", "SWAP_INTERNAL", "FX_REBALANCING", "FEE_ONLY", "REVERSAL", "CARD_TOPUP", "TRADE_DEBIT",
        "TRADE_CREDIT",
    }  # fmt: skip
    assert {row["state"] for row in rows} == {"PENDING", "IN_PROGRESS", "SETTLED", "FAILED", "REVERSED"}
    assert {row["trade_id"] is None for row in rows} == {True, False}
    assert any(row["trade_id"] == "" for row in rows)
    assert any(row["metadata"].get("is_simulated") for row in rows)
    assert any(abs(int(row["amount"])) > 10**18 for row in rows)


def test_reversed_rows_have_their_reversal(demo: Any) -> None:
    by_reference: dict[str, list[Any]] = {}
    for row in demo["transactions"]:
        by_reference.setdefault(row["reference"], []).append(row)

    reversals = [rows for rows in by_reference.values() if any(row["state"] == "REVERSED" for row in rows)]

    assert reversals
    assert all({row["type"] for row in rows} >= {"REVERSAL"} for rows in reversals if len(rows) > 1)


def test_a_fee_only_row_is_all_fee(demo: Any) -> None:
    rows = [row for row in demo["transactions"] if row["type"] == "FEE_ONLY"]

    assert rows
    assert all(row["amount"].startswith("-") and row["fee"] == "0" for row in rows)


@pytest.fixture
def bulk() -> Iterator[Callable[[int], Partners]]:
    sandbox = Sandbox(clock=ManualClock(NOW_NS))
    partners = Partners(sandbox, sandbox.handle)

    def make(count: int) -> Partners:
        partners.control("POST", "orders", {"bulk": {"count": count, "days": 7, "seed": 3}})
        return partners

    yield make
    sandbox.close()


def test_bulk_orders_are_booked_to_the_last_one(bulk: Callable[[int], Partners]) -> None:
    partners = bulk(2_000)

    ledger = partners.control("GET", "ledger")

    assert len({order["partner_order_ref"] for order in ledger["orders"]}) == 2_000
    assert all(Decimal(movement["balance_after"]) >= 0 for movement in ledger["movements"])
    window = "from_datetime=2026-11-13T00:00:00Z&to_datetime=2026-11-20T09:59:00Z"
    assert partners.coinmena("GET", f"/v1/partner/orders?{window}").json["total"] == 2_000


def test_every_reader_of_many_orders_gets_the_deepest_page(bulk: Callable[[int], Partners]) -> None:
    partners = bulk(10_000)

    deepest = partners.coinmena("GET", "/v1/partner/orders?page=100&page_size=100").json

    assert (len(deepest["items"]), deepest["total"]) == (100, 10_000)
    assert deepest["items"][-1]["partner_order_ref"] == "bulk-3-0009999"

"""Bitnob: envelope, cursors, both vocabularies, both balance shapes, and the traps of its documents."""

import base64
import json
import re
from typing import Any

import pytest

from backoffice.sandbox.bitnob.records import formatted
from tests.sandbox.callers import ManualClock, Partners

TRANSACTIONS = "/api/transactions"


def page(partners: Partners, query: str = "") -> Any:
    return partners.bitnob(f"{TRANSACTIONS}?{query}").json["data"]


def everything(partners: Partners, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        data = page(partners, f"limit=5&{query}" + (f"&cursor={cursor.replace('=', '%3D')}" if cursor else ""))
        rows += data["transactions"]
        if not data["has_more"]:
            return rows
        cursor = data["next_cursor"]


def add(partners: Partners, **changes: Any) -> dict[str, Any]:
    content = {"currency": "USDT", "type": "P2P_TRANSFER", "state": "SETTLED", "amount": "1", "reference": "r-1"}
    made: dict[str, Any] = partners.control("POST", "transactions", {**content, **changes})["transactions"][0]
    return made


def test_the_envelope_is_as_documented(partners: Partners) -> None:
    answer = partners.bitnob(TRANSACTIONS).json

    assert list(answer) == ["success", "message", "data", "metadata", "timestamp"]
    assert answer["success"] is True
    assert answer["metadata"]["request_id"]
    assert list(answer["data"]) == ["transactions", "next_cursor", "previous_cursor", "total_count", "has_more"]


def test_the_request_id_can_be_left_out(partners: Partners) -> None:
    partners.control("POST", "settings", {"bitnob_request_id": False})

    assert "metadata" not in partners.bitnob(TRANSACTIONS).json


@pytest.mark.parametrize(
    ("nanoseconds", "text"), [(123_456_789, ".123456789Z"), (500_000_000, ".5Z"), (0, "0Z"), (120_400_000, ".1204Z")]
)
def test_the_timestamp_has_up_to_nine_digits(
    partners: Partners, clock: ManualClock, nanoseconds: int, text: str
) -> None:
    clock.at_ns = clock.at_ns // 1_000_000_000 * 1_000_000_000 + nanoseconds

    timestamp = partners.bitnob(TRANSACTIONS).json["timestamp"]

    assert timestamp.endswith(text)
    assert timestamp.startswith("2026-11-20T10:00:00")


def test_a_transaction_has_every_documented_field(partners: Partners) -> None:
    row = add(partners, amount="-2000000", fee="1000000", reference="wd_20260105_a41f9c", trade_id="")

    assert row.items() >= {
        "account_number": "7000000001", "currency": "USDT", "state": "SETTLED", "amount": "-2000000",
        "fee": "1000000", "reference": "wd_20260105_a41f9c", "idempotency_key": "", "trade_id": "", "metadata": {},
        "amount_formatted": "-2.0 USDT", "fee_formatted": "1.0 USDT", "side": "Debit", "value_date": "2026-11-20",
        "created_at": "2026-11-20T10:00:00.250Z",
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (0, "BTC", "0.0 BTC"),
        (-5_000_000, "USDT", "-5.0 USDT"),
        (4_995_328, "USDC", "4.995328 USDC"),
        (-9, "USDT", "-0.000009 USDT"),
        (150_000, "BTC", "0.0015 BTC"),
        (1_250_000_000_000_000_000, "ETH", "1.25 ETH"),
        (123, "NGN", "1.23 NGN"),
    ],
)
def test_amounts_are_formatted_as_in_every_sample(units: int, currency: str, text: str) -> None:
    assert formatted(units, currency) == text


def test_timestamps_of_records_come_in_both_lengths(partners: Partners) -> None:
    stamps = [row["created_at"] for row in everything(partners)]

    assert any(re.fullmatch(r".*\.\d{3}Z", stamp) for stamp in stamps)
    assert any(re.fullmatch(r".*\.\d{6}\+00:00", stamp) for stamp in stamps)


def test_pages_are_newest_first_and_complete(partners: Partners) -> None:
    rows = everything(partners)

    assert len({row["transaction_id"] for row in rows}) == len(rows) == page(partners)["total_count"] == 24
    assert [row["created_at"][:19] for row in rows] == sorted((row["created_at"][:19] for row in rows), reverse=True)


def test_rows_that_arrive_later_do_not_move_the_pages(partners: Partners) -> None:
    first = page(partners, "limit=5")
    expected = page(partners, f"limit=5&cursor={first['next_cursor'].replace('=', '%3D')}")["transactions"]

    add(partners)

    assert page(partners, f"limit=5&cursor={first['next_cursor'].replace('=', '%3D')}")["transactions"] == expected


def test_the_previous_cursor_leads_back(partners: Partners) -> None:
    first = page(partners, "limit=5")
    second = page(partners, f"limit=5&cursor={first['next_cursor'].replace('=', '%3D')}")
    third = page(partners, f"limit=5&cursor={second['next_cursor'].replace('=', '%3D')}")

    back = page(partners, f"limit=5&cursor={third['previous_cursor'].replace('=', '%3D')}")

    assert first["previous_cursor"] == ""
    assert back["transactions"] == second["transactions"]
    assert back["has_more"] is True
    assert page(partners, f"limit=5&cursor={back['previous_cursor'].replace('=', '%3D')}") == first


def test_a_cursor_is_the_documented_base64(partners: Partners) -> None:
    content = json.loads(base64.b64decode(page(partners, "limit=5")["next_cursor"]))

    assert content.keys() == {"created_at", "transaction_id", "ascending"}


def test_a_full_last_page_names_a_cursor_beside_has_more_false(partners: Partners) -> None:
    full, short = page(partners, "limit=24"), page(partners, "limit=25")

    assert (full["has_more"], bool(full["next_cursor"])) == (False, True)
    assert (short["has_more"], short["next_cursor"]) == (False, "")
    assert page(partners, f"cursor={full['next_cursor'].replace('=', '%3D')}")["transactions"] == []


def test_twenty_to_a_page_unless_asked(partners: Partners) -> None:
    assert len(page(partners)["transactions"]) == 20


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "limit=-1", "type=DEPOSIT_CONFIRMED", "type=Credit", "status=SETTLED",
     "status=success", "cursor=nonsense", "cursor=e30%3D", "cursor=W10%3D"],
)  # fmt: skip
def test_it_refuses_a_filter_it_cannot_read(partners: Partners, query: str) -> None:
    reply = partners.bitnob(f"{TRANSACTIONS}?{query}")

    assert (reply.status, reply.json["code"]) == (400, "BAD_REQUEST")
    assert "success" not in reply.json


@pytest.mark.parametrize(
    ("word", "states"),
    [
        ("pending", {"PENDING", "IN_PROGRESS"}),
        ("completed", {"SETTLED"}),
        ("failed", {"FAILED"}),
        ("reversed", {"REVERSED"}),
    ],
)
def test_the_filter_has_other_words_than_the_state(partners: Partners, word: str, states: set[str]) -> None:
    rows = everything(partners, f"status={word}")

    assert {row["state"] for row in rows} == states
    assert len(rows) == sum(row["state"] in states for row in everything(partners))


@pytest.mark.parametrize(("direction", "side"), [("credit", "Credit"), ("debit", "Debit")])
def test_the_type_filter_is_the_direction(partners: Partners, direction: str, side: str) -> None:
    rows = everything(partners, f"type={direction}")

    assert {row["side"] for row in rows} == {side}
    assert all(row["amount"].startswith("-") == (side == "Debit") for row in rows)


def test_the_currency_ignores_case_and_unknown_ones_find_nothing(partners: Partners) -> None:
    assert {row["currency"] for row in everything(partners, "currency=usdt")} == {"USDT"}
    assert page(partners, "currency=XXX")["total_count"] == 0
    assert page(partners, "hash=1&page=3")["total_count"] == 24


def test_a_transaction_is_found_by_id_and_by_reference(partners: Partners) -> None:
    row = add(partners, reference="mine/1")

    by_id = partners.bitnob(f"{TRANSACTIONS}/{row['transaction_id'].upper()}").json["data"]

    assert by_id == row
    assert partners.bitnob(f"{TRANSACTIONS}/mine%2F1").json["data"] == row


def test_two_legs_share_a_reference_and_the_newest_answers(partners: Partners, clock: ManualClock) -> None:
    add(partners, reference="trade", amount="-10")
    clock.advance(1)
    newest = add(partners, reference="trade", amount="9", currency="BTC")

    assert partners.bitnob(f"{TRANSACTIONS}/trade").json["data"]["transaction_id"] == newest["transaction_id"]


def test_the_list_leaves_the_fee_out_and_the_detail_counts_it_in(partners: Partners) -> None:
    listed = add(partners, amount="-3000000", fee="1000000")

    detail = partners.bitnob(f"{TRANSACTIONS}/{listed['transaction_id']}").json["data"]

    assert (listed["amount"], detail["amount"]) == ("-3000000", "-4000000")
    assert listed["fee"] == detail["fee"] == "1000000"


def test_what_is_not_there_is_a_problem(partners: Partners) -> None:
    for target in (f"{TRANSACTIONS}/none", "/api/balances/XXX", "/api/nothing", "/api/transactions/a/b"):
        reply = partners.bitnob(target)
        assert (reply.status, reply.json["code"]) == (404, "NOT_FOUND")


def test_whoami_takes_any_method_and_names_the_environment(partners: Partners) -> None:
    assert partners.bitnob("/api/whoami", method="POST").json["data"]["environment"] == "sandbox"
    partners.control("POST", "settings", {"bitnob_environment": "live"})
    data = partners.bitnob("/api/whoami").json["data"]

    assert data.keys() == {
        "active", "active_company_id", "auth_method", "client_id", "client_name", "environment", "permissions",
    }  # fmt: skip
    assert (data["environment"], data["auth_method"]) == ("live", "hmac")


def test_all_accounts_share_one_number(partners: Partners) -> None:
    data = partners.bitnob("/api/balances").json["data"]

    assert {account["account_number"] for account in data["accounts"]} == {"7000000001"}
    assert data["accounts"][0].keys() == {
        "account_id", "account_number", "currency", "ledger_balance", "available_balance", "ledger_balance_formatted",
        "available_balance_formatted", "created_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "currency", "key"),
    [
        ("openapi", "btc", "total_balance"),
        ("older", "USDT", "as_of"),
        ("mixed", "BTC", "as_of"),
        ("mixed", "USDT", "total_balance"),
    ],
)
def test_one_balance_comes_in_two_shapes(partners: Partners, setting: str, currency: str, key: str) -> None:
    partners.control("POST", "settings", {"balance_shape": setting})

    data = partners.bitnob(f"/api/balances/{currency}").json["data"]

    assert key in data
    assert isinstance(data["available_balance"], str)


def balance(partners: Partners, currency: str = "USDT") -> tuple[int, int]:
    accounts = partners.bitnob("/api/balances").json["data"]["accounts"]
    account = next(account for account in accounts if account["currency"] == currency)
    return int(account["ledger_balance"]), int(account["available_balance"])


def test_fees_lower_the_balance_and_open_debits_are_held(partners: Partners) -> None:
    ledger, available = balance(partners)

    add(partners, amount="-300", fee="10", state="PENDING")
    held = balance(partners)
    add(partners, amount="-50", fee="5", state="SETTLED")

    assert held == (ledger, available - 310)
    assert balance(partners) == (ledger - 55, available - 365)


def test_settled_turns_reversed_beside_a_reversal_row(partners: Partners, clock: ManualClock) -> None:
    before = balance(partners)
    row = add(partners, amount="-300", fee="10", reference="wd_1")
    clock.advance(60)

    rows = partners.control("POST", f"transactions/{row['transaction_id']}/state", {"state": "REVERSED"})[
        "transactions"
    ]

    assert [(one["type"], one["state"], one["amount"], one["reference"]) for one in rows] == [
        ("P2P_TRANSFER", "REVERSED", "-300", "wd_1"),
        ("REVERSAL", "SETTLED", "310", "wd_1"),
    ]
    assert balance(partners) == before
    assert page(partners)["transactions"][0] == rows[1]
    detail = partners.bitnob(f"{TRANSACTIONS}/{row['transaction_id']}").json["data"]
    assert (detail["state"], detail["updated_at"]) == ("REVERSED", "2026-11-20T10:01:00.250Z")


@pytest.mark.parametrize(("state", "wanted"), [("FAILED", "SETTLED"), ("REVERSED", "SETTLED"), ("SETTLED", "FAILED")])
def test_a_state_moves_only_as_documented(partners: Partners, state: str, wanted: str) -> None:
    row = add(partners, state=state)
    path = f"/api/transactions/{row['transaction_id']}"

    with pytest.raises(AssertionError, match="cannot become"):
        partners.control("POST", f"transactions/{row['transaction_id']}/state", {"state": wanted})

    assert partners.bitnob(path).json["data"]["state"] == state


def test_a_contradicting_side_can_be_staged(partners: Partners) -> None:
    assert add(partners, amount="-5", side="Credit")["side"] == "Credit"


def test_the_limiter_counts_when_switched_on(partners: Partners, clock: ManualClock) -> None:
    assert {partners.bitnob("/api/whoami").status for _ in range(30)} == {200}
    partners.control("POST", "settings", {"bitnob_rate_limit": True})

    replies = [partners.bitnob("/api/whoami") for _ in range(11)]
    clock.advance(1)
    later = partners.bitnob("/api/whoami")

    assert [reply.status for reply in replies] == [200] * 10 + [429]
    assert (replies[-1].header("Retry-After"), replies[-1].json["code"]) == ("1", "RATE_LIMITED")
    assert later.status == 200

"""Deposits, withdrawals and balances: the walk-through of the partner's guide, and everything it refuses."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.messages import Request
from tests.sandbox.callers import ManualClock, Partners, coinmena_request


def test_a_deposit_answers_with_every_field_of_the_guide(partners: Partners) -> None:
    reply = partners.fund("deposit-abc-123", "1000.00")

    order = reply.json["result"]
    assert reply.status == 200
    assert order == {
        "id": order["id"],
        "order_no": f"MND{order['id']:010d}",
        "partner_client_id": "user_12345",
        "type": "deposit",
        "source": "bank",
        "status": "completed",
        "credit": None,
        "credit_asset_id": None,
        "debit": "1000.00",
        "debit_asset_id": "USD",
        "fee": "0",
        "fee_asset_id": "USD",
        "vat": "0",
        "partner_order_ref": "deposit-abc-123",
        "price": None,
        "created_at": "2026-11-20T10:00:00Z",
        "transitioned_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z",
    }


def test_a_withdrawal_stands_on_the_other_side_of_the_books(partners: Partners) -> None:
    order = partners.withdraw("withdrawal-abc-456", "500.00").json["result"]

    assert order["order_no"] == f"MNW{order['id']:010d}"
    assert (order["credit"], order["credit_asset_id"]) == ("500.00", "USD")
    assert (order["debit"], order["debit_asset_id"]) == (None, None)


def test_balances_move_by_exactly_what_was_asked(partners: Partners) -> None:
    before = Decimal(partners.available())

    partners.fund("dep-1", "1000.00")
    partners.withdraw("wd-1", "0.00000001")

    assert Decimal(partners.available()) == before + Decimal("999.99999999")


def test_a_lookup_leaves_out_what_the_guide_leaves_out(partners: Partners) -> None:
    order = partners.fund("deposit-abc-123", "1000.00").json["result"]

    by_reference, by_id = (
        partners.lookup("deposit-abc-123"),
        partners.coinmena("GET", f"/v1/partner/orders/{order['id']}"),
    )

    assert by_reference.json == by_id.json
    assert by_reference.json["result"] == {
        "id": order["id"],
        "order_no": order["order_no"],
        "partner_client_id": "user_12345",
        "type": "deposit",
        "status": "completed",
        "debit": "1000.00",
        "debit_asset_id": "USD",
        "partner_order_ref": "deposit-abc-123",
        "created_at": "2026-11-20T10:00:00Z",
    }


def test_every_field_comes_when_the_switch_says_so(partners: Partners) -> None:
    partners.control("POST", "settings", {"order_shape": "full"})
    created = partners.fund("dep-1").json

    assert partners.lookup("dep-1").json == created


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"partner_client_id": "nobody"}, 400, 2008),
        ({"partner_client_id": "user_90311"}, 400, 2009),
        ({"partner_client_id": "user_90210"}, 400, 2010),
        ({"asset_id": "XYZ"}, 400, 2012),
        ({"asset_id": "usd"}, 400, 2012),
        ({"asset_id": "KWD"}, 400, 2012),
        ({"asset_id": "QAR"}, 400, 2012),
        ({"asset_id": "BTC"}, 400, 2012),
        ({"partner_order_ref": "used"}, 409, 2020),
        ({"partner_order_ref": "used", "partner_client_id": "nobody", "asset_id": "XYZ"}, 409, 2020),
        ({"partner_client_id": "nobody", "asset_id": "XYZ"}, 400, 2008),
        ({"partner_client_id": "user_90210", "asset_id": "XYZ"}, 400, 2010),
    ],
)
def test_a_deposit_is_refused_with_the_documented_code(
    partners: Partners, changes: dict[str, str], status: int, code: int
) -> None:
    partners.fund("used")
    before = partners.control("GET", "ledger")

    reply = partners.fund("new", **changes)

    after = partners.control("GET", "ledger")
    assert (reply.status, reply.json["code"], reply.json["msg_detail"]) == (status, code, None)
    assert reply.json.keys() == {"code", "msg", "msg_detail"}
    assert (after["orders"], after["balances"]) == (before["orders"], before["balances"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"asset_id": "OMR"}, 2012),
        ({"amount": "22840.26"}, 3005),
        ({"asset_id": "SAR", "amount": "0.01"}, 3005),
        ({"asset_id": "OMR", "amount": "1"}, 2012),
    ],
)
def test_a_withdrawal_is_refused_with_the_documented_code(
    partners: Partners, changes: dict[str, str], code: int
) -> None:
    assert partners.withdraw("new", **changes).json["code"] == code


def test_a_withdrawal_of_everything_leaves_zero_in_scientific_notation(partners: Partners) -> None:
    assert partners.withdraw("all", "22840.25").status == 200
    assert partners.available() == "0E-8"


def test_crypto_is_not_funded_even_when_its_flag_says_so(partners: Partners) -> None:
    partners.control("POST", "assets/USDT", {"depositable": True})

    assert partners.fund("new", asset_id="USDT").json["code"] == 2012


@pytest.mark.parametrize(
    "amount",
    ["0", "0.00", "-1", "+1", "1e3", "1E+3", "NaN", "Infinity", "1_000", "1,000.00", " 5 ", "", ".5", "5.", "٥",
     "0.123456789", "1" * 21, 5, 5.0, None, True, ["5"]],
)  # fmt: skip
def test_it_refuses_an_amount_that_is_no_plain_positive_decimal(partners: Partners, amount: object) -> None:
    reply = partners.fund("new", amount=amount)  # type: ignore[arg-type]

    assert (reply.status, reply.json["code"], list(reply.json["msg_detail"])) == (400, 400, ["amount"])


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({}, {"partner_client_id", "asset_id", "amount", "partner_order_ref"}),
        ({"partner_client_id": 7, "asset_id": "", "amount": "1", "partner_order_ref": "x" * 65}, None),
        ({"partner_client_id": "\ud800", "asset_id": "a\u0000b", "amount": "1", "partner_order_ref": "\n"}, None),
    ],
)
def test_it_names_every_faulty_field(partners: Partners, content: dict[str, Any], fields: set[str] | None) -> None:
    reply = partners.coinmena("POST", "/v1/partner/deposits", content)

    expected = fields or {"partner_client_id", "asset_id", "partner_order_ref"}
    assert reply.json["msg_detail"].keys() == expected
    assert all(isinstance(texts, list) for texts in reply.json["msg_detail"].values())


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b'{"amount": "1", "amount": "2"}', b'{"amount": NaN}', b'"text"', b"\xff", b"[" * 200_000,
     b"\xef\xbb\xbf{}"],
)  # fmt: skip
def test_it_refuses_a_body_that_is_not_one_plain_object(partners: Partners, body: bytes) -> None:
    request = coinmena_request("POST", "/v1/partner/deposits", body, at_ms=partners.sandbox.clock.milliseconds())

    reply = partners.send(request)

    assert (reply.status, list(reply.json["msg_detail"])) == (400, ["body"])


def test_it_refuses_another_content_type(partners: Partners) -> None:
    signed = coinmena_request("POST", "/v1/partner/deposits", b"{}", at_ms=partners.sandbox.clock.milliseconds())

    reply = partners.send(Request("POST", signed.target, {**signed.headers, "content-type": "text/plain"}, signed.body))

    assert reply.status == 400


def test_one_namespace_of_references_for_deposits_and_withdrawals(partners: Partners) -> None:
    partners.fund("same")

    assert partners.withdraw("same", "1").json["code"] == 2020


def test_a_refused_call_does_not_use_up_the_reference(partners: Partners) -> None:
    assert partners.withdraw("again", "99999999").json["code"] == 3005
    assert partners.withdraw("again", "1").status == 200


@pytest.mark.parametrize("status", ["failed", "rejected", "pending", "on_hold"])
def test_an_order_that_came_to_nothing_burns_its_reference(partners: Partners, status: str) -> None:
    before = partners.available()
    partners.fault({"kind": "order_status", "status": status}, reference="burnt")

    reply = partners.fund("burnt")

    assert (reply.status, reply.json["result"]["status"]) == (200, status)
    assert partners.lookup("burnt").json["result"]["status"] == status
    assert partners.fund("burnt").json["code"] == 2020
    assert partners.available() == before


def test_a_reference_is_read_percent_encoded(partners: Partners) -> None:
    partners.fund("a/b c")

    assert partners.lookup("a%2Fb%20c").json["result"]["partner_order_ref"] == "a/b c"


@pytest.mark.parametrize(
    "target",
    ["orders/ref/none", "orders/1", "orders/abc", "orders/" + "9" * 30, "nothing", "orders/ref", "clients/a/b"],
)
def test_what_is_not_there_is_a_404_with_an_envelope(partners: Partners, target: str) -> None:
    reply = partners.coinmena("GET", f"/v1/partner/{target}")

    assert (reply.status, reply.json) == (404, {"code": 404, "msg": "Not found", "msg_detail": None})


def test_a_method_nobody_offers_is_refused(partners: Partners) -> None:
    assert partners.coinmena("PUT", "/v1/partner/deposits", {}).status == 405


def test_balances_come_in_the_shape_of_the_guide(partners: Partners) -> None:
    items = partners.coinmena("GET", "/v1/partner/balances?partner_client_id=user_12345").json["items"]

    assert items[0] == {
        "asset_id": "USD",
        "balance": "22840.25",
        "available_balance": "22840.25",
        "balance_usd": "22840.25",
        "available_balance_usd": "22840.25",
    }
    assert items[-1] == {
        "asset_id": "BTC",
        "balance": "0E-8",
        "available_balance": "0E-8",
        "balance_usd": "0E-8",
        "available_balance_usd": "0E-8",
    }


def test_held_money_is_not_available(partners: Partners) -> None:
    partners.control("POST", "adjustments", {"client": "user_12345", "asset": "USD", "held": "22800.00"})

    assert partners.available() == "40.25"
    assert partners.withdraw("too-much", "40.26").json["code"] == 3005


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("balances?partner_client_id=nobody", 2008),
        ("balances/USD?partner_client_id=nobody", 2008),
        ("balances/XYZ?partner_client_id=user_12345", 2012),
    ],
)
def test_balances_of_nobody_or_nothing_are_refused(partners: Partners, target: str, code: int) -> None:
    assert partners.coinmena("GET", f"/v1/partner/{target}").json["code"] == code


def test_an_asset_never_held_is_zero(partners: Partners) -> None:
    reply = partners.coinmena("GET", "/v1/partner/balances/SAR?partner_client_id=user_12345")

    assert set(reply.json["result"].values()) == {"SAR", "0E-8"}


def test_without_a_client_the_partners_own_account_answers(partners: Partners) -> None:
    assert partners.coinmena("GET", "/v1/partner/balances/USD").json["result"]["balance"] == "250000.00"


_CENTS = st.integers(min_value=1, max_value=10**15)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), _CENTS, st.integers(min_value=0, max_value=8)), max_size=12))
def test_no_digit_is_ever_lost(steps: list[tuple[bool, int, int]]) -> None:
    sandbox = Sandbox(clock=ManualClock())
    partners = Partners(sandbox, sandbox.handle)
    partners.control("POST", "clients", {"partner_client_id": "user_12345"})
    expected = Decimal(0)

    for number, (is_deposit, units, decimals) in enumerate(steps):
        amount = Decimal(units).scaleb(-decimals)
        send = partners.fund if is_deposit else partners.withdraw
        reply = send(f"step-{number}", format(amount, "f"))
        if is_deposit or amount <= expected:
            expected += amount if is_deposit else -amount
            assert Decimal(reply.json["result"]["debit" if is_deposit else "credit"]) == amount
        else:
            assert reply.json["code"] == 3005
        assert Decimal(partners.available()) == expected
    sandbox.close()

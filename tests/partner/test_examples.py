"""Every JSON example of the partners' own documents is read, digit for digit."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from backoffice.partner.bitnob import answers as bitnob
from backoffice.partner.bitnob.errors import Unauthorized as BitnobUnauthorized
from backoffice.partner.bitnob.payloads import CurrencyBalance, Transaction
from backoffice.partner.coinmena import answers as coinmena
from backoffice.partner.coinmena.client import body_of
from backoffice.partner.coinmena.payloads import Asset, Balance, Client, Order, OrderKind
from backoffice.partner.strict_json import Slice, loads
from tests.partner.cast import EXAMPLES, answered, example


def _request(raw: bytes) -> dict[str, Any]:
    fields = loads(raw)
    assert isinstance(fields, dict)
    return fields


def _single_order(raw: bytes) -> Order:
    return Order.from_slice(Slice(loads(raw), raw))


READERS: dict[str, Callable[[bytes], object]] = {
    "coinmena_assets": lambda raw: coinmena.read_all(Asset, answered(200, raw)),
    "coinmena_balances": lambda raw: coinmena.read_all(Balance, answered(200, raw)),
    "coinmena_client": lambda raw: coinmena.read_result(Client, answered(200, raw)),
    "coinmena_deposit_in_full": lambda raw: coinmena.read_result(Order, answered(200, raw)),
    "coinmena_duplicate_reference": lambda raw: coinmena.refusal_in(answered(409, raw)),
    "coinmena_unauthorized": lambda raw: coinmena.refusal_in(answered(401, raw)),
    "coinmena_withdrawal_shortened_item": _single_order,
    "coinmena_walkthrough_balances": lambda raw: coinmena.read_all(Balance, answered(200, raw)),
    "coinmena_walkthrough_deposit_answer": lambda raw: coinmena.read_result(Order, answered(200, raw)),
    "coinmena_walkthrough_deposit_request": _request,
    "coinmena_walkthrough_order_by_reference": lambda raw: coinmena.read_result(Order, answered(200, raw)),
    "coinmena_walkthrough_orders": lambda raw: coinmena.read_page(Order, answered(200, raw)),
    "coinmena_walkthrough_withdrawal_answer": lambda raw: coinmena.read_result(Order, answered(200, raw)),
    "coinmena_walkthrough_withdrawal_request": _request,
    "bitnob_balances": lambda raw: bitnob.read_accounts(answered(200, raw)),
    "bitnob_transactions": lambda raw: bitnob.read_transactions(answered(200, raw)),
    "bitnob_unauthorized": lambda raw: bitnob.refusal_in(answered(401, raw)),
}


def read(name: str) -> Any:
    return READERS[name](example(name))


def test_no_example_is_left_out() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(READERS)


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_example_is_read(name: str) -> None:
    assert read(name)


# CoinMENA -------------------------------------------------------------------------------------------------------------


def test_a_deposit_in_full() -> None:
    order = read("coinmena_deposit_in_full")

    assert order.model_dump(exclude={"raw"}) == {
        "id": 80101,
        "order_no": "MND0000080101",
        "partner_client_id": "user_77",
        "type": "deposit",
        "source": "bank",
        "status": "completed",
        "credit": None,
        "credit_asset_id": None,
        "debit": Decimal("250.00"),
        "debit_asset_id": "USD",
        "fee": Decimal("0"),
        "fee_asset_id": "USD",
        "vat": Decimal("0"),
        "partner_order_ref": "dep-2f6c1b7e",
        "price": None,
        "created_at": datetime(2024, 6, 3, 9, 15, tzinfo=UTC),
        "transitioned_at": datetime(2024, 6, 3, 9, 15, tzinfo=UTC),
        "updated_at": datetime(2024, 6, 3, 9, 15, tzinfo=UTC),
    }
    assert str(order.debit) == "250.00"


def test_a_shortened_item_reads_the_absent_as_null() -> None:
    order = read("coinmena_withdrawal_shortened_item")

    assert (order.credit, order.debit, order.fee, order.updated_at, order.source) == (Decimal("75.25"),) + (None,) * 4
    assert order.raw == example("coinmena_withdrawal_shortened_item")


def test_the_page_of_the_walkthrough() -> None:
    page = read("coinmena_walkthrough_orders")

    assert (page.total, page.page, page.page_size, page.is_last, page.unreadable) == (2, 1, 100, True, ())
    assert [order.partner_order_ref for order in page.items] == ["deposit-abc-123", "withdrawal-abc-456"]
    flat_objects = re.findall(rb"\{[^{}]+\}", example("coinmena_walkthrough_orders"))
    assert [order.raw for order in page.items] == flat_objects


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("coinmena_walkthrough_deposit_answer", OrderKind.DEPOSIT),
        ("coinmena_walkthrough_withdrawal_answer", OrderKind.WITHDRAWAL),
    ],
)
def test_the_walkthrough_orders_sit_on_the_partners_side_of_the_books(name: str, kind: OrderKind) -> None:
    order = read(name)
    amount = {OrderKind.DEPOSIT: Decimal("1000"), OrderKind.WITHDRAWAL: Decimal("500")}[kind]

    assert order.is_for(kind, "USD", amount)
    assert not any(order.is_for(other, "USD", amount) for other in OrderKind if other is not kind)


@pytest.mark.parametrize("name", ["coinmena_walkthrough_deposit_request", "coinmena_walkthrough_withdrawal_request"])
def test_our_requests_say_what_the_walkthrough_says(name: str) -> None:
    fields = read(name)

    body = body_of(**(fields | {"amount": Decimal(fields["amount"])}))

    assert loads(body) == fields


def test_balances_keep_their_scientific_nothing() -> None:
    dollars, bitcoin = read("coinmena_balances")

    assert (str(dollars.balance), str(dollars.available_balance)) == ("740.50", "700.50")
    assert [str(bitcoin.balance), str(bitcoin.available_balance_usd)] == ["0E-8", "0E-8"]


def test_the_flags_of_an_asset() -> None:
    dollars, bitcoin = read("coinmena_assets")

    assert (dollars.asset_id, dollars.precision, dollars.published, dollars.depositable) == ("USD", 2, True, True)
    assert (bitcoin.depositable, bitcoin.withdrawable) == (False, False)


def test_a_verified_and_active_client_can_be_funded() -> None:
    client = read("coinmena_client")

    assert (client.id, client.partner_client_id, client.country_id) == (4711, "user_12345", "bh")
    assert client.can_be_funded
    assert not client.model_copy(update={"active": False}).can_be_funded
    assert not client.model_copy(update={"status": "on_hold"}).can_be_funded


def test_the_envelope_of_a_refusal() -> None:
    refusal = read("coinmena_duplicate_reference")

    assert (refusal.code, refusal.message, refusal.detail) == (2020, "Duplicate partner order reference", "")


# Bitnob ---------------------------------------------------------------------------------------------------------------


def test_the_page_of_transactions() -> None:
    page = read("bitnob_transactions")

    assert (page.total_count, page.has_more, page.is_last, page.previous_cursor) == (5, True, False, None)
    assert page.next_cursor.startswith("eyJjcmVhdGVk")
    withdrawal, deposit = page.items
    assert (withdrawal.amount, withdrawal.fee) == (Decimal(-2000000), Decimal(1000000))
    assert (withdrawal.trade_id, deposit.trade_id, withdrawal.idempotency_key) == (None, None, None)
    assert deposit.created_at == datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=UTC)
    assert deposit.value_date == date(2026, 1, 5)
    assert (withdrawal.is_terminal, deposit.is_terminal) == (False, True)
    assert (withdrawal.is_simulated, deposit.is_simulated) == (False, True)
    assert withdrawal.side_agrees
    assert deposit.side_agrees
    assert deposit.metadata["btc_spot_price"] == "62000.10"
    assert loads(deposit.raw)["transaction_id"] == deposit.transaction_id  # type: ignore[index, call-overload]


def test_a_side_that_contradicts_the_sign_is_told() -> None:
    withdrawal, deposit = read("bitnob_transactions").items

    assert not withdrawal.model_copy(update={"side": "Credit"}).side_agrees
    assert not deposit.model_copy(update={"side": "debit"}).side_agrees
    assert deposit.model_copy(update={"side": None}).side_agrees


def test_accounts_with_their_two_balances() -> None:
    (account,) = read("bitnob_balances")

    assert (account.currency, account.ledger_balance, account.available_balance) == (
        "USDT",
        Decimal(12500000),
        Decimal(9500000),
    )


@pytest.mark.parametrize(
    ("shape", "total"),
    [
        ({"total_balance": "12", "pending_balance": "2"}, 12),
        ({"ledger_balance": "11", "as_of": "2026-01-05T10:00:01.5Z"}, 11),
    ],
)
def test_both_shapes_of_one_balance(shape: dict[str, str], total: int) -> None:
    fields = {"currency": "USDT", "available_balance": "10", "raw": b"{}"} | shape

    assert CurrencyBalance.model_validate(fields).total == total


def test_a_refusal_of_bitnob() -> None:
    refusal = read("bitnob_unauthorized")

    assert isinstance(refusal, BitnobUnauthorized)
    assert (refusal.code, refusal.correlation_id) == ("UNAUTHORIZED", "req_test_0002")


# What examples do not show --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("2026-01-05T10:00:00.123456789Z", datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-05T10:00:00Z", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("2026-01-05T10:00:00.1Z", datetime(2026, 1, 5, 10, 0, 0, 100000, tzinfo=UTC)),
        ("2026-01-05T13:00:00.500000+03:00", datetime(2026, 1, 5, 10, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_every_form_in_use(sent: str, read_as: datetime) -> None:
    assert _transaction(created_at=sent).created_at == read_as


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": "2026-01-05T10:00:00"},
        {"created_at": "2026-01-05"},
        {"created_at": 1767607200},
        {"created_at": "2026-13-05T10:00:00Z"},
        {"amount": "1.5"},
        {"amount": None},
        {"amount": True},
        {"amount": "1_000"},
        {"transaction_id": None},
        {"transaction_id": 7},
        {"value_date": "05.01.2026"},
        {"metadata": "none"},
    ],
)
def test_a_row_against_the_contract_is_kept_apart_from_the_others(change: dict[str, object]) -> None:
    good, bad = _fields(), _fields() | change
    body = _page_of(good, bad)

    page = bitnob.read_transactions(answered(200, body))

    assert [each.transaction_id for each in page.items] == ["t-1"]
    (row,) = page.unreadable
    assert next(iter(change)) in row.reason
    assert loads(row.raw) == bad


def test_unknown_words_and_fields_are_kept_and_ignored() -> None:
    transaction = _transaction(type="CARD_TOPUP", state="ON_HOLD", brand_new={"a": 1}, raw="not ours")

    assert (transaction.type, transaction.state, transaction.is_terminal) == ("CARD_TOPUP", "ON_HOLD", False)
    assert transaction.raw == b"{}"


def test_hostile_text_is_made_storable_and_bounded() -> None:
    transaction = _transaction(
        amount_formatted="\x00\ud800\u202e" + "x" * 1_000_000,
        metadata={"note": "\x00"},
        reference="r" * 5000 + "1",
    )
    other = _transaction(reference="r" * 5000 + "2")

    assert transaction.amount_formatted is not None
    assert transaction.amount_formatted.startswith("\ufffd\ufffd\u202exx")
    assert len(transaction.amount_formatted) == 500
    assert transaction.metadata == {"note": "\ufffd"}
    assert len(transaction.reference or "") == len(other.reference or "") == 255
    assert transaction.reference != other.reference


def _fields(**changes: object) -> dict[str, Any]:
    fields = {
        "transaction_id": "t-1",
        "currency": "USDT",
        "type": "DEPOSIT_CONFIRMED",
        "state": "SETTLED",
        "amount": "5",
        "created_at": "2026-01-05T10:00:00Z",
    }
    return fields | changes


def _transaction(**changes: object) -> Transaction:
    return Transaction.from_slice(Slice(_fields(**changes), b"{}"))


def _page_of(*rows: dict[str, object]) -> bytes:
    page = {"transactions": rows, "total_count": len(rows), "has_more": False, "next_cursor": "", "previous_cursor": ""}
    return json.dumps({"success": True, "data": page}).encode()

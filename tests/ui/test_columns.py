"""Columns: what the table shows and what the file holds are declared together."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db.models import F, Value

from backoffice.ui.columns import Column, Columns, Kind, OnPhone, as_exported
from backoffice.ui.values import Amount, Badge, Effect, Named, Person, Reference


@dataclass
class Order:
    number: int
    amount: Decimal
    status: str


ORDER = Order(9042117, Decimal("-2350.00"), "completed")
NUMBER = Column(key="number", label="Order", value=lambda order: Reference(str(order.number)), export="number")
AMOUNT = Column(
    key="amount",
    label="Amount",
    kind=Kind.MONEY,
    value=lambda order: Amount(order.amount, "USD"),
    export=F("amount"),
    on_phone=OnPhone.LABEL,
)
STATUS = Column(
    key="status",
    label="Status",
    value=lambda order: Badge("Completed"),
    export="status",
    export_value=lambda order: order.status,
    export_label="state",
)
ASSET = Column(key="asset", label="Asset", value=lambda order: "USD", export=Value("USD"), screen=False)
LINK = Column(key="link", label="Open", value=lambda order: "Open", url=lambda order: f"/orders/{order.number}/")


def test_the_screen_and_the_file_take_their_own_columns_in_order() -> None:
    columns = Columns(NUMBER, AMOUNT, STATUS, ASSET, LINK)
    assert [column.key for column in columns.shown] == ["number", "amount", "status", "link"]
    assert [column.header for column in columns.exported] == ["number", "amount", "state", "asset"]


def test_the_file_row_is_plain_where_the_screen_is_worded() -> None:
    assert Columns(NUMBER, AMOUNT, STATUS, ASSET).exported_row(ORDER) == ["9042117", "-2350.00", "completed", "USD"]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        Columns(NUMBER, NUMBER)


def test_a_column_of_the_screen_has_no_sql() -> None:
    with pytest.raises(LookupError, match="link"):
        _ = LINK.expression


def test_numbers_stand_at_the_end_and_text_at_the_start() -> None:
    assert AMOUNT.css == "num amount"
    assert NUMBER.css == ""


def test_a_folded_cell_names_itself_only_when_asked() -> None:
    assert AMOUNT.phone_label == "Amount"
    assert NUMBER.phone_label == ""


def test_a_cell_leads_where_its_column_says() -> None:
    assert LINK.address(ORDER) == "/orders/9042117/"
    assert NUMBER.address(ORDER) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Decimal("1E+3"), "1000"),
        (Amount(None, "USD"), ""),
        (datetime(2026, 11, 19, 11, 32, 5, 120, tzinfo=UTC), "2026-11-19T11:32:05.00012Z"),
        (datetime(2026, 11, 19, 11, 30, 0, tzinfo=UTC), "2026-11-19T11:30:00Z"),
        (Effect("Deposited"), "Deposited"),
        (Named("Noura", "user_12345"), "user_12345"),
        (Person("Maya Haddad"), "Maya Haddad"),
        (17, "17"),
    ],
)
def test_every_value_has_one_plain_form(value: object, text: str) -> None:
    assert as_exported(value) == text

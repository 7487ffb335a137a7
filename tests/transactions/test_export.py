"""The file of the transactions: raw units and converted amounts, digit for digit."""

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.money import CURRENCY_EXPONENTS
from backoffice.transactions import queries
from backoffice.transactions.models import Transaction
from backoffice.transactions.views import TRANSACTIONS
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.transactions.said import deposits, key, mirror, payout, said

HEADINGS = [column.header for column in TRANSACTIONS.columns.exported]


@pytest.fixture
def book(committed: str) -> None:
    """Transactions with hostile texts, unknown words and what the partner may leave out."""
    mirror(
        said(1),
        payout(2),
        said(
            3, type="=1+1", currency="-XYZ", amount="-12", side="Debit", reference='a"b;c\nd', fee=None, value_date=...
        ),
        said(4, metadata={"is_simulated": True}, idempotency_key="", updated_at=...),
        said(5, currency="ETH", amount="1" * 38),
        *deposits(20, first=10),
    )


def test_the_table_and_the_file_agree_row_by_row(book: None) -> None:
    assert len(assert_table_and_csv_agree(TRANSACTIONS, queries.listed())) == 25


@given(
    amounts=st.lists(
        st.tuples(st.integers(-(10**37), 10**37), st.sampled_from([*CURRENCY_EXPONENTS, "XYZ"])),
        min_size=30,
        max_size=30,
    )
)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_file_has_raw_units_and_the_amount_they_make(committed: str, amounts: list[tuple[int, str]]) -> None:
    start = Transaction.objects.count() + 1
    mirror(
        *(
            said(start + place, amount=str(units), currency=currency, side="")
            for place, (units, currency) in enumerate(amounts)
        )
    )
    rows = assert_table_and_csv_agree(TRANSACTIONS, queries.listed())
    written = {row[0]: dict(zip(HEADINGS, row, strict=True)) for row in rows}
    for place, (units, currency) in enumerate(amounts):
        row = written[key(start + place)]
        assert row["amount_units"] == str(units)
        exponent = CURRENCY_EXPONENTS.get(currency)
        assert row["amount"] == ("" if exponent is None else in_digits(units, exponent))


def in_digits(units: int, exponent: int) -> str:
    """Put the point where it belongs by moving text, not numbers."""
    digits = str(abs(units)).rjust(exponent + 1, "0")
    return f"{'-' if units < 0 else ''}{digits[:-exponent]}.{digits[-exponent:]}"


def test_the_button_gives_the_file_and_the_log_says_so(book: None, client: Browser, vera: Person) -> None:
    client.force_login(vera)
    heading, *rows = downloaded(client.post("/transactions/export/?money=simulated"))
    assert heading == HEADINGS
    assert [row[0] for row in rows] == [key(4)]
    assert Entry.objects.get(event="export.made").person == vera


def test_a_file_is_not_given_to_get_or_to_an_administrator(book: None, client: Browser, adam: Person) -> None:
    client.force_login(adam)
    assert client.post("/transactions/export/").status_code == 403
    assert client.get("/transactions/export/").status_code == 403

"""The list of transactions: what it shows, what its filters find, how many queries it takes."""

from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.transactions import queries
from backoffice.transactions.filters import TransactionFilters
from backoffice.transactions.models import AccountBalance
from tests.transactions.said import NOON, deposits, key, mirror, payout, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


@pytest.fixture
def book() -> None:
    """A deposit, a payout under way, one leg of a trade, a currency nobody knows, a simulated deposit, a reversal."""
    mirror(
        said(1),
        payout(2),
        said(3, type="TRADE_DEBIT", currency="USDT", amount="-5000000", trade_id="trade-1", side="Debit"),
        said(4, type="AIRDROP", currency="XYZ", amount="123456789", state="HELD"),
        said(5, currency="USDT", amount="9000000", metadata={"is_simulated": True}),
        said(6, type="REVERSAL", currency="USDT", amount="-7", state="REVERSED", side="Debit"),
    )


def found(query: str) -> set[int]:
    """The numbers of the transactions the filters of an address find."""
    filters = TransactionFilters(QueryDict(query), queries.listed())
    assert filters.is_valid(), filters.errors
    return {pk.int for pk in filters.qs.values_list("pk", flat=True)}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", {1, 2, 3, 4, 5, 6}),
        (f"q={key(4)}", {4}),
        (f"q={key(4).replace('-', '')}", {4}),
        ("q=wd_20260105", {2}),
        ("q=dep-3", {3}),
        ("q=trade-1", {3}),
        ("q=nothing", set()),
        ("type=DEPOSIT_CONFIRMED", {1, 5}),
        ("type=other", {4}),
        ("type=other&type=REVERSAL", {4, 6}),
        ("state=SETTLED", {1, 3, 5}),
        ("state=PENDING&state=IN_PROGRESS&state=other", {2, 4}),
        ("state=other", {4}),
        ("state=REVERSED", {6}),
        ("currency=BTC", {1}),
        ("currency=other", {4}),
        ("side=credit", {1, 4, 5}),
        ("side=debit", {2, 3, 6}),
        ("money=simulated", {5}),
        ("money=real", {1, 2, 3, 4, 6}),
        ("created_from=2026-11-19&created_to=2026-11-19", {1, 2, 3, 4, 5, 6}),
        ("created_from=2026-11-20", set()),
    ],
)
def test_it_finds_exactly_what_the_filter_says(book: None, query: str, numbers: set[int]) -> None:
    assert found(query) == numbers


def test_it_adds_up_what_settled_and_leaves_simulated_money_out(book: None) -> None:
    mirror(said(7, currency="USDT", amount="1500000", fee="20000"), said(8, currency="XYZ", amount="-11", side="Debit"))
    summary = queries.summarise(queries.listed())
    assert summary.count == 8
    assert dict(summary.sums) == {
        "USDT": {
            "Settled in": Decimal("1.500000"),
            "Settled out": Decimal("-5.000000"),
            "Fees of both": Decimal("0.020000"),
        },
        "XYZ units": {"Settled out": Decimal("-11"), "Fees of both": Decimal("0")},
        "BTC": {"Settled in": Decimal("0.00150000"), "Fees of both": Decimal("0E-8")},
    }


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("150000", "BTC", "0.00150000 "),
        ("-3000000", "USDT", "\u22123.000000 "),
        ("-9", "USDT", "\u22120.000009 "),
        ("250", "NGN", "2.50 "),
        ("123456789", "XYZ", "123,456,789 "),
        ("12345678901234567890123456789012345678", "XYZ", "12,345,678,901,234,567,890,123,456,789,012,345,678 "),
    ],
)
def test_units_become_the_currency_only_where_its_exponent_is_known(
    finance: Browser, amount: str, currency: str, shown: str
) -> None:
    mirror(said(1, amount=amount, currency=currency, side="Debit" if amount.startswith("-") else "Credit"))
    page = finance.get("/transactions/").content.decode()
    assert f">{shown}<span" in page
    assert (f"smallest units of {currency}" in page) is (currency == "XYZ")


def test_the_page_marks_what_is_simulated_and_what_contradicts_itself(finance: Browser) -> None:
    mirror(said(1, metadata={"is_simulated": True}), said(2, side="Debit"))
    page = finance.get("/transactions/").content.decode()
    assert page.count("Simulated</span>") == 1
    assert page.count("Side contradicts sign</span>") == 1


def test_the_page_shows_the_balances_and_their_age(finance: Browser) -> None:
    AccountBalance.objects.create(
        account_id="a", currency="USDT", ledger_balance=12500000, available_balance=9500000, read_at=NOON, raw=b"{}"
    )
    page = finance.get("/transactions/").content.decode()
    assert "9.500000" in page
    assert "12.500000" in page


def test_it_costs_the_same_queries_for_ten_transactions_as_for_two_hundred(
    finance: Browser, django_assert_max_num_queries: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mirror(*deposits(10))
    with django_assert_max_num_queries(14) as few:
        finance.get("/transactions/")
    mirror(*deposits(200))
    with django_assert_num_queries(len(few)):
        finance.get("/transactions/")


@pytest.mark.parametrize("sort", ["-created", "created"])
def test_the_pages_of_every_transaction_hold_every_one_once(finance: Browser, sort: str) -> None:
    mirror(*deposits(120))
    seen: list[int] = []
    url = f"/transactions/?sort={sort}"
    while url:
        page = finance.get(url).context["page"]
        seen += [row[0].row.pk.int for row in page.rows]
        url = f"/transactions/{page.older_url}" if page.older_url else ""
    assert sorted(seen) == list(range(1, 121))


@pytest.mark.parametrize(
    "query",
    [
        "page=tampered",
        "sort=metadata",
        "created_from=0001-01-01",
        "q=" + "x" * 201,
        "q=a%00b",
        "state=settled",
        "side=both",
        "money=1",
        "q=" + "y" * 100_000,
    ],
)
def test_a_hostile_address_is_refused_and_never_breaks(finance: Browser, book: None, query: str) -> None:
    assert finance.get(f"/transactions/?{query}").status_code in {400, 414}


def test_hostile_text_is_escaped_and_what_is_hidden_in_it_named(finance: Browser) -> None:
    mirror(said(1, currency="<b>", type="<script>alert(1)</script>", state="<svg/onload=x>", reference="\u202e<i>"))
    page = finance.get("/transactions/").content.decode()
    for bad in ("<script>alert", "<svg/onload", "<b> units", "\u202e", "<i>"):
        assert bad not in page
    assert "U+202E" in page


@pytest.mark.parametrize(("who", "status"), [("maya", 200), ("omar", 200), ("vera", 200), ("adam", 403), (None, 302)])
@pytest.mark.parametrize("path", ["/transactions/", f"/transactions/{key(1)}/"])
def test_transactions_are_open_to_those_whose_work_they_are(
    client: Browser, book: None, request: pytest.FixtureRequest, path: str, who: str | None, status: int
) -> None:
    if who:
        client.force_login(request.getfixturevalue(who))
    assert client.get(path).status_code == status

"""The list of orders: what it shows, what its filters find, how many queries it takes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError
from django.http import QueryDict
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.orders import queries
from backoffice.orders.filters import OrderFilters
from backoffice.orders.models import Order
from tests.orders.said import NOON, deposits, mint, mirror, said, trade, withdrawal

pytestmark = pytest.mark.django_db


def know_client(partner_client_id: str, name: str) -> Client:
    return Client.objects.create(
        partner_client_id=partner_client_id, name=name, status="verified", active=True, raw=b"{}", read_at=NOON
    )


def know_assets(*asset_ids: str) -> None:
    Asset.objects.bulk_create(Asset(asset_id=each, raw=b"{}", read_at=NOON) for each in asset_ids)


@pytest.fixture
def finance(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


@pytest.fixture
def book() -> None:
    """Five orders of two clients: ours, not ours, a withdrawal that failed, a trade, one still open."""
    know_assets("USD", "BHD", "BTC")
    know_client("user_12345", "Noura Al Khalifa")
    know_client("user_20871", "Khalid Al Mansoori")
    mint("dep-2026-z6t1n8bc", "wd-2026-m1y6d4xs")
    mirror(
        said(id=1, order_no="MND0000000001"),
        said(id=2, order_no=..., partner_client_id="user_20871", partner_order_ref="made-elsewhere", debit="500.00"),
        withdrawal(id=3, order_no="MNW0000000003", partner_order_ref="wd-2026-m1y6d4xs", status="failed"),
        trade(id=4, order_no="MNB0000000004"),
        said(id=5, order_no=..., partner_order_ref="dep-open", debit="7.125", debit_asset_id="BHD", status="settling"),
    )


def found(query: str) -> set[int]:
    """The ids of the orders the filters of an address find."""
    filters = OrderFilters(QueryDict(query), queries.listed())
    assert filters.is_valid(), filters.errors
    return set(filters.qs.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", {1, 2, 3, 4, 5}),
        ("q=dep-2026-z6t1n8bc", {1}),
        ("q=dep-2026", {1}),
        ("q=wd-", {3}),
        ("q=MNW0000000003", {3}),
        ("q=mnw0000000003", {3}),
        ("q=MND0000000002", {2}),
        ("q=4", {4}),
        ("q=user_20871", {2}),
        ("q=mansoori", {2}),
        ("q=nothing-like-it", set()),
        ("q=%25", set()),
        ("kind=deposit", {1, 2, 5}),
        ("kind=withdrawal&kind=buy", {3, 4}),
        ("kind=other", set()),
        ("asset=BTC", {4}),
        ("asset=BHD&asset=BTC", {4, 5}),
        ("status=completed", {1, 2, 4}),
        ("status=failed", {3}),
        ("status=open", {5}),
        ("status=failed&status=rejected&status=open", {3, 5}),
        ("status=completed&status=open", {1, 2, 4, 5}),
        ("made=here", {1, 3}),
        ("made=elsewhere", {2, 5}),
        ("made=here&made=elsewhere", {1, 2, 3, 4, 5}),
        ("amount_min=1000", {1, 3, 4}),
        ("amount_max=7.125", {5}),
        ("kind=withdrawal&amount_min=10000", {3}),
        ("created_from=2026-11-19&created_to=2026-11-19", {1, 2, 3, 4, 5}),
        ("created_to=2026-11-18", set()),
    ],
)
def test_it_finds_exactly_what_the_filter_says(book: None, query: str, ids: set[int]) -> None:
    assert found(query) == ids


def test_a_trade_without_a_reference_is_neither_ours_nor_somebody_elses(book: None) -> None:
    assert 4 not in found("made=here") | found("made=elsewhere")


def test_a_name_that_many_clients_share_loses_none_of_their_orders() -> None:
    for number in range(queries.NAMES_LOOKED_UP + 5):
        know_client(f"user_{number}", "Ali")
    mirror(*(said(id=number + 1, partner_client_id=f"user_{number}") for number in range(queries.NAMES_LOOKED_UP + 5)))
    assert len(found("q=ali")) == queries.NAMES_LOOKED_UP + 5


def test_it_adds_up_completed_deposits_and_withdrawals_by_asset_and_nothing_else(book: None) -> None:
    mirror(withdrawal(id=6, credit="0.10"), withdrawal(id=7, credit="0.2"))
    summary = queries.summarise(queries.listed())
    assert summary.count == 7
    assert summary.sums == [("USD", {"Deposited": Decimal("1500.00"), "Withdrawn": Decimal("-0.30")})]


def test_what_coinmena_no_longer_has_is_not_added_up_unless_it_came_back_singly(book: None) -> None:
    Order.objects.filter(pk__in=[1, 2]).update(vanished_at=NOON)
    Order.objects.filter(pk=1).update(read_at=NOON)
    Order.objects.filter(pk=2).update(read_at=NOON + timedelta(seconds=1))
    assert queries.summarise(queries.listed()).sums == [("USD", {"Deposited": Decimal("500.00")})]


def test_the_page_shows_the_client_the_effect_and_whose_order_it_is(finance: Browser, book: None) -> None:
    page = finance.get("/orders/").content.decode()
    assert "Noura Al Khalifa" in page
    assert "Deposited" in page
    assert "Not withdrawn" in page
    assert "Bought 0.015 BTC" in page
    assert page.count("Not ours</span>") == 2
    assert 'href="/funding/dep-2026-z6t1n8bc/"' in page
    assert 'href="/funding/made-elsewhere/"' not in page


def test_it_costs_the_same_queries_for_ten_orders_as_for_two_hundred(
    finance: Browser, django_assert_max_num_queries: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mirror(*deposits(10))
    with django_assert_max_num_queries(14) as few:
        finance.get("/orders/")
    mirror(*deposits(200))
    with django_assert_num_queries(len(few)):
        finance.get("/orders/")


@pytest.mark.parametrize("sort", ["-created", "created", "-amount", "amount"])
def test_the_pages_of_every_order_hold_every_order_once(finance: Browser, sort: str) -> None:
    mirror(*deposits(120), said(id=999, type="rebate", created_at="2026-11-19T12:00:00Z"))
    seen: list[int] = []
    url = f"/orders/?sort={sort}"
    while url:
        page = finance.get(url).context["page"]
        seen += [row[0].row.pk for row in page.rows]
        url = f"/orders/{page.older_url}" if page.older_url else ""
    assert sorted(seen) == [*range(1, 121), 999]


@pytest.mark.parametrize(
    "query",
    [
        "page=" + "9" * 30,
        "page=tampered",
        "sort=raw",
        "sort=-partner_client__password",
        "created_from=0001-01-01",
        "created_from=2026-12-01&created_to=2026-01-01",
        "created_to=9999-12-31",
        "amount_min=1e9",
        "amount_min=" + "9" * 5000,
        "amount_min=5&amount_max=1",
        "q=" + "x" * 201,
        "q=a%00b",
        "status=anything",
        "kind=' OR 1=1 --",
        "asset=" + "&asset=".join(str(number) for number in range(2000)),
        "q=" + "y" * 100_000,
    ],
)
def test_a_hostile_address_is_refused_and_never_breaks(finance: Browser, book: None, query: str) -> None:
    assert finance.get(f"/orders/?{query}").status_code in {400, 414}


def test_an_unknown_parameter_filters_nothing(finance: Browser, book: None) -> None:
    page = finance.get("/orders/?page_size=1000000000&raw__contains=x&id=3").context["page"]
    assert len(page.rows) == 5


def test_hostile_text_is_escaped_and_what_is_hidden_in_it_named(finance: Browser) -> None:
    know_client("user_<b>", "\u202eevil <script>alert(1)</script>")
    mirror(
        said(
            id=1,
            partner_client_id="user_<b>",
            partner_order_ref='"><img src=x onerror=alert(1)>',
            status="<svg/onload=alert(1)>",
            type="<i>",
        )
    )
    page = finance.get("/orders/").content.decode()
    for bad in ("<script>alert", "<img src=x", "<svg/onload", "user_<b>", "<i>", "\u202e"):
        assert bad not in page
    assert "U+202E" in page


def test_amounts_are_shown_digit_for_digit(finance: Browser) -> None:
    mirror(
        said(id=1, debit="1000.00"),
        said(id=2, debit="0E-8"),
        said(id=3, debit="99999999999999999999.000000000000000001"),
    )
    page = finance.get("/orders/").content.decode()
    for shown in ("1,000.00 ", "0.00000000 ", "99,999,999,999,999,999,999.000000000000000001 "):
        assert f">{shown}<span" in page


def test_a_search_that_finds_nothing_offers_to_ask_coinmena(finance: Browser, book: None) -> None:
    page = finance.get("/orders/?q=dep-just-now").content.decode()
    assert "Look up at CoinMENA" in page
    assert 'name="text" value="dep-just-now"' in page


@pytest.mark.parametrize(("who", "status"), [("maya", 200), ("omar", 200), ("vera", 200), ("adam", 403), (None, 302)])
@pytest.mark.parametrize("path", ["/orders/", "/orders/1/"])
def test_orders_are_open_to_those_whose_work_they_are(
    client: Browser, book: None, request: pytest.FixtureRequest, path: str, who: str | None, status: int
) -> None:
    if who:
        client.force_login(request.getfixturevalue(who))
    assert client.get(path).status_code == status


def test_the_newest_order_comes_first(finance: Browser) -> None:
    mirror(
        *(
            said(id=number, created_at=(NOON + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ"))
            for number in (1, 3, 2)
        )
    )
    page = finance.get("/orders/").context["page"]
    assert [row[0].row.pk for row in page.rows] == [3, 2, 1]


def test_the_list_does_not_read_the_raw_answers(finance: Browser, book: None) -> None:
    assert "raw" in queries.listed().first().get_deferred_fields()  # type: ignore[union-attr]


def test_an_order_is_never_deleted(book: None) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        Order.objects.get(pk=1).delete()

"""The file of the orders: the table's rows, digit for digit, and nothing a spreadsheet would run."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.orders import queries
from backoffice.orders.models import Order
from backoffice.orders.views import ORDERS
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.orders.said import deposits, mint, mirror, said, trade, withdrawal
from tests.orders.test_list import know_assets, know_client

DEBIT = [column.key for column in ORDERS.columns.exported].index("debit")
SPOKEN = st.builds(
    lambda digits, scale, exponent: (
        f"{Decimal(digits).scaleb(-scale)}" if not exponent else f"{digits % 100}E+{exponent}"
    ),
    st.integers(0, 10**20 - 1),
    st.integers(0, 18),
    st.sampled_from([0, 0, 0, 0, 3]),
)


@pytest.fixture
def book(committed: str) -> None:
    """Orders of every kind, hostile texts and unknown words among them."""
    know_client("user_12345", "=HYPERLINK(1)")
    mint("dep-2026-z6t1n8bc", "@ours")
    mirror(
        said(id=1),
        said(id=2, order_no=..., partner_order_ref="@ours", debit="0E-8", fee=None, vat=None),
        withdrawal(
            id=3, partner_client_id="-user", partner_order_ref="+wd", credit="0.000000000000000001", status="failed"
        ),
        trade(id=4, price="98690.00"),
        said(
            id=5,
            type="=1+1",
            status="\tsettling",
            partner_order_ref='a"b;c\nd',
            created_at="2026-11-19T12:00:00.123456Z",
        ),
        *deposits(20, first_id=10),
    )


def test_the_table_and_the_file_agree_row_by_row(book: None) -> None:
    Order.objects.filter(pk=1).update(vanished_at=timezone.now())
    rows = assert_table_and_csv_agree(ORDERS, queries.listed())
    assert len(rows) == 25


def test_the_file_holds_what_the_filter_finds_and_no_more(book: None) -> None:
    rows = assert_table_and_csv_agree(ORDERS, queries.listed(), "made=here&sort=amount")
    assert [row[0] for row in rows] == ["2", "1"]


@given(spoken=st.lists(SPOKEN, min_size=30, max_size=30))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_every_amount_is_the_partners_digit_for_digit(committed: str, spoken: list[str]) -> None:
    start = Order.objects.count() + 1
    mirror(*(said(id=start + place, debit=text) for place, text in enumerate(spoken)))
    rows = assert_table_and_csv_agree(ORDERS, queries.listed(), "sort=created")
    digits = {row[0]: row[DEBIT] for row in rows}
    for place, text in enumerate(spoken):
        assert digits[str(start + place)] == f"{Decimal(text):f}"


@pytest.fixture
def gone(book: None) -> None:
    """Beside the book, an order that CoinMENA no longer lists, and one that came back singly since."""
    mirror(said(id=40, debit="40.00"), withdrawal(id=41, credit="0.25"), withdrawal(id=42, credit="4.00"))
    now = timezone.now()
    Order.objects.filter(pk=40).update(vanished_at=now)
    Order.objects.filter(pk=41).update(vanished_at=now, read_at=now + timedelta(seconds=1))


@pytest.mark.parametrize("query", ["", "kind=withdrawal&kind=buy", "listed=no", "status=failed", "kind=buy"])
@pytest.mark.parametrize("preset", ["full", "accounting"])
def test_the_list_adds_up_what_its_file_adds_up(
    gone: None, client: Browser, vera: Person, query: str, preset: str
) -> None:
    client.force_login(vera)
    summary = client.get(f"/orders/?{query}").context["page"].summary
    heading, *rows = downloaded(client.post(f"/orders/export/?{query}", {"preset": preset}))
    said = Entry.objects.filter(event="export.made").get().after or {}
    assert (said["rows"], len(rows)) == (summary.count, summary.count)
    of_the_list = {asset: sum(amounts.values()) for asset, amounts in summary.sums}
    assert of_the_list == {asset: Decimal(text) for asset, text in said["sums"].items()}
    place, asset = heading.index("summed_amount"), heading.index("effect_asset_id")
    of_the_file: dict[str, Decimal] = {}
    for row in rows:
        if row[place]:
            of_the_file[row[asset]] = of_the_file.get(row[asset], Decimal(0)) + Decimal(row[place])
    assert of_the_file == of_the_list


def test_an_order_that_is_gone_leaves_with_when_and_adds_nothing(gone: None, client: Browser, vera: Person) -> None:
    client.force_login(vera)
    heading, *rows = downloaded(client.post("/orders/export/?listed=no", {"preset": "accounting"}))
    amounts = {row[heading.index("effect_amount")]: row for row in rows}
    assert amounts.keys() == {"40.00", "-0.25"}
    assert all(row[heading.index("vanished_at")] for row in rows)
    assert [amounts[one][heading.index("summed_amount")] for one in ("40.00", "-0.25")] == ["", "-0.25"]


def test_list_and_panel_say_what_the_sums_leave_out(gone: None, client: Browser, vera: Person) -> None:
    client.force_login(vera)
    for address in ("/orders/", "/orders/export/", "/orders/?kind=buy", "/orders/?part=summary"):
        page = client.get(address).content.decode()
        assert "Trades, and orders that CoinMENA no longer has, are left out." in page, address


def test_the_button_gives_the_file_and_the_log_says_so(book: None, client: Browser, vera: Person) -> None:
    client.force_login(vera)
    heading, *rows = downloaded(client.post("/orders/export/?kind=withdrawal"))
    assert heading[:3] == ["order_id", "order_no", "reference"]
    assert [row[0] for row in rows] == ["3"]
    entry = Entry.objects.filter(event="export.made").get()
    assert (entry.person, entry.after["rows"]) == (vera, 1)


def test_a_file_is_not_given_to_get_or_to_an_administrator(book: None, client: Browser, adam: Person) -> None:
    client.force_login(adam)
    assert client.post("/orders/export/").status_code == 403
    assert client.get("/orders/export/").status_code == 403


def test_an_unreadable_filter_gives_no_file(book: None, client: Browser, vera: Person) -> None:
    know_assets("USD")
    client.force_login(vera)
    assert client.post("/orders/export/?amount_min=1e5").status_code == 400

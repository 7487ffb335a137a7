"""Search everything: one exact thing leads there, anything else is listed by kind, and nothing typed does harm."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person
from backoffice.clients.models import Client
from backoffice.dashboard.search import AmountAsked, amount_in, search
from backoffice.funding.states import State
from backoffice.transactions.models import Transaction
from tests.reconciliation import rows
from tests.reconciliation.rows import NOON, Ours, Theirs

pytestmark = pytest.mark.django_db

TRANSACTION = UUID("11111111-2222-4333-8444-555555555555")


@pytest.fixture
def as_maya(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


@pytest.fixture
def known() -> None:
    """One of each kind."""
    rows.operation(Ours(reference="dep-2026-k7v4q1zd"))
    rows.order(Theirs(id=67890, reference="dep-2026-k7v4q1zd"))
    rows.order(Theirs(id=67891, reference="elsewhere-1", amount=Decimal("42.00"), client="user_2"))
    Transaction.objects.create(
        transaction_id=TRANSACTION,
        currency="USDT",
        type="DEPOSIT_CONFIRMED",
        state="SETTLED",
        amount=Decimal("1000000"),
        reference="RCV_1",
        created_at=NOON,
        raw=b"{}",
        read_at=NOON,
    )


def text_of(browser: Browser, typed: str, status: int = 200) -> str:
    response = browser.get("/search/", {"q": typed})
    assert response.status_code == status
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("dep-2026-k7v4q1zd", "/funding/dep-2026-k7v4q1zd/"),
        ("  DEP-2026-K7V4Q1ZD ", "/funding/dep-2026-k7v4q1zd/"),
        ("67891", "/orders/67891/"),
        ("MN0000067891", "/orders/67891/"),
        ("mn0000067891", "/orders/67891/"),
        ("elsewhere-1", "/orders/67891/"),
        ("user_1", "/clients/user_1/"),
        (str(TRANSACTION), f"/transactions/{TRANSACTION}/"),
        ("RCV_1", f"/transactions/{TRANSACTION}/"),
    ],
)
def test_what_names_one_thing_leads_straight_to_it(as_maya: Browser, known: None, typed: str, address: str) -> None:
    response = as_maya.get("/search/", {"q": typed})
    assert (response.status_code, response.headers.get("Location")) == (302, address)


def test_what_names_two_things_lists_both(as_maya: Browser) -> None:
    rows.order(Theirs(id=501, reference="same"))
    rows.order(Theirs(id=502, reference="same"))
    page = text_of(as_maya, "same")
    assert "501" in page
    assert "502" in page


@pytest.mark.parametrize("typed", ["500.00", "500", "500 usd", "500.00 USD", "\u2212500.00", "-500"])
def test_an_amount_is_found_whatever_its_sign_and_however_it_is_written(
    as_maya: Browser, known: None, typed: str
) -> None:
    page = text_of(as_maya, typed)
    assert "dep-2026-k7v4q1zd" in page
    assert "67890" in page
    assert "67891" not in page


def test_an_amount_of_another_asset_is_not_found(as_maya: Browser, known: None) -> None:
    assert "Nothing answers to this." in text_of(as_maya, "500 bhd")


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("1,250.00", AmountAsked(Decimal("1250.00"), "")),
        ("500usd", AmountAsked(Decimal(500), "USD")),
        ("0.00000001 BTC", AmountAsked(Decimal("0.00000001"), "BTC")),
        ("1,25", None),
        ("1e9", None),
        ("\u0665\u0660\u0660", None),
        ("1_000", None),
        (".5", None),
        ("9" * 21, None),
        ("dep-1", None),
    ],
)
def test_what_counts_as_an_amount(typed: str, asked: AmountAsked | None) -> None:
    assert amount_in(typed) == asked


def test_part_of_a_name_or_the_beginning_of_a_reference_is_enough(as_maya: Browser, known: None) -> None:
    assert "Sara Haddad" in text_of(as_maya, "hadd")
    assert "dep-2026-k7v4q1zd" in text_of(as_maya, "dep-2026")


def test_the_exact_one_comes_first(known: None) -> None:
    for number in range(30):
        rows.operation(Ours(reference=f"dep-9{number}", at=NOON + timedelta(seconds=number), state=State.CANCELLED))
    rows.operation(Ours(reference="dep-9", at=NOON - timedelta(days=30), state=State.CANCELLED))
    (group,) = search("dep-9").groups
    assert group.hits[0].sub == "dep-9"
    assert len(group.hits) == 10
    assert group.more_url == "/funding/?q=dep-9"


def test_more_of_an_amount_is_looked_for_where_a_list_can_find_it(as_maya: Browser, known: None) -> None:
    for number in range(11):
        rows.operation(Ours(reference=f"dep-77{number}", amount=Decimal("777.50"), state=State.CANCELLED))
        rows.order(Theirs(reference=f"away-{number}", amount=Decimal("777.50")))
    ours, theirs = search("777.5").groups
    assert (ours.is_cut, ours.more_url) == (True, "")
    assert "Only the newest 10 are shown" in text_of(as_maya, "777.5")
    assert (theirs.is_cut, theirs.more_url) == (True, "/orders/?amount_min=777.5&amount_max=777.5")
    assert as_maya.get(theirs.more_url).context["page"].count_text.startswith("11 orders")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("x" * 201, "This is longer than anything we know."),
        ("a\x00b", "This has a character no reference or name has."),
    ],
)
def test_what_cannot_be_anything_is_refused_with_a_sentence(as_maya: Browser, typed: str, sentence: str) -> None:
    assert sentence in text_of(as_maya, typed, 400)


@pytest.mark.parametrize(
    "typed",
    [
        "' OR 1=1 --",
        "%",
        "_",
        "\\",
        "\u202e",
        "\U0001f600",
        "9" * 200,
        "-",
        "{{7*7}}",
        "<b>",
        "0",
        "%s",
        "(((",
        "\ud83d",
    ],
)
def test_nothing_typed_does_harm(as_maya: Browser, known: None, typed: str) -> None:
    response = as_maya.get("/search/", {"q": typed.encode("utf-8", "replace")})
    assert response.status_code == 200
    assert "<b>" not in response.content.decode().replace("<b>Clear", "")


@pytest.mark.parametrize("typed", ["%", "_", "\\"])
def test_a_wildcard_is_a_character_like_any_other(known: None, typed: str) -> None:
    Client.objects.update(name="Sara Haddad")
    assert search("Sara").groups
    assert [hit.sub for group in search(typed).groups for hit in group.hits if typed not in hit.sub] == []

    Client.objects.update(name=f"Sara {typed} Haddad")
    assert search(f"Sara {typed}").groups
    assert not search(f"S{typed}ra").groups


@pytest.mark.parametrize("address", ["/search/", "/search/?q=", "/search/?q=%20"])
def test_an_empty_search_offers_the_box_and_asks_nothing(as_maya: Browser, address: str) -> None:
    response = as_maya.get(address)
    assert response.status_code == 200
    assert 'role="search"' in response.content.decode()


def test_each_kind_is_asked_once(known: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        search("500.00")
    for table in ("funding_operation", "clients_client", "orders_order", "transactions_transaction"):
        assert sum(f'FROM "{table}"' in query["sql"].split("WHERE")[0] for query in asked) <= 2, table
    assert len(asked) <= 5


def test_an_administrator_may_not_search(client: Browser, adam: Person) -> None:
    client.force_login(adam)
    assert client.get("/search/", {"q": "x"}).status_code == 403

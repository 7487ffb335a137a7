"""The page of one order: the effect in words, the partner's books explained, the raw answer, what does not fit."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.mirror.incidents import report_denied, report_unread
from backoffice.mirror.models import Incident, Mirror
from backoffice.orders.models import Order
from backoffice.orders.pages import client_panel
from backoffice.orders.services import ORDERS
from tests.orders.said import NOON, deposits, mint, mirror, said, trade, withdrawal
from tests.orders.test_list import know_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def page_of(browser: Browser, order_id: int) -> str:
    answer = browser.get(f"/orders/{order_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("order", "headline", "books"),
    [
        (said(id=1), "Deposited", "a deposit stands in debit"),
        (withdrawal(id=1), "Withdrawn", "a withdrawal stands in credit"),
        (trade(id=1), "Bought 0.015 BTC for", "what the client paid stands in debit"),
        (said(id=1, type="rebate"), "Not known", "not one we know"),
    ],
)
def test_it_says_the_effect_and_explains_the_books(finance: Browser, order: object, headline: str, books: str) -> None:
    mirror(order)  # type: ignore[arg-type]
    page = page_of(finance, 1)
    assert headline in page
    assert books in page


def test_an_order_of_ours_leads_to_its_operation(finance: Browser) -> None:
    mint("dep-2026-z6t1n8bc")
    mirror(said(id=1))
    page = page_of(finance, 1)
    assert 'href="/funding/dep-2026-z6t1n8bc/"' in page
    assert "Not ours." not in page


def test_an_order_made_elsewhere_says_so_and_leads_nowhere(finance: Browser) -> None:
    mirror(said(id=1, partner_order_ref="made-elsewhere"))
    page = page_of(finance, 1)
    assert "Not ours." in page
    assert "/funding/made-elsewhere/" not in page


def test_a_client_we_do_not_know_is_shown_by_id_alone(finance: Browser) -> None:
    mirror(said(id=1, partner_client_id="stranger"))
    page = page_of(finance, 1)
    assert "stranger" in page
    assert "/clients/stranger/" not in page


def test_a_client_we_know_is_a_link(finance: Browser) -> None:
    know_client("user_12345", "Noura Al Khalifa")
    mirror(said(id=1))
    assert 'href="/clients/user_12345/"' in page_of(finance, 1)


def test_the_answer_is_shown_as_received_and_cannot_run(finance: Browser) -> None:
    mirror(said(id=1, debit="1E+3", source="</pre><script>alert(1)</script>\u202e"))
    page = page_of(finance, 1)
    assert "&quot;debit&quot;: &quot;1E+3&quot;" in page
    assert "<script>alert" not in page
    assert "\\u202e" in page


def test_text_that_could_not_be_stored_is_said_to_be_cleaned(finance: Browser) -> None:
    mirror(said(id=1, source="a\x00b"))
    assert "was cleaned or cut" in page_of(finance, 1)


def test_a_final_order_that_changed_is_an_incident_on_its_page(finance: Browser) -> None:
    mirror(said(id=1))
    mirror(said(id=1, status="failed"), read_at=NOON.replace(hour=13))
    assert Incident.objects.get().after == {"status": "failed"}
    page = page_of(finance, 1)
    assert "CoinMENA changed what it had said." in page
    assert "Not deposited" in page


@pytest.mark.parametrize(
    ("happens", "heading"),
    [
        (lambda: report_denied(ORDERS, 1), "CoinMENA no longer lists this order."),
        (lambda: report_unread(ORDERS, 1, "No answer."), "answer about this order cannot be used."),
    ],
)
def test_what_happened_to_an_order_heads_its_incident(
    finance: Browser, happens: Callable[[], object], heading: str
) -> None:
    mirror(said(id=1))
    happens()
    page = page_of(finance, 1)
    assert heading in page
    assert "CoinMENA changed what it had said." not in page


def test_an_order_that_speaks_against_its_operation_leads_to_it(finance: Browser) -> None:
    mirror(said(id=1))
    Incident.objects.create(
        mirror=Mirror.ORDERS, kind="after_end", object_id="1", before={"reference": "BO-1"}, seen_at=NOON
    )
    page = page_of(finance, 1)
    assert "This order speaks against how its operation ended." in page
    assert 'href="/funding/BO-1/"' in page


@pytest.mark.parametrize("path", ["/orders/2/", f"/orders/{10**30}/", "/orders/" + "9" * 5000 + "/", "/orders/-1/"])
def test_an_order_that_is_not_there_is_not_found(finance: Browser, path: str) -> None:
    assert finance.get(path).status_code == 404


def test_an_auditor_reads_but_has_nothing_to_press(client: Browser, vera: Person) -> None:
    mirror(said(id=1))
    client.force_login(vera)
    assert "Read again" not in page_of(client, 1)
    assert client.post("/orders/1/read-again/").status_code == 403
    assert client.post("/orders/look-up/", {"text": "x"}).status_code == 403


def test_looking_at_pages_changes_nothing(finance: Browser) -> None:
    mirror(said(id=1))
    before = Order.objects.values().get()
    page_of(finance, 1)
    finance.get("/orders/look-up/")
    assert Order.objects.values().get() == before
    assert finance.get("/orders/1/read-again/").status_code == 405


def test_the_panel_of_a_client_shows_the_last_five_and_counts_all(maya: Person) -> None:
    client = know_client("user_12345", "Noura Al Khalifa")
    mirror(*deposits(7), said(id=99, partner_client_id="user_2"))
    panel = client_panel(client, maya)
    assert [line["id"] for line in panel["orders"]] == [1, 2, 3, 4, 5]
    assert (panel["all"], panel["all_url"]) == (7, "/orders/?q=user_12345")

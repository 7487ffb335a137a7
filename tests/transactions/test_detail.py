"""The page of one transaction: what belongs with it, what contradicts what, metadata, the raw answer."""

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.mirror.incidents import report_denied, report_unread
from backoffice.transactions.models import Transaction
from backoffice.transactions.services import TRANSACTIONS
from tests.transactions.said import NOON, key, mirror, payout, said

pytestmark = pytest.mark.django_db
LATER = NOON.replace(hour=13)


@pytest.fixture
def finance(client: Browser, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def page_of(browser: Browser, number: int) -> str:
    answer = browser.get(f"/transactions/{key(number)}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_the_legs_of_a_trade_and_the_rows_of_a_reference(finance: Browser) -> None:
    mirror(
        said(1, reference="shared", trade_id="trade-1"),
        said(2, reference="shared"),
        said(3, reference="other", trade_id="trade-1"),
        said(4, reference="lonely"),
        said(5, reference="", trade_id=None),
        said(6, reference="", trade_id=None),
    )
    page = page_of(finance, 1)
    assert f'href="/transactions/{key(2)}/"' in page
    assert f'href="/transactions/{key(3)}/"' in page
    assert f'href="/transactions/{key(4)}/"' not in page
    assert f'href="/transactions/{key(6)}/"' not in page_of(finance, 5)


def test_a_settled_transaction_that_was_reversed_leads_to_its_reversal(finance: Browser) -> None:
    mirror(said(1, reference="shared"), said(2, reference="shared", type="REVERSAL", amount="-150000", side="Debit"))
    mirror(said(1, reference="shared", state="REVERSED"), read_at=LATER)
    page = page_of(finance, 1)
    assert "Reversed after it had settled." in page
    assert "Its reversal is a transaction of its own" in page
    assert "count one of them" in page


def test_one_first_seen_as_reversed_is_no_incident(finance: Browser) -> None:
    mirror(said(1, state="REVERSED"))
    assert "Reversed after it had settled." not in page_of(finance, 1)


def test_what_happened_to_a_transaction_heads_its_incident(finance: Browser) -> None:
    mirror(said(1), said(2), said(3))
    mirror(said(1, state="FAILED"), read_at=LATER)
    report_denied(TRANSACTIONS, key(2))
    report_unread(TRANSACTIONS, key(3), "No answer.")
    assert "Bitnob changed what it had said." in page_of(finance, 1)
    assert "Bitnob no longer lists this transaction." in page_of(finance, 2)
    assert "answer about this transaction cannot be used." in page_of(finance, 3)


def test_a_side_that_contradicts_the_sign_is_flagged(finance: Browser) -> None:
    mirror(said(1, side="Debit"))
    assert "Side and sign contradict each other." in page_of(finance, 1)


@pytest.mark.parametrize(
    ("by_id", "says"),
    [
        (-3000000, "The fee explains the difference."),
        (-2000001, "The fee does not explain the difference"),
        (-2000000, None),
        (None, None),
    ],
)
def test_a_difference_between_list_and_look_up_is_said(finance: Browser, by_id: int | None, says: str | None) -> None:
    mirror(payout(1))
    Transaction.objects.update(amount_by_id=by_id)
    page = page_of(finance, 1)
    assert ("The list and the look-up differ." in page) is (says is not None)
    assert says is None or says in page


def test_metadata_is_escaped_and_bounded(finance: Browser) -> None:
    metadata = {f"key{number:03d}": number for number in range(50)}
    mirror(said(1, metadata={**metadata, "<b>": {"x": ["<script>alert(1)</script>"]}, "long": "y" * 5000}))
    page = page_of(finance, 1)
    assert "<script>alert" not in page
    assert "12 more entries stand in the answer." in page
    assert "y" * 1000 not in page.split("As it was received")[1].split("Metadata")[1]


def test_simulated_money_is_said_to_be_none(finance: Browser) -> None:
    mirror(said(1, metadata={"is_simulated": True}))
    assert "This moved no money, and no sum counts it." in page_of(finance, 1)


def test_the_answer_is_shown_as_received_and_cannot_run(finance: Browser) -> None:
    mirror(said(1, amount_formatted="</pre><script>alert(1)</script>"))
    page = page_of(finance, 1)
    assert "&quot;amount&quot;: &quot;150000&quot;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("path", [f"/transactions/{key(9)}/", "/transactions/1/", "/transactions/..%2f/"])
def test_a_transaction_that_is_not_there_is_not_found(finance: Browser, path: str) -> None:
    assert finance.get(path).status_code == 404


def test_an_auditor_reads_but_has_nothing_to_press(client: Browser, vera: Person) -> None:
    mirror(said(1))
    client.force_login(vera)
    assert "Read again" not in page_of(client, 1)
    assert client.post(f"/transactions/{key(1)}/read-again/").status_code == 403
    assert client.post("/transactions/look-up/", {"text": "x"}).status_code == 403

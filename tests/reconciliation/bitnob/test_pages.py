"""The page of Bitnob: a sentence for every fault, the accounts, what it offers to whom, and its file."""

import re
from uuid import UUID

import pytest
from django.test import Client as Browser
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.reconciliation.bitnob import queries
from backoffice.reconciliation.services.transactions import check_transactions
from backoffice.reconciliation.views.bitnob import BITNOB_FINDINGS
from backoffice.transactions.models import AccountBalance, Transaction
from tests.exports.agree import assert_table_and_csv_agree, downloaded
from tests.transactions.said import NOON, bitnob_is_read, mirror, payout, said

PAGE = "/reconciliation/bitnob/"
BY = System("test")


@pytest.fixture
def desk(client: Browser, db: None, maya: Person) -> Browser:
    client.force_login(maya)
    return client


def text_of(browser: Browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def something_of_everything() -> None:
    mirror(
        said(1, side="Debit"),
        payout(2, state="REVERSED"),
        payout(3, reference="r", type="REVERSAL", state="SETTLED", amount="3000000", fee="0", side="Credit"),
        payout(4, reference="s", state="SETTLED"),
        payout(5, reference="s", state="SETTLED"),
        payout(6, reference="t", state="IN_PROGRESS"),
        said(7, state="ON_HOLD"),
        payout(8, reference="u", state="SETTLED"),
        payout(9, reference="v", state="SETTLED"),
        payout(10, reference="v", type="REVERSAL", state="SETTLED", amount="3000000", fee="0", side="Credit"),
    )
    mirror(payout(4, reference="s", state="SETTLED", amount="-1"))
    Transaction.objects.filter(pk=UUID(int=8)).update(amount_by_id=-2500000)


@pytest.mark.parametrize(
    "sentence",
    [
        "The sign of the amount says Credit, and Bitnob says Debit.",
        "Would match if a reversal of 3.000000 USDT stood under its reference; there is none.",
        "It takes something back, and nothing of this amount stands under its reference.",
        "Transaction 00000000 carries the same reference, and the two are not one trade.",
        "Still IN_PROGRESS after more than 24 hours.",
        "Bitnob documents no state ON_HOLD",
        "Would match if the look-up by id said −2.000000 USDT; it says −2.500000 USDT",
        "It was final with amount -2000000, and Bitnob now says amount -1.",
        "It takes back transaction 00000000, which is still SETTLED.",
    ],
)
def test_every_fault_has_a_sentence(desk: Browser, sentence: str) -> None:
    something_of_everything()
    check_transactions(by=BY)
    assert sentence in text_of(desk, PAGE)


def test_accounts_are_shown_in_their_currency_with_the_difference(desk: Browser) -> None:
    bitnob_is_read(answered_at=NOON)
    mirror(said(1))
    account = AccountBalance.objects.create(
        account_id="a-1",
        account_number="7000000001",
        currency="BTC",
        ledger_balance=250000,
        available_balance=250000,
        raw=b"{}",
        read_at=NOON.replace(hour=20),
    )
    check_transactions(by=BY)
    AccountBalance.objects.filter(pk=account.pk).update(ledger_balance=240000)
    run = check_transactions(by=BY)
    page = text_of(desk, PAGE)
    assert "0.00100000 BTC" in page and "0.00150000 BTC" in page and "−0.00010000 BTC" in page
    assert run.counts == {"matched": 1, "balance_differs": 1}


def test_before_the_first_check_and_without_faults_the_page_says_so(desk: Browser) -> None:
    assert "tested each hour" in text_of(desk, PAGE)
    mirror(said(1))
    run = check_transactions(by=BY)
    assert "No transaction has a fault." in text_of(desk, f"{PAGE}{run.pk}/")


def test_the_button_rings_for_a_worker_once(desk: Browser) -> None:
    for _click in range(2):
        assert desk.post(f"{PAGE}check/").status_code == 302
    assert ProcrastinateJob.objects.filter(task_name="reconciliation.check_transactions", status="todo").count() == 1


def test_hostile_text_is_shown_as_text(desk: Browser) -> None:
    mirror(said(1, reference="<script>alert(1)</script>", state="<b>\u202eODD"))
    check_transactions(by=BY)
    page = desk.get(PAGE).content.decode()
    assert "<script>alert(1)" not in page and "\u202e" not in page and "<b>" not in page


def test_the_file_says_what_the_screen_says(client: Browser, committed: str) -> None:
    maya = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role="finance")
    client.force_login(maya)
    something_of_everything()
    check_transactions(by=BY)
    assert len(downloaded(client.post(f"{PAGE}export/?fault=stuck"))) == 2
    assert len(assert_table_and_csv_agree(BITNOB_FINDINGS, queries.newest_findings())) > 5

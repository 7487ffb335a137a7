"""The mirrors of Bitnob against the sandbox: syncs, look-ups, amounts that differ, reversals."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.mirror.models import Incident, Mirror, SyncRun
from backoffice.mirror.registry import registered
from backoffice.transactions import services
from backoffice.transactions.models import AccountBalance, Transaction
from tests.partners import Partners


@pytest.fixture
def book(committed: str, partners: Partners) -> Partners:
    """A sandbox with empty books and a database with real commits."""
    return partners


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_it_reads_everything_once_and_again_without_change(book: Partners) -> None:
    for number in range(3):
        book.make_transaction(amount=str(number + 1), reference=f"ref-{number}")
    first, second = services.sync_transactions(), services.sync_transactions()
    assert (first.state, first.rows_changed) == (SyncRun.State.COMPLETE, 3)
    assert (second.state, second.rows_changed) == (SyncRun.State.COMPLETE, 0)
    assert sorted(Transaction.objects.values_list("amount", flat=True)) == [1, 2, 3]


def test_it_reads_open_transactions_again_and_keeps_the_amount_of_the_list(book: Partners) -> None:
    made = book.make_transaction(amount="-2000000", fee="1000000", state="IN_PROGRESS", type="WITHDRAWAL_INITIATED")
    services.sync_transactions()
    transaction = Transaction.objects.get(pk=made["transaction_id"])
    assert (transaction.amount, transaction.amount_by_id) == (-2000000, -3000000)
    assert transaction.difference_by_id == Decimal(-1000000)
    assert not Incident.objects.exists()


def test_a_settled_transaction_that_turns_reversed_is_mirrored_and_reported(book: Partners) -> None:
    made = book.make_transaction(reference="shared")
    services.sync_transactions()
    book.move_transaction(made["transaction_id"], "REVERSED")
    services.sync_transactions()
    services.sync_transactions()
    assert Transaction.objects.get(pk=made["transaction_id"]).state == "REVERSED"
    incident = Incident.objects.get(object_id=made["transaction_id"])
    assert (incident.before, incident.after) == ({"state": "SETTLED"}, {"state": "REVERSED"})


def test_it_reads_the_balance_of_every_account(book: Partners) -> None:
    book.make_transaction(currency="USDT", amount="9500000")
    assert services.sync_balances().state == SyncRun.State.COMPLETE
    balance = AccountBalance.objects.get(currency="USDT")
    assert balance.available_balance == 9500000
    before = balance.read_at
    services.sync_balances()
    balance.refresh_from_db()
    assert balance.read_at > before


def test_both_mirrors_can_be_synced_by_command(db: None) -> None:
    assert registered()[Mirror.TRANSACTIONS] is services.sync_transactions
    assert registered()[Mirror.BITNOB_BALANCES] is services.sync_balances


@pytest.mark.parametrize("by", ["id", "reference"])
def test_it_looks_up_what_is_not_mirrored_yet_with_the_lists_amount(book: Partners, maya: Person, by: str) -> None:
    made = book.make_transaction(amount="-2000000", fee="1000000", reference="wd-just-now", type="WITHDRAWAL_INITIATED")
    text = made["transaction_id"] if by == "id" else "wd-just-now"
    found = services.look_up_transaction(text=text, by=maya)
    assert (found.amount, found.amount_by_id) == (-2000000, -3000000)
    entry = Entry.objects.get(event="transaction.looked_up")
    assert (entry.person, entry.object_id) == (maya, made["transaction_id"])
    services.sync_transactions()
    assert not Incident.objects.exists()


@pytest.mark.parametrize("text", ["wd-nowhere", "00000000-0000-4000-8000-0000000000ff", "..", "a/b?c#d"])
def test_what_is_not_there_is_a_sentence_and_an_entry(book: Partners, maya: Person, text: str) -> None:
    with pytest.raises(services.NotRead) as refusal:
        services.look_up_transaction(text=text, by=maya)
    assert str(refusal.value).endswith(".")
    assert Entry.objects.get(event="transaction.looked_up").after == {"asked": text, "found": False}


def test_a_partner_that_is_down_is_said_to_be_and_nothing_breaks(book: Partners, client: Browser, maya: Person) -> None:
    made = book.make_transaction()
    services.sync_transactions()
    client.force_login(maya)
    with book.down():
        answer = client.post("/transactions/look-up/", {"text": "wd-1"})
        again = client.post(f"/transactions/{made['transaction_id']}/read-again/", follow=True)
    assert answer.status_code == 422
    assert "Bitnob did not answer" in answer.content.decode()
    assert "Bitnob did not answer" in again.content.decode()


def test_the_page_leads_from_a_look_up_to_the_transaction(book: Partners, client: Browser, maya: Person) -> None:
    made = book.make_transaction(reference="wd-just-now", created_at=days_ago(3))
    client.force_login(maya)
    answer = client.post("/transactions/look-up/", {"text": " wd-just-now "})
    assert (answer.status_code, answer["Location"]) == (302, f"/transactions/{made['transaction_id']}/")
    page = client.post(f"/transactions/{made['transaction_id']}/read-again/", follow=True).content.decode()
    assert "Read again from Bitnob." in page
    assert "Looked a transaction up at the partner" in page


@pytest.mark.parametrize("who", ["vera", "adam"])
def test_only_finance_and_managers_have_the_partner_asked(db: None, request: pytest.FixtureRequest, who: str) -> None:
    with pytest.raises(Refused):
        services.look_up_transaction(text="wd-1", by=request.getfixturevalue(who))

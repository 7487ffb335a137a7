"""Exceptions of ledgers, of Bitnob's transactions and of balances: opened, told, cleared as those of operations are."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.clients.models import BalanceReading
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.exceptions.naming import title_of
from backoffice.reconciliation.exceptions.pages import detail_context
from backoffice.reconciliation.exceptions.queries import items
from backoffice.reconciliation.exceptions.reading_again import ledger_of
from backoffice.reconciliation.models import ExceptionItem, LedgerSource
from backoffice.reconciliation.services import exceptions as services
from backoffice.reconciliation.services import ledger
from backoffice.reconciliation.services.balances import prove_balances
from backoffice.reconciliation.services.running import reconcile
from backoffice.reconciliation.services.transactions import check_transactions
from backoffice.ui.values import Named
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.ledger.books import accepted, line, mapped
from tests.reconciliation.rows import DAY, NOON, READ, Theirs
from tests.transactions.said import mirror, payout, said

BY = System("test")


@pytest.fixture(autouse=True)
def read(db: None) -> None:
    """The orders are read past the day."""
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )


def compare(book: LedgerSource) -> None:
    reconcile(window_from=DAY, window_to=DAY + timedelta(days=1), ledger=book, by=BY)


def open_keys() -> list[str]:
    return sorted(ExceptionItem.objects.filter(state="open").values_list("key", flat=True))


def text_of(browser: Browser, item: ExceptionItem) -> str:
    return browser.get(reverse("reconciliation:exception", args=[item.pk])).content.decode()


def test_two_ledgers_speak_of_one_order_each_by_itself(maya: Person, partners: Partners) -> None:
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("1.50")))
    treasury, general = mapped(maya), mapped(maya, name="General ledger")
    accepted(maya, treasury, line(1))
    compare(treasury)
    compare(general)
    assert open_keys() == [f"order:{general.pk}:{order.pk}"]
    assert ledger_of(ExceptionItem.objects.get()) == general
    accepted(maya, general, line(1))
    compare(general)
    assert open_keys() == []


def test_an_entry_that_differs_is_told_and_goes_with_its_file(
    client: Browser, maya: Person, partners: Partners
) -> None:
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("1.00")))
    book = mapped(maya)
    file = accepted(maya, book, line(1))
    compare(book)
    item = items().get()
    assert (item.key, item.difference) == (f"entry:{book.pk}:dep-1", Decimal("-0.50"))
    assert (title_of(item), item.order_id) == ("Ledger entry, Sara Haddad", order.pk)
    client.force_login(maya)
    assert "Would match if the amount were 1.50 USD" in text_of(client, item)
    ledger.withdraw(file_id=file.pk, reason="The wrong month.", by=maya)
    compare(book)
    assert open_keys() == [f"order:{book.pk}:{order.pk}"]


def test_a_fault_of_bitnob_is_told_with_what_was_expected(client: Browser, maya: Person) -> None:
    mirror(said(1), payout(2, state="REVERSED"))
    check_transactions(by=BY)
    item = items().get()
    assert title_of(item).startswith("Bitnob transaction")
    client.force_login(maya)
    assert "Reversed without its reversal" in text_of(client, item)
    assert Named("", "") not in detail_context(item, maya, NOON)["line"]  # Bitnob names no client


def test_a_balance_that_differs_is_told_with_its_proof(client: Browser, maya: Person, partners: Partners) -> None:
    rows.order(Theirs(reference=None, amount=Decimal("500.00")))
    values = {
        "balance": Decimal("499.00"),
        "available_balance": Decimal("499.00"),
        "read_at": NOON + timedelta(hours=1),
    }
    BalanceReading.objects.create(client=rows.client("user_1"), asset_id="USD", **values)
    prove_balances(by=BY)
    item = items().get(source="balances")
    assert (title_of(item), item.difference) == ("Balance of Sara Haddad, USD", Decimal("-1.00"))
    client.force_login(maya)
    shown = text_of(client, item)
    assert "Opening and effects come to 500.00" in shown
    partners.make_client("user_1")
    (result,) = services.read_again([item.pk], by=maya)
    assert (result.is_done, item.events.get().kind) == (True, "read_again")

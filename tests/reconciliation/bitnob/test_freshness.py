"""A check of Bitnob says what it could not know: a list or balances that were not read of late, accounts left out."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backoffice.accounts.actors import System
from backoffice.database import clock
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.models import Run, Source
from backoffice.reconciliation.services.transactions import check_transactions, read_bitnob
from backoffice.transactions.models import AccountBalance
from backoffice.transactions.services import sync_balances, sync_transactions
from tests.partners import Partners, minutes_ago

BY = System("test")
State = SyncRun.State
MIRRORS = (Mirror.TRANSACTIONS, Mirror.BITNOB_BALANCES)


def read(mirror: Mirror, minutes: float, state: State = State.COMPLETE, sentence: str = "") -> None:
    """A reading that ended so many minutes ago."""
    at = clock.now() - timedelta(minutes=minutes)
    read_to = at if state == State.COMPLETE else None
    SyncRun.objects.create(
        mirror=mirror, state=state, started_at=at, finished_at=at, read_to=read_to, sentence=sentence
    )


def account(account_id: str, read_at: datetime, currency: str = "USDT") -> AccountBalance:
    return AccountBalance.objects.create(
        account_id=account_id,
        account_number="7000000001",
        currency=currency,
        ledger_balance=5,
        available_balance=5,
        raw=b"{}",
        read_at=read_at,
    )


def why_partial() -> str:
    run = check_transactions(by=BY)
    assert run.is_complete == (not run.incomplete_because)
    return run.incomplete_because


def test_a_check_after_both_were_read_a_moment_ago_is_complete(db: None) -> None:
    for mirror in MIRRORS:
        read(mirror, minutes=1)
    assert why_partial() == ""


def test_a_list_that_was_last_read_to_its_end_long_ago_is_said_with_its_age(db: None) -> None:
    read(Mirror.TRANSACTIONS, minutes=7 * 24 * 60)
    read(Mirror.TRANSACTIONS, minutes=1, state=State.FAILED, sentence="Bitnob did not answer.")
    read(Mirror.BITNOB_BALANCES, minutes=1)
    assert why_partial() == "Bitnob's transactions were last read to their end 7 d ago. Bitnob did not answer."


def test_a_list_whose_newest_reading_met_trouble_is_said_at_once(db: None) -> None:
    read(Mirror.TRANSACTIONS, minutes=3)
    read(Mirror.TRANSACTIONS, minutes=1, state=State.PARTIAL, sentence="The partner's pages led in a circle.")
    read(Mirror.BITNOB_BALANCES, minutes=1)
    expected = "Bitnob's transactions were last read to their end 3 min ago. The partner's pages led in a circle."
    assert why_partial() == expected


def test_a_list_counts_as_read_up_to_the_time_of_its_top(db: None) -> None:
    for mirror in MIRRORS:
        read(mirror, minutes=1)
    SyncRun.objects.filter(mirror=Mirror.TRANSACTIONS).update(read_to=clock.now() - timedelta(hours=2))
    assert why_partial() == "Bitnob's transactions were last read to their end 2 h ago."


@pytest.mark.parametrize(("minutes", "said"), [(14, ""), (16, "Bitnob's balances were last read 16 min ago.")])
def test_balances_are_said_to_be_old_after_a_quarter_of_an_hour(db: None, minutes: int, said: str) -> None:
    read(Mirror.TRANSACTIONS, minutes=1)
    read(Mirror.BITNOB_BALANCES, minutes=minutes)
    assert why_partial() == said


def test_balances_that_were_never_read_are_said(db: None) -> None:
    read(Mirror.TRANSACTIONS, minutes=1)
    assert why_partial() == "Bitnob's balances have never been read, so no account can be proven."


def test_an_account_that_the_newest_answer_leaves_out_is_not_proven_and_is_said(db: None) -> None:
    read(Mirror.BITNOB_BALANCES, minutes=2)
    read(Mirror.TRANSACTIONS, minutes=1)
    now = clock.now()
    account("a-1", now - timedelta(minutes=2))
    account("a-2", now - timedelta(minutes=5), currency="BTC")
    run = check_transactions(by=BY)
    assert [proof.account for proof in run.proofs.all()] == ["a-1"]
    assert run.counts == {"mirror_behind": 1}
    assert run.incomplete_because == (
        "Bitnob's newest answer leaves out 1 account it named before (BTC), so what that holds is not proven."
    )


def test_an_account_is_proven_again_once_it_is_named_again(db: None) -> None:
    read(Mirror.BITNOB_BALANCES, minutes=2)
    read(Mirror.TRANSACTIONS, minutes=1)
    left_out = account("a-1", clock.now() - timedelta(minutes=5))
    assert not check_transactions(by=BY).proofs.exists()
    AccountBalance.objects.filter(pk=left_out.pk).update(read_at=clock.now() - timedelta(minutes=2))
    run = check_transactions(by=BY)
    assert run.is_complete and run.proofs.count() == 1


@pytest.fixture
def book(committed: str, partners: Partners, settings: Any) -> Partners:
    settings.BITNOB_REQUESTS_PER_MINUTE = 6_000
    return partners


def test_with_bitnob_away_the_check_says_so_and_no_account_is_proven_by_an_answer_without_it(
    book: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.make_transaction(created_at=minutes_ago(90))
    read_bitnob()
    assert check_transactions(by=BY).is_complete
    with book.down():
        read_bitnob()
        away = check_transactions(by=BY)
    assert not away.is_complete and "Bitnob did not answer" in away.incomplete_because
    account("gone", clock.now())
    sync_balances()
    sync_transactions()
    without = check_transactions(by=BY)
    assert not without.proofs.filter(account="gone").exists() and "leaves out 1 account" in without.incomplete_because
    assert Run.objects.filter(source=Source.TRANSACTIONS).count() == 3

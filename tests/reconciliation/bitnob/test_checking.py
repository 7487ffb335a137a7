"""Every test of Bitnob's transactions fails for what it should fail for, and for nothing else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.reconciliation.models import ExceptionItem, Run, TransactionFinding
from backoffice.reconciliation.services.transactions import check_transactions
from backoffice.transactions.models import Transaction
from tests.reconciliation.bitnob.twin import faults_of
from tests.transactions.said import bitnob_is_read, key, mirror, payout, said

BY = System("test")


def check() -> Run:
    return check_transactions(by=BY)


def found() -> list[tuple[int, str]]:
    """What the newest check found: the number of each transaction and its fault."""
    run = check()
    findings = TransactionFinding.objects.filter(run=run).order_by("transaction_id", "fault")
    return [(one.transaction_id.int, one.fault) for one in findings]


def settled_payout(number: int, **fields: Any) -> Any:
    return payout(number, **{"state": "SETTLED", **fields})


def reversal(number: int, **fields: Any) -> Any:
    """The row that takes `payout` back, its fee included."""
    given_back = {"type": "REVERSAL", "state": "SETTLED", "amount": "3000000", "fee": "0", "side": "Credit"}
    return payout(number, **{**given_back, **fields})


def asked_by_id(number: int, amount: int) -> None:
    Transaction.objects.filter(pk=UUID(int=number)).update(amount_by_id=amount)


def test_sound_transactions_have_no_fault_and_are_counted(db: None) -> None:
    mirror(said(1), said(2, state="FAILED"), payout(3, created_at=clock.now().isoformat()))
    run = check()
    assert not run.transaction_findings.exists()
    assert (run.counts, run.theirs_count) == ({"matched": 2, "too_early": 1}, 3)


@pytest.mark.parametrize(
    ("fields", "by_id", "faults"),
    [
        ({"amount": "-2000000", "fee": "1000000"}, -2000000, []),
        ({"amount": "-2000000", "fee": "1000000"}, -3000000, []),  # counted by the fee: told, nobody's fault
        ({"amount": "-2000000", "fee": "1000000"}, -2500000, [(2, "detail_differs")]),
        ({"amount": "-2000000", "fee": "0"}, -2000001, [(2, "detail_differs")]),
    ],
)
def test_list_and_detail_may_differ_by_the_fee_only(
    db: None, fields: dict[str, str], by_id: int, faults: list[tuple[int, str]]
) -> None:
    mirror(settled_payout(2, **fields))
    asked_by_id(2, by_id)
    assert found() == faults


@pytest.mark.parametrize(
    ("amount", "side", "faults"),
    [
        ("-5", "Debit", []),
        ("5", "Credit", []),
        ("0", "Debit", []),
        ("5", "", []),
        ("5", "Debit", [(1, "side_contradicts")]),
        ("-5", "CREDIT", [(1, "side_contradicts")]),
    ],
)
def test_the_side_must_not_contradict_the_sign(db: None, amount: str, side: str, faults: list[tuple[int, str]]) -> None:
    mirror(said(1, amount=amount, side=side))
    assert found() == faults


def test_a_final_transaction_that_changes_is_told_until_it_is_changed_back(db: None) -> None:
    mirror(said(1))
    mirror(said(1, amount="140000"))
    assert found() == [(1, "final_changed")]
    told = TransactionFinding.objects.get()
    assert (told.expected, told.actual) == ("amount 150000", "amount 140000")
    mirror(said(1))
    assert found() == []


def test_settled_that_becomes_reversed_is_no_change_of_the_past(db: None) -> None:
    mirror(settled_payout(2))
    mirror(payout(2, state="REVERSED"), reversal(3))
    assert found() == []


def test_failed_that_settles_after_all_is(db: None) -> None:
    mirror(payout(2, state="FAILED"))
    mirror(settled_payout(2))
    assert found() == [(2, "final_changed")]


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([payout(2, state="REVERSED"), reversal(3)], []),
        ([payout(2, state="REVERSED"), reversal(3, amount="2000000")], []),  # the fee is not given back
        ([payout(2, state="REVERSED")], [(2, "reversed_unlinked")]),
        ([payout(2, state="REVERSED"), reversal(3, state="FAILED")], [(2, "reversed_unlinked")]),
        ([payout(2, state="REVERSED"), reversal(3, state="PENDING", created_at="2099-01-01T00:00:00Z")], []),
        ([reversal(3)], [(3, "reversal_unlinked")]),
        ([settled_payout(2), reversal(3)], [(3, "reversal_unlinked")]),
        (
            [payout(2, state="REVERSED"), reversal(3, amount="2500000")],
            [(2, "reversed_unlinked"), (3, "reversal_unlinked")],
        ),
        (
            [payout(2, state="REVERSED"), reversal(3, currency="USDC")],
            [(2, "reversed_unlinked"), (3, "reversal_unlinked")],
        ),
        (
            [payout(2, state="REVERSED"), reversal(3, reference="other")],
            [(2, "reversed_unlinked"), (3, "reversal_unlinked")],
        ),
        ([payout(2, state="REVERSED"), reversal(3), reversal(4)], [(4, "reversal_unlinked")]),
        (
            [payout(2, state="REVERSED"), reversal(3, reference="x", metadata={"reversed_transaction_id": key(2)})],
            [],
        ),
        (
            [payout(2, state="REVERSED"), reversal(3, metadata={"reversed_transaction_id": key(9)})],
            [(2, "reversed_unlinked"), (3, "reversal_unlinked")],
        ),
        ([payout(2, state="REVERSED"), reversal(3, metadata={"reversed_transaction_id": "'; --"})], []),
    ],
)
def test_each_reversal_takes_back_one_transaction_and_each_reversed_one_has_its_reversal(
    db: None, rows: list[Any], faults: list[tuple[int, str]]
) -> None:
    mirror(*rows)
    assert found() == faults


def test_both_legs_of_a_reversed_trade_have_their_own_reversal(db: None) -> None:
    leg = {"state": "REVERSED", "reference": "trd_1", "trade_id": "t-1", "fee": "0"}
    back = {"type": "REVERSAL", "reference": "trd_1", "trade_id": "t-1"}
    mirror(
        said(1, currency="USDT", amount="-985", side="Debit", **leg),
        said(2, currency="BTC", amount="1", **leg),
        said(3, currency="USDT", amount="985", **back),
        said(4, currency="BTC", amount="-1", side="Debit", **back),
    )
    assert found() == []


@pytest.mark.parametrize(
    ("first", "second", "faults"),
    [
        ({"trade_id": "t-1"}, {"trade_id": "t-1"}, []),
        ({"trade_id": "t-1"}, {"trade_id": "t-2"}, [(2, "reference_shared")]),
        ({"trade_id": ""}, {"trade_id": ""}, [(2, "reference_shared")]),
        ({"trade_id": "t-1"}, {"trade_id": ""}, [(2, "reference_shared")]),
    ],
)
def test_a_reference_is_one_transactions_or_one_trades(
    db: None, first: dict[str, str], second: dict[str, str], faults: list[tuple[int, str]]
) -> None:
    mirror(said(1, reference="shared", **first), said(2, reference="shared", **second))
    assert found() == faults
    assert [one.counterpart for one in TransactionFinding.objects.all()] == [UUID(int=1)] * len(faults)


def test_transactions_without_a_reference_share_none(db: None) -> None:
    mirror(said(1, reference=""), said(2, reference=""))
    assert found() == []


def test_a_state_nobody_documented_is_told(db: None) -> None:
    mirror(said(1, state="ON_HOLD"))
    assert found() == [(1, "state_unknown")]


def test_what_is_not_final_after_a_day_is_stuck(db: None) -> None:
    now = clock.now()
    mirror(
        payout(1, reference="a", created_at=(now - timedelta(hours=23)).isoformat()),
        payout(2, reference="b", created_at=(now - timedelta(hours=25)).isoformat()),
        payout(3, reference="c", state="SETTLED", created_at=(now - timedelta(days=9)).isoformat()),
    )
    assert found() == [(2, "stuck")]


def test_a_transaction_with_two_faults_is_counted_once_under_the_graver(db: None) -> None:
    mirror(said(1, side="Debit", state="ON_HOLD"))
    run = check()
    assert run.counts == {"side_contradicts": 1}
    assert run.transaction_findings.count() == 2
    assert run.exceptions_count == 1


def test_faults_become_exceptions_and_close_by_themselves_when_bitnob_puts_them_right(db: None) -> None:
    mirror(said(1, side="Debit"))
    check()
    item = ExceptionItem.objects.get()
    assert (item.source, item.key) == ("transactions", f"transaction:{key(1)}:side_contradicts")
    assert (item.asset, str(item.at_risk), item.severity) == ("BTC", "0.00150000", "high")
    check()
    assert ExceptionItem.objects.count() == 1
    mirror(said(1, side="Credit"))
    check()
    item.refresh_from_db()
    assert item.state == "cleared"


def test_a_currency_nobody_knows_stays_in_units_and_says_so(db: None) -> None:
    mirror(said(1, side="Debit", currency="DOGE"))
    check()
    item = ExceptionItem.objects.get()
    assert (item.asset, str(item.at_risk)) == ("DOGE units", "150000")


def test_checking_twice_finds_the_same(db: None) -> None:
    mirror(said(1, side="Debit"), payout(2, state="REVERSED"))
    assert check().digest == check().digest


def test_a_check_without_a_complete_list_is_partial(db: None) -> None:
    assert not check().is_complete
    bitnob_is_read()
    assert check().is_complete


def test_a_check_is_a_matter_of_finance_and_managers_and_is_logged(
    db: None, maya: Person, vera: Person, adam: Person
) -> None:
    for reader in (vera, adam):
        with pytest.raises(Refused):
            check_transactions(by=reader)
    run = check_transactions(by=maya)
    entry = Entry.objects.get(event="reconciliation.transactions_checked")
    assert (entry.person, entry.object_id) == (maya, str(run.pk))


ROW = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["PENDING", "SETTLED", "FAILED", "REVERSED", "REVERSED", "ODD"]),
        "type": st.sampled_from(["WITHDRAWAL_INITIATED", "REVERSAL", "REVERSAL"]),
        "amount": st.sampled_from(["-3", "-2", "2", "3"]),
        "fee": st.sampled_from(["0", "1"]),
        "reference": st.sampled_from(["", "a", "b"]),
        "trade_id": st.sampled_from(["", "", "t"]),
        "currency": st.sampled_from(["USDT", "USDC"]),
        "side": st.sampled_from(["Credit", "Debit"]),
        "metadata": st.sampled_from([{}, {}, {"reversed_transaction_id": key(1)}, {"reversed_transaction_id": key(2)}]),
        "created_at": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2099-01-01T00:00:00Z"]),
    }
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(ROW, min_size=1, max_size=8), by_id=st.lists(st.sampled_from([None, -3, -2, 3]), max_size=8))
def test_the_pass_finds_what_its_slow_twin_finds(db: None, rows: list[dict[str, Any]], by_id: list[int | None]) -> None:
    with transaction.atomic():
        mirror(*(said(number, **fields) for number, fields in enumerate(rows, 1)))
        for number, amount in enumerate(by_id, 1):
            Transaction.objects.filter(pk=UUID(int=number)).update(amount_by_id=amount)
        assert set(found()) == faults_of(Transaction.objects.all(), clock.now())
        transaction.set_rollback(True)

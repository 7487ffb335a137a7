"""Balances are proven from every completed order, trades with both legs, and a difference keeps its sign."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.clients.models import BalanceReading
from backoffice.database import clock
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.models import Order
from backoffice.reconciliation.models import BalanceProof, ExceptionItem, Run, Source
from backoffice.reconciliation.services.balances import LATE, prove_balances
from tests.reconciliation import rows
from tests.reconciliation.balances.twin import effects_on
from tests.reconciliation.rows import NOON, READ, Theirs

BY = System("test")
LATER = NOON + timedelta(hours=1)


def orders_read_to(moment: datetime = READ) -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=moment, finished_at=moment, read_to=moment
    )


def reading(balance: str, *, asset: str = "USD", client: str = "user_1", at: datetime = LATER) -> None:
    """What CoinMENA says the client has."""
    values = {"balance": Decimal(balance), "available_balance": Decimal(balance), "read_at": at}
    BalanceReading.objects.update_or_create(client=rows.client(client), asset_id=asset, defaults=values)


def trade(type: str, debit: tuple[str, str], credit: tuple[str, str], at: datetime = NOON) -> Order:
    """A purchase pays its debit and receives its credit; so does a sale."""
    made = rows.order(Theirs(reference=None, type="deposit", at=at))
    Order.objects.filter(pk=made.pk).update(
        type=type,
        debit=Decimal(debit[0]),
        debit_asset_id=debit[1],
        credit=Decimal(credit[0]),
        credit_asset_id=credit[1],
        fee=Decimal("2.96"),
        fee_asset_id="USD",
        vat=Decimal("0.30"),
    )
    return made


def deposit(amount: str, at: datetime = NOON, **more: Any) -> Order:
    return rows.order(Theirs(reference=None, amount=Decimal(amount), at=at, **more))


def prove() -> Run:
    return prove_balances(by=BY)


def proof(asset: str = "USD", client: str = "user_1") -> BalanceProof:
    """The only proof of the newest run for a balance."""
    return BalanceProof.objects.get(run=prove(), client=client, asset=asset)


@pytest.fixture(autouse=True)
def world(db: None) -> None:
    rows.client("user_1")
    orders_read_to()


def test_deposits_raise_and_withdrawals_lower_a_balance() -> None:
    deposit("500.00")
    deposit("20.25", type="withdrawal")
    reading("479.75")
    found = proof()
    assert (found.effects, found.live, found.difference, found.orders_count) == (
        Decimal("479.75"),
        Decimal("479.75"),
        0,
        2,
    )


def test_a_trade_moves_both_its_legs_and_its_fee_is_part_of_them() -> None:
    deposit("2000.00")
    trade("buy", debit=("1480.35", "USD"), credit=("0.015", "BTC"))
    trade("sell", debit=("0.005", "BTC"), credit=("490.00", "USD"))
    reading("1009.65")
    reading("0.010", asset="BTC")
    assert [proof("USD").difference, proof("BTC").difference] == [0, 0]


@pytest.mark.parametrize("status", ["failed", "rejected", "pending", "on_hold"])
def test_an_order_that_did_not_complete_moves_nothing(status: str) -> None:
    deposit("500.00")
    deposit("100.00", status=status)
    reading("500.00")
    assert proof().difference == 0


@pytest.mark.parametrize(("live", "difference"), [("510.00", "10.00"), ("489.50", "-10.50")])
def test_a_difference_is_live_less_expected_with_its_sign(live: str, difference: str) -> None:
    deposit("500.00")
    reading(live)
    found = proof()
    assert (found.difference, found.explained) == (Decimal(difference), 0)
    item = ExceptionItem.objects.get(source=Source.BALANCES)
    assert (item.key, item.difference, item.at_risk) == (
        "balance:user_1:USD",
        Decimal(difference),
        abs(Decimal(difference)),
    )


def test_a_difference_stays_as_large_as_it_is_until_it_is_gone() -> None:
    deposit("500.00")
    reading("500.00")
    assert proof().difference == 0
    reading("510.00", at=LATER + timedelta(hours=1))
    deposit("40.00", at=LATER + timedelta(minutes=90))
    reading("550.00", at=LATER + timedelta(hours=2))
    found = proof()
    assert (found.opening, found.opened_at, found.effects, found.difference) == (500, LATER, 40, 10)
    reading("540.00", at=LATER + timedelta(hours=3))
    assert proof().difference == 0
    assert ExceptionItem.objects.get().state == "cleared"


def test_an_order_booked_late_is_found_by_adding_up_everything() -> None:
    deposit("500.00")
    reading("500.00")
    prove()
    deposit("40.00", at=NOON - timedelta(hours=3))
    reading("540.00", at=LATER + timedelta(hours=1))
    found = proof()
    assert (found.opening, found.opened_at, found.effects, found.difference) == (0, None, 540, 0)


def test_orders_after_the_reading_do_not_count() -> None:
    deposit("500.00")
    deposit("40.00", at=LATER + timedelta(minutes=5))
    reading("500.00")
    assert proof().difference == 0


def test_an_asset_the_answer_leaves_out_is_held_at_nothing() -> None:
    deposit("500.00", asset="AED")
    deposit("500.00", asset="AED", type="withdrawal")
    deposit("7.00", asset="SAR")
    reading("0", asset="USD")
    assert [proof("AED").difference, proof("SAR").difference] == [0, -7]


def test_a_balance_read_after_the_orders_waits() -> None:
    deposit("500.00")
    reading("9.00", at=READ + timedelta(seconds=1))
    run = prove()
    assert (run.counts, run.proofs.count()) == ({"mirror_behind": 1}, 0)


@pytest.mark.parametrize(("seconds", "is_judged"), [(-6, True), (-5, False), (0, False), (30, False), (31, True)])
def test_a_balance_read_while_an_order_was_made_is_not_judged(seconds: int, is_judged: bool) -> None:
    deposit("500.00")
    deposit("40.00", at=LATER + timedelta(seconds=seconds))
    reading("1.00")
    run = prove()
    assert run.proofs.exists() == is_judged
    assert run.counts == ({"balance_differs": 1} if is_judged else {"too_early": 1})


def test_it_is_judged_when_it_comes_out_even_all_the_same() -> None:
    deposit("500.00", at=LATER)
    reading("500.00")
    assert proof().difference == 0


def an_open_exception(reference: str, difference: str) -> ExceptionItem:
    run = Run.objects.latest("id")
    return ExceptionItem.objects.create(
        source=Source.OPERATIONS,
        key=f"operation:{reference}",
        verdict="amount_differs",
        day=NOON.date(),
        at=NOON,
        client="user_1",
        asset="USD",
        difference=Decimal(difference),
        severity="low",
        due_at=READ,
        first_run=run,
        last_run=run,
        opened_at=NOON,
    )


@pytest.mark.parametrize(
    ("differences", "explained"),
    [
        (["-0.50"], "0.50"),
        (["-0.20", "-0.30"], "0.50"),
        (["-0.50", "7.00"], "0.50"),  # one of them alone comes to it
        (["0.50"], "0"),
        (["-0.20"], "0"),
        (["-0.20", "-0.40"], "0"),
    ],
)
def test_open_exceptions_explain_a_difference_only_when_they_come_to_it_exactly(
    differences: list[str], explained: str
) -> None:
    """Our deposit was 500.00, CoinMENA's list says 499.50, and the balance has the 500.00."""
    deposit("499.50")
    reading("500.00")
    prove()
    for number, difference in enumerate(differences):
        an_open_exception(f"dep-{number}", difference)
    found = proof()
    assert (found.difference, found.explained) == (Decimal("0.50"), Decimal(explained))
    item = ExceptionItem.objects.get(source=Source.BALANCES)
    assert item.state == ("cleared" if found.explained else "open")


def test_without_any_reading_of_orders_nothing_is_claimed() -> None:
    SyncRun.objects.update(state=SyncRun.State.FAILED)
    deposit("500.00")
    reading("1.00")
    run = prove()
    assert (run.is_complete, run.proofs.count()) == (False, 0)


def test_clients_with_orders_that_were_never_read_make_it_partial() -> None:
    deposit("500.00")
    run = prove()
    assert not run.is_complete
    assert "The balances of 1 client with orders were never read." in run.incomplete_because


def an_old_deposit(client: str) -> None:
    """Completed long before any reading, whatever the calendar says today."""
    deposit("500.00", client=client, at=clock.now() - timedelta(days=30))


def test_clients_whose_reading_is_late_make_it_partial_and_are_counted() -> None:
    minute = timedelta(minutes=1)
    for client, age in (("user_1", LATE + minute), ("user_2", timedelta(days=9)), ("user_3", LATE - minute)):
        an_old_deposit(client)
        reading("500.00", client=client, at=clock.now() - age)
    orders_read_to(clock.now())
    run = prove()
    assert (run.is_complete, run.counts) == (False, {"matched": 3})
    assert run.incomplete_because == "The balances of 2 clients with orders were last read more than 12 hours ago."


def test_never_read_and_read_too_long_ago_are_both_said() -> None:
    an_old_deposit("user_1")
    reading("500.00", at=clock.now() - LATE - timedelta(minutes=1))
    an_old_deposit(rows.client("user_2").partner_client_id)
    because = prove().incomplete_because
    assert "The balances of 1 client with orders were never read." in because
    assert "The balances of 1 client with orders were last read more than 12 hours ago." in because


def test_it_is_whole_when_every_client_with_orders_was_read_in_time() -> None:
    an_old_deposit("user_1")
    reading("500.00", at=clock.now() - LATE + timedelta(minutes=1))
    assert prove().is_complete


def test_proving_twice_says_the_same() -> None:
    deposit("500.00")
    reading("510.00")
    assert prove().digest == prove().digest
    assert ExceptionItem.objects.count() == 1


def test_proving_is_a_matter_of_finance_and_managers_and_is_logged(maya: Person, vera: Person, adam: Person) -> None:
    for reader in (vera, adam):
        with pytest.raises(Refused):
            prove_balances(by=reader)
    run = prove_balances(by=maya)
    entry = Entry.objects.get(event="reconciliation.balances_proven")
    assert (entry.person, entry.object_id) == (maya, str(run.pk))


AMOUNT = st.decimals(min_value=Decimal("0.001"), max_value=10**6, places=3)
ORDER = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["deposit", "withdrawal", "buy", "sell", "gift"]),
        "status": st.sampled_from(["completed", "completed", "completed", "failed", "odd"]),
        "partner_client_id": st.sampled_from(["user_1", "user_2"]),
        "debit": st.none() | AMOUNT,
        "debit_asset_id": st.sampled_from(["USD", "BTC"]),
        "credit": st.none() | AMOUNT,
        "credit_asset_id": st.sampled_from(["USD", "BTC"]),
        "created_at": st.sampled_from([NOON, NOON + timedelta(minutes=30), LATER + timedelta(hours=1)]),
    }
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(said=st.lists(ORDER, max_size=8), live=st.sampled_from(["0", "500.000"]))
def test_the_pass_adds_up_what_its_slow_twin_adds_up(said: list[dict[str, Any]], live: str) -> None:
    with transaction.atomic():
        for number, fields in enumerate(said, 1):
            Order.objects.create(id=number, raw=b"{}", read_at=READ, **fields)
        for asset in ("USD", "BTC"):
            reading(live, asset=asset)
        run = prove()
        for found in run.proofs.all():
            expected = effects_on(Order.objects.all(), found.client, found.asset, LATER)
            assert (found.effects, found.difference) == (expected, Decimal(live) - expected)
        assert {(one.client, one.asset) for one in run.proofs.all()} == {("user_1", "USD"), ("user_1", "BTC")}
        transaction.set_rollback(True)

"""Exceptions survive the runs that see them: opened once, told when changed, cleared by data, back if changed."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.reconciliation.exceptions.opening import Taken, take_in
from backoffice.reconciliation.exceptions.severity import company_zone, due_at
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem, ExceptionState, Run, Severity, Sighting
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import NEXT_DAY, item, run_over, taken
from tests.reconciliation.rows import NOON, Ours, Theirs

pytestmark = pytest.mark.django_db


def half_short(reference: str = "dep-1", **theirs: Any) -> Order:
    """A deposit of 500.00 of which CoinMENA says 499.50."""
    rows.operation(Ours(reference=reference))
    return rows.order(Theirs(reference=reference, amount=Decimal("499.50"), **theirs))


def kinds(key: str) -> list[str]:
    return list(ExceptionEvent.objects.filter(exception__key=key).order_by("id").values_list("kind", flat=True))


def resolve(key: str, by: Person) -> None:
    """End it without force, whatever the words."""
    ExceptionItem.objects.filter(key=key).update(
        state=ExceptionState.RESOLVED,
        resolution="linked",
        resolution_text="It is the other one.",
        resolved_by=by,
        ended_at=timezone.now(),
    )


def test_what_a_run_finds_wrong_becomes_an_exception_with_both_sides() -> None:
    order = half_short()
    assert taken() == Taken(opened=1)
    found = item("operation:dep-1")
    assert (found.verdict, found.client, found.asset) == ("amount_differs", "user_1", "USD")
    assert (found.difference, found.at_risk) == (Decimal("-0.50"), Decimal("0.50"))
    assert (found.state, found.severity, found.owner) == ("open", "low", None)
    assert (found.order_id, found.at, str(found.day)) == (order.pk, order.created_at, "2026-11-18")
    assert found.sightings.get().verdict == "amount_differs"


def test_an_order_of_nobody_is_an_exception_of_its_own_and_high() -> None:
    order = rows.order(Theirs(reference=None, amount=Decimal("12.00")))
    taken()
    found = item(f"order:{order.pk}")
    assert (found.verdict, found.operation, found.difference) == ("extra_at_partner", None, Decimal("12.00"))
    assert found.severity == Severity.HIGH


def test_a_withdrawal_missing_at_the_partner_is_what_left_with_us_only() -> None:
    rows.operation(Ours(reference="wd-1", kind="withdrawal", amount=Decimal("80.00")))
    taken(absent=("wd-1",))
    assert (item("operation:wd-1").difference, item("operation:wd-1").at_risk) == (Decimal("80.00"), Decimal("80.00"))


def test_of_several_orders_under_one_reference_each_is_an_exception() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    second = rows.order(Theirs(reference="dep-1"))
    assert taken() == Taken(opened=2)
    assert item("operation:dep-1").difference == 0
    assert item(f"order:{second.pk}").difference == Decimal("500.00")


def test_two_assets_are_not_subtracted() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1", asset="BHD"))
    taken()
    assert (item("operation:dep-1").difference, item("operation:dep-1").at_risk) == (None, Decimal("500.00"))


def test_what_matches_or_waits_is_no_exception() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    rows.operation(Ours(reference="dep-2", state=State.UNKNOWN))
    assert taken() == Taken()
    assert not ExceptionItem.objects.exists()


def test_a_later_run_that_sees_the_same_adds_nothing() -> None:
    half_short()
    taken()
    assert taken() == Taken(seen=1)
    assert (ExceptionItem.objects.count(), Sighting.objects.count(), kinds("operation:dep-1")) == (1, 1, [])


def test_the_same_run_taken_in_twice_changes_nothing() -> None:
    half_short()
    run = run_over()
    take_in(run)
    assert take_in(run) == Taken()
    assert Sighting.objects.count() == 1


def test_an_older_run_does_not_undo_what_a_newer_one_said() -> None:
    order = half_short()
    older = run_over()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("499.00"))
    take_in(run_over())
    assert take_in(older) == Taken()
    assert item("operation:dep-1").difference == Decimal("-1.00")


def test_a_change_is_told_and_the_newest_amounts_stand() -> None:
    order = half_short()
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("400.00"))
    assert taken() == Taken(seen=1, changed=1)
    told = ExceptionEvent.objects.get()
    assert (told.kind, told.before, told.after) == ("changed", "amount_differs -0.50 USD", "amount_differs -100.00 USD")
    assert item("operation:dep-1").at_risk == Decimal("100.00")


def test_it_grows_graver_when_more_is_at_risk_and_never_milder() -> None:
    rows.operation(Ours(reference="dep-1", amount=Decimal("30000.00")))
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("29999.00")))
    taken()
    assert item("operation:dep-1").severity == Severity.LOW
    Order.objects.filter(pk=order.pk).update(debit=Decimal("1.00"))
    taken()
    assert item("operation:dep-1").severity == Severity.HIGH
    Order.objects.filter(pk=order.pk).update(debit=Decimal("29999.50"))
    taken()
    assert item("operation:dep-1").severity == Severity.HIGH


def test_partner_data_that_agrees_clears_it() -> None:
    order = half_short()
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("500.00"))
    assert taken() == Taken(cleared=1)
    assert item("operation:dep-1").state == ExceptionState.CLEARED
    assert (item("operation:dep-1").ended_at is not None, kinds("operation:dep-1")) == (True, ["cleared"])


def test_a_run_of_another_window_leaves_it_as_it_is() -> None:
    half_short()
    taken()
    assert taken(NEXT_DAY, NEXT_DAY + timedelta(days=1)) == Taken()
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_a_run_that_cannot_decide_leaves_it_as_it_is() -> None:
    rows.operation(Ours(reference="dep-1"))
    taken(absent=("dep-1",))
    take_in(run_over(read_to=None, is_complete=False))
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_an_order_that_came_the_next_day_clears_what_was_missing() -> None:
    rows.operation(Ours(reference="dep-1", at=NEXT_DAY - timedelta(minutes=5)))
    taken(absent=("dep-1",))
    rows.order(Theirs(reference="dep-1", at=NEXT_DAY + timedelta(minutes=5)))
    assert taken(NEXT_DAY, NEXT_DAY + timedelta(days=1)) == Taken(cleared=1)
    assert item("operation:dep-1").state == ExceptionState.CLEARED


def test_an_order_of_nobody_that_finds_its_pair_is_cleared_though_the_pair_differs() -> None:
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("1.00")))
    taken()
    rows.operation(Ours(reference="dep-1"))
    assert taken() == Taken(opened=1, cleared=1)
    assert (item(f"order:{order.pk}").state, item("operation:dep-1").state) == ("cleared", "open")


def test_what_was_cleared_and_differs_again_comes_back_due_from_now() -> None:
    order = half_short()
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("500.00"))
    taken()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("499.50"))
    assert taken() == Taken(seen=1, changed=1)
    back = item("operation:dep-1")
    assert (back.state, back.ended_at, kinds("operation:dep-1")) == ("open", None, ["cleared", "reopened"])
    assert back.due_at - timezone.now() > timedelta(days=2)


def test_what_was_resolved_stays_so_while_nothing_changes(maya: Person) -> None:
    half_short()
    taken()
    resolve("operation:dep-1", maya)
    assert taken() == Taken(seen=1)
    assert item("operation:dep-1").state == ExceptionState.RESOLVED


@pytest.mark.parametrize(
    "change",
    [
        {"debit": Decimal("499.00")},
        {"status": "failed"},
        {"type": "buy"},
        {"debit_asset_id": "BHD"},
        {"partner_client_id": "user_2"},
    ],
)
def test_what_was_resolved_comes_back_when_verdict_or_amounts_change(maya: Person, change: dict[str, Any]) -> None:
    order = half_short()
    taken()
    resolve("operation:dep-1", maya)
    Order.objects.filter(pk=order.pk).update(**change)
    taken()
    back = item("operation:dep-1")
    assert (back.state, back.resolution, back.resolved_by, back.ended_at) == ("open", "", None, None)


def test_what_was_made_elsewhere_for_one_client_comes_back_as_another_s(maya: Person) -> None:
    order = rows.order(Theirs(reference=None))
    taken()
    resolve(f"order:{order.pk}", maya)
    assert taken() == Taken(seen=1)
    Order.objects.update(partner_client_id="user_2")
    taken()
    assert (item(f"order:{order.pk}").state, item(f"order:{order.pk}").client) == ("open", "user_2")


def test_what_was_resolved_stays_so_when_only_words_of_the_partner_change(maya: Person) -> None:
    half_short(status="pending")
    taken()
    resolve("operation:dep-1", maya)
    Order.objects.update(status="rejected")
    assert taken() == Taken(seen=1, changed=1)
    assert (item("operation:dep-1").state, kinds("operation:dep-1")) == ("resolved", ["changed"])


def test_what_was_carried_forward_comes_back_when_it_changes() -> None:
    order = half_short()
    taken()
    ExceptionItem.objects.update(state=ExceptionState.CARRIED, resolution="timing", resolution_text="Tomorrow.")
    taken()
    assert item("operation:dep-1").state == ExceptionState.CARRIED
    Order.objects.filter(pk=order.pk).update(debit=Decimal("499.00"))
    taken()
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_a_run_of_a_source_that_feeds_nothing_opens_nothing() -> None:
    run = run_over()
    assert take_in(Run(pk=run.pk, source="transactions", finished_at=run.finished_at)) == Taken()


def test_what_is_open_when_an_operation_moved_on_without_an_order_waits_for_a_run_that_decides() -> None:
    """A completed operation CoinMENA did not have; the next run has not looked it up again."""
    rows.operation(Ours(reference="dep-1"))
    taken(absent=("dep-1",))
    assert taken() == Taken()
    assert (item("operation:dep-1").state, Operation.objects.get().state) == ("open", "completed")


def test_the_day_is_the_company_s_and_not_the_partner_s() -> None:
    rows.order(Theirs(reference=None, at=NOON + timedelta(hours=9, minutes=30)))
    taken()
    assert str(ExceptionItem.objects.get().day) == "2026-11-19"


@pytest.mark.parametrize(
    ("theirs", "difference", "at_risk"),
    [
        ({"type": "withdrawal", "amount": Decimal("320.00")}, "-640.00", "640.00"),
        ({"client": "user_2", "amount": Decimal("320.00")}, "0.00", "320.00"),
        ({"status": "failed", "amount": Decimal("320.00")}, "-320.00", "320.00"),
        ({"amount": Decimal("319.50")}, "-0.50", "0.50"),
    ],
)
def test_at_risk_is_the_size_of_the_difference_where_one_is_known(
    theirs: dict[str, Any], difference: str, at_risk: str
) -> None:
    rows.operation(Ours(reference="dep-1", amount=Decimal("320.00")))
    rows.order(Theirs(reference="dep-1", **theirs))
    taken()
    found = item("operation:dep-1")
    assert (found.difference, found.at_risk) == (Decimal(difference), Decimal(at_risk))


@pytest.mark.parametrize(
    ("severity", "due"),
    [("high", "2026-11-19 02:30"), ("medium", "2026-11-19 23:59"), ("low", "2026-11-21 23:59")],
)
def test_what_is_due_by_a_day_is_due_at_its_end(severity: str, due: str) -> None:
    seen = datetime(2026, 11, 18, 22, 30, tzinfo=company_zone())
    assert f"{due_at(severity, seen):%Y-%m-%d %H:%M}" == due


# Gone at CoinMENA -----------------------------------------------------------------------------------------------------


def gone(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(vanished_at=timezone.now())


def test_an_order_that_stood_alone_and_is_gone_closes_its_exception_and_says_so(vera: Person) -> None:
    alone, other = rows.order(Theirs(reference=None)), rows.order(Theirs(reference=None))
    taken()
    gone(alone)
    assert taken() == Taken(seen=1, cleared=1)
    assert (item(f"order:{alone.pk}").state, item(f"order:{other.pk}").state) == ("cleared", "open")
    browser = Browser()
    browser.force_login(vera)
    page = browser.get(f"/reconciliation/exceptions/{item(f'order:{alone.pk}').pk}/").content.decode()
    assert "Cleared: CoinMENA no longer lists this order" in page
    assert "CoinMENA no longer lists this order." in page


def test_it_is_back_when_the_order_is_listed_again() -> None:
    alone = rows.order(Theirs(reference=None))
    taken()
    gone(alone)
    taken()
    Order.objects.update(vanished_at=None)
    assert taken() == Taken(seen=1, changed=1)
    assert item(f"order:{alone.pk}").state == "open"


def test_a_run_of_another_day_closes_nothing_of_it() -> None:
    alone = rows.order(Theirs(reference=None))
    taken()
    gone(alone)
    assert taken(NEXT_DAY, NEXT_DAY + timedelta(days=1)) == Taken()
    assert item(f"order:{alone.pk}").state == "open"


def test_a_run_that_is_not_complete_closes_nothing_of_what_is_gone() -> None:
    alone = rows.order(Theirs(reference=None))
    taken()
    gone(alone)
    take_in(run_over(is_complete=False))
    assert item(f"order:{alone.pk}").state == "open"


def test_a_pair_whose_order_is_gone_becomes_missing() -> None:
    order = half_short()
    taken()
    gone(order)
    assert taken(absent=("dep-1",)) == Taken(seen=1, changed=1)
    found = item("operation:dep-1")
    assert (found.verdict, found.order_id, found.difference) == ("missing_at_partner", None, Decimal("-500.00"))


def test_a_second_order_under_a_reference_that_is_gone_leaves_a_pair() -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    second = rows.order(Theirs(reference="dep-1"))
    taken()
    gone(second)
    assert taken() == Taken(cleared=2)

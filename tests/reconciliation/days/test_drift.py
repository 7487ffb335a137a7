"""What changes after a day was closed is told once, against what was signed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.orders.models import Order
from backoffice.orders.rereading import Reread
from backoffice.reconciliation import tasks
from backoffice.reconciliation.days import day_page, differing, drift, nightly, queries
from backoffice.reconciliation.models import Day, DayReport, Drift, Finding, Run
from backoffice.reconciliation.running import bells
from backoffice.reconciliation.services import days
from tests.approving import approve
from tests.reconciliation import rows
from tests.reconciliation.days import cast
from tests.reconciliation.days.cast import DATE
from tests.reconciliation.rows import Ours, Theirs

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def signed(db: None, maya: Person, omar: Person) -> DayReport:
    return cast.signed_day(maya, omar)


def checked() -> list[Drift]:
    return drift.check(Day.objects.get(pk=DATE))


@pytest.fixture(autouse=True)
def partner_says_what_we_hold(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The windows CoinMENA is asked for again; in these tests it never knows better."""
    asked: list[Any] = []

    def read(*window: datetime) -> Reread:
        asked.append(window)
        return drift.NOTHING_NEW

    monkeypatch.setattr(drift, "reread_orders", read)
    return asked


def repriced(amount: str) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(debit=Decimal(amount))


def test_an_unchanged_day_has_no_drift_and_leaves_nothing_behind(signed: DayReport) -> None:
    runs, findings = Run.objects.count(), Finding.objects.count()
    assert checked() == []
    assert (Run.objects.count(), Finding.objects.count()) == (runs, findings)
    assert Day.objects.get(pk=DATE).checked_at is not None


def test_a_later_change_is_told_with_before_and_after(signed: DayReport) -> None:
    repriced("499.50")
    (told,) = checked()
    assert (told.key, told.kind) == ("operation:dep-1", Drift.Kind.CHANGED)
    assert told.before is not None and told.after is not None
    assert (told.before["their_amount"], told.after["their_amount"]) == ("500.00", "499.50")
    assert told.after["verdict"] == "amount_differs"
    assert (Entry.objects.get(event="day.drifted").after or {})["changes"] == 1


def test_a_change_is_told_once(signed: DayReport) -> None:
    repriced("499.50")
    checked()
    runs = Run.objects.count()
    assert checked() == []
    assert Run.objects.count() == runs


def test_an_order_that_turns_up_later_appeared(signed: DayReport) -> None:
    rows.order(Theirs(reference=None, at=cast.NOON + timedelta(hours=1), id=77))
    (told,) = checked()
    assert (told.key, told.kind, told.before) == ("order:77", Drift.Kind.APPEARED, None)


def test_what_leaves_the_day_vanished(signed: DayReport) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(created_at=cast.NOON + timedelta(hours=20))
    (told,) = checked()
    assert (told.kind, told.after) == (Drift.Kind.VANISHED, None)


def test_what_is_as_signed_again_is_told_and_no_drift_any_more(signed: DayReport) -> None:
    repriced("499.50")
    checked()
    assert queries.standings([DATE])[0].drift_count == 1
    repriced("500.00")
    (told,) = checked()
    assert told.after == told.before
    assert queries.standings([DATE])[0].drift_count == 0


@pytest.fixture
def one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differing, "MOST_TOLD", 1)


def order_of_the_day(order_id: int) -> None:
    rows.order(Theirs(reference=None, at=cast.NOON + timedelta(hours=1), id=order_id))


def note_of_the_page(person: Person) -> str:
    return str(day_page.day_context(DATE, person, QueryDict(), timezone.now())["drift_note"])


def test_a_row_beyond_the_first_that_are_told_is_not_as_signed_again(signed: DayReport, one_is_told: None) -> None:
    order_of_the_day(88)
    checked()
    order_of_the_day(77)
    assert [told.key for told in checked()] == ["order:77"]
    assert checked() == []
    assert queries.standings([DATE])[0].drift_count == 2


def test_a_row_beyond_the_first_is_told_when_it_changes_and_when_it_is_as_signed_again(
    signed: DayReport, one_is_told: None
) -> None:
    repriced("499.50")
    assert [told.key for told in checked()] == ["operation:dep-1"]
    rows.order(Theirs(reference="dep-0", at=cast.NOON, id=77))
    rows.operation(Ours(reference="dep-0", at=cast.NOON, amount=Decimal("500.00")))
    repriced("499.75")
    assert [told.key for told in checked()] == ["operation:dep-0", "operation:dep-1"]
    repriced("500.00")
    (told,) = checked()
    assert (told.key, told.before) == ("operation:dep-1", told.after)


def test_the_count_is_whole_where_the_list_is_cut(signed: DayReport, one_is_told: None, vera: Person) -> None:
    for order_id in (77, 78, 79):
        order_of_the_day(order_id)
    assert len(checked()) == 1
    said = Entry.objects.get(event="day.drifted").after or {}
    assert (said["changes"], said["differing"]) == (1, 3)
    assert queries.standings([DATE])[0].drift_count == 3
    assert note_of_the_page(vera).startswith("1 of 3 changes are listed.")


def test_nothing_is_said_of_a_list_that_is_whole(signed: DayReport, vera: Person) -> None:
    order_of_the_day(77)
    checked()
    assert note_of_the_page(vera) == ""


def test_a_change_that_comes_back_is_told_again(signed: DayReport) -> None:
    for amount in ("499.50", "500.00", "499.50"):
        repriced(amount)
        assert len(checked()) == 1
    assert queries.standings([DATE])[0].drift_count == 1


def test_the_signed_report_stays_as_it_was(signed: DayReport) -> None:
    repriced("1.00")
    checked()
    assert DayReport.objects.get(pk=signed.pk).digest == signed.digest


def test_a_run_of_which_nobody_was_told_is_compared_too(signed: DayReport) -> None:
    repriced("499.50")
    cast.run_of()
    assert len(checked()) == 1


def test_a_reopened_day_is_not_checked(signed: DayReport, maya: Person, lina: Person) -> None:
    approve(cast.asked_to_reopen(maya), by=lina)
    repriced("499.50")
    assert drift.check_named(DATE) == []


def test_drift_belongs_to_the_report_that_was_signed(
    signed: DayReport, maya: Person, lina: Person, omar: Person
) -> None:
    repriced("500.000")
    rows.order(Theirs(reference=None, at=cast.NOON, id=78, status="failed"))
    checked()
    approve(cast.asked_to_reopen(maya), by=lina)
    days.prepare(date=DATE, by=maya)
    cast.reviewed(omar)
    for item in queries.undone_of(DATE):
        cast.resolved(item, maya)
    cast.closed(omar)
    assert checked() == []
    assert queries.standings([DATE])[0].drift_count == 0


def test_closed_days_are_due_once_a_night(signed: DayReport) -> None:
    closed_at = signed.made_at
    tomorrow = nightly.last_quiet_hour(closed_at) + timedelta(days=1)
    assert nightly.due(tomorrow - timedelta(seconds=1)) == []
    assert nightly.due(tomorrow) == [DATE]
    Day.objects.filter(pk=DATE).update(checked_at=tomorrow)
    assert nightly.due(tomorrow + timedelta(hours=12)) == []
    assert nightly.due(tomorrow + timedelta(days=1)) == [DATE]


@pytest.mark.parametrize(
    ("now", "quiet"),
    [
        (datetime(2026, 11, 18, 22, 59, tzinfo=UTC), "2026-11-18T02:00:00+03:00"),
        (datetime(2026, 11, 18, 23, 0, tzinfo=UTC), "2026-11-19T02:00:00+03:00"),
    ],
)
def test_the_quiet_hour_is_the_companys(now: datetime, quiet: str) -> None:
    assert nightly.last_quiet_hour(now).isoformat() == quiet


def test_the_partner_is_asked_again_for_a_closed_day_only(
    signed: DayReport, partner_says_what_we_hold: list[Any]
) -> None:
    window = queries.window_of(DATE)
    drift.check_named(DATE)
    drift.check_named(DATE - timedelta(days=1))
    assert partner_says_what_we_hold == [(window.start, window.end)]


def test_a_run_goes_before_a_year_of_days_to_be_checked() -> None:
    for back in range(3):
        nightly.ring_once_to_check(DATE - timedelta(days=back))
    bells.RUN.ring(1)
    asked = ProcrastinateJob.objects.filter(status="todo").order_by("-priority", "id")
    assert [job.task_name for job in asked] == [bells.RUN.task, *[nightly.CHECK] * 3]


def test_the_nightly_task_rings_and_the_bell_checks(signed: DayReport, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[date] = []
    monkeypatch.setattr(tasks, "days_due", lambda now: [DATE])
    monkeypatch.setattr(tasks, "ring_once_to_check", rung.append)
    monkeypatch.setattr("backoffice.accounts.context.connection.close", lambda: None)
    tasks.check_days(timestamp=0)
    assert rung == [DATE]
    repriced("499.50")
    tasks.check_day(day=DATE.isoformat())
    assert Drift.objects.count() == 1

"""Within a quarter of an hour a run is asked for where an order waits to be named, and nowhere else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.actors import System
from backoffice.audit.models import Entry
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.models import Order
from backoffice.reconciliation.models import Finding, JobState, Run, RunJob, Verdict
from backoffice.reconciliation.running.unnamed import EVERY, MOST_DAYS, due, unnamed_days
from backoffice.reconciliation.services.running import ask_for_run, reconcile
from backoffice.reconciliation.tasks import quarter_hourly
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, NOON, Ours, Theirs

assert settings.COMPANY_TIME_ZONE == "Asia/Bahrain"
DATE = date(2026, 11, 18)
NOW = DAY + timedelta(days=3)
SCHEDULE = System("quarter-hourly run")


@pytest.fixture(autouse=True)
def compared_before(db: None) -> Run:
    """A run of a month before: from then on orders are compared here."""
    start = DAY - timedelta(days=30)
    return rows.run(start, start)


@pytest.fixture(autouse=True)
def mirror(compared_before: Run) -> SyncRun:
    return SyncRun.objects.create(mirror=Mirror.ORDERS, state="complete", started_at=NOW, read_to=NOW)


def days() -> list[date]:
    return [day for day, _read_at in unnamed_days(NOW, NOW)]


def named(source: str = "operations", verdict: Verdict = Verdict.EXTRA_AT_PARTNER) -> None:
    """Have the orders there are named by a run."""
    run = Run.objects.get()
    for order in Order.objects.all():
        Finding.objects.create(run=run, verdict=verdict, order_id=order.pk)


def order(**details: object) -> Order:
    made = rows.order(Theirs(**{"reference": None, **details}))  # type: ignore[arg-type]
    Order.objects.filter(pk=made.pk, vanished_at=None).update(read_at=NOW - timedelta(minutes=5))
    return made


def test_an_order_without_an_operation_waits_until_a_run_has_named_it() -> None:
    order()
    assert days() == [DATE]
    named()
    assert days() == []


def test_another_verdict_does_not_name_it() -> None:
    order()
    named(verdict=Verdict.STATUS_DIFFERS)
    assert days() == [DATE]


def test_each_of_several_under_one_reference_waits_on_its_own_day() -> None:
    rows.operation(Ours(reference="dep-1"))
    for late in (timedelta(0), timedelta(days=1)):
        order(reference="dep-1", at=NOON + late)
    assert days() == [DATE + timedelta(days=1), DATE]


@pytest.mark.parametrize(
    "details",
    [
        {"reference": "dep-1"},
        {"type": "buy"},
        {"type": "sell", "reference": "theirs"},
        {"is_listed": False},
        {"at": NOW + timedelta(seconds=1)},
        {"at": DAY - timedelta(days=40)},
    ],
    ids=["ours", "trade", "trade with a reference", "not listed", "not read past", "before the first run"],
)
def test_what_no_run_would_name_or_nobody_compares_does_not_wait(details: dict[str, object]) -> None:
    rows.operation(Ours(reference="dep-1", state=State.COMPLETED))
    order(**details)
    assert days() == []


def test_trades_that_share_a_reference_wait() -> None:
    order(type="buy", reference="theirs")
    order(type="sell", reference="theirs")
    assert days() == [DATE]


def test_a_reference_used_twice_waits_whenever_it_was() -> None:
    order(reference="theirs", at=DAY - timedelta(days=40))
    order(reference="theirs", at=DAY - timedelta(days=40))
    assert len(days()) == 1


def test_nothing_waits_while_the_orders_were_never_read() -> None:
    order()
    assert due(NOW, None) == []


def test_the_newest_days_come_first_and_a_handful_of_them() -> None:
    for back in range(MOST_DAYS + 2):
        order(at=NOON - timedelta(days=back))
    starts = [window.start for window in due(NOW, NOW)]
    assert len(starts) == MOST_DAYS
    assert starts == sorted(starts, reverse=True)
    assert starts[0] == datetime(2026, 11, 17, 21, tzinfo=UTC)


def asked(ago: timedelta, state: JobState = JobState.FAILED) -> None:
    """A run of the day was asked for so long ago."""
    (window,) = due(NOW, NOW)
    job = ask_for_run(window_from=window.start, window_to=window.end, by=SCHEDULE)
    RunJob.objects.filter(pk=job.pk).update(asked_at=NOW - ago, state=state)


@pytest.mark.parametrize(
    ("ago", "read_ago", "is_due"),
    [
        (timedelta(minutes=14), timedelta(minutes=1), False),
        (EVERY, timedelta(minutes=1), True),
        (timedelta(minutes=119), timedelta(minutes=120), False),
        (timedelta(hours=2), timedelta(hours=3), True),
        (timedelta(minutes=20), -timedelta(hours=1), False),
    ],
    ids=["just asked", "read since", "not helped by it", "not helped, long ago", "dated ahead"],
)
def test_a_day_is_asked_for_again_for_what_was_read_since_or_after_a_while(
    ago: timedelta, read_ago: timedelta, is_due: bool
) -> None:
    made = order()
    asked(ago)
    Order.objects.filter(pk=made.pk).update(read_at=NOW - read_ago)
    assert bool(due(NOW, NOW)) is is_due


def test_a_day_whose_run_is_under_way_is_not_asked_for() -> None:
    order()
    asked(timedelta(hours=5), JobState.RUNNING)
    assert due(NOW, NOW) == []


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.accounts.context.connection.close", lambda: None)
    monkeypatch.setattr("backoffice.reconciliation.tasks.clock.now", lambda: NOW)


@pytest.mark.usefixtures("at_work")
def test_the_task_asks_once_in_the_schedule_s_name_and_its_run_names_the_order() -> None:
    made = order()
    quarter_hourly(timestamp=0)
    quarter_hourly(timestamp=0)
    job = RunJob.objects.get()
    assert Entry.objects.get(event="reconciliation.asked").who == "quarter-hourly run"
    RunJob.objects.update(state=JobState.FAILED)
    run = reconcile(window_from=job.window_from, window_to=job.window_to, by=SCHEDULE)
    assert run.findings.get().order_id == made.pk
    assert days() == []


@pytest.mark.usefixtures("at_work")
def test_nothing_new_writes_nothing() -> None:
    rows.operation(Ours(reference="dep-1"))
    order(reference="dep-1")
    with CaptureQueriesContext(connection) as asked_for:
        quarter_hourly(timestamp=0)
    assert not RunJob.objects.exists()
    assert not [one for one in asked_for if "INSERT" in one["sql"]]

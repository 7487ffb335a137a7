"""What was read while the database's clock ran ahead holds nothing up once the clock is set right (F22)."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.clients.models import Client
from backoffice.clients.services.mirroring import CLIENTS
from backoffice.database import clock
from backoffice.mirror import runs
from backoffice.mirror.incidents import CHANGED, report_vanished, store
from backoffice.mirror.models import Incident, Mirror, SyncRun
from backoffice.mirror.queries import freshness_of
from backoffice.mirror.targets import Row
from backoffice.mirror.upsert import upsert
from backoffice.orders.models import GONE, Order
from backoffice.orders.services import ORDERS, reread_order, sync_orders
from tests.mirror.rows import client_row
from tests.partners import Partners

State = SyncRun.State
SIX_HOURS: Final = timedelta(hours=6)
THREE_DAYS: Final = timedelta(days=3)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the database's clock so far ahead; set right again by nothing."""
    real = clock.now

    def set_to(ahead: timedelta = timedelta(0)) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + ahead)

    return set_to


@pytest.fixture
def book(committed: str, partners: Partners) -> Partners:
    """A sandbox with one client, and a database with real commits."""
    partners.make_client("user_1")
    return partners


def client_as_read(read_at: datetime, **values: Any) -> Row:
    row = client_row("a", **values)
    return Row(row.values, row.raw, read_at)


# Rows -----------------------------------------------------------------------------------------------------------------


def test_news_of_an_open_order_counts_though_it_was_read_while_the_clock_ran_ahead(
    book: Partners, set_clock: Any
) -> None:
    order = book.make_order("user_1", status="pending")
    set_clock(SIX_HOURS)
    sync_orders()
    set_clock()
    book.change_order(order["id"], status="completed")

    sync_orders()

    kept = Order.objects.get(pk=order["id"])
    assert (kept.status, kept.read_at <= timezone.now()) == ("completed", True)


@pytest.mark.parametrize("singly", [False, True])
def test_a_final_order_that_changes_is_reported_though_it_was_read_while_the_clock_ran_ahead(
    book: Partners, set_clock: Any, maya: Person, singly: bool
) -> None:
    order = book.make_order("user_1")
    set_clock(SIX_HOURS)
    sync_orders()
    set_clock()
    book.change_order(order["id"], status="failed")

    reread_order(order_id=order["id"], by=maya) if singly else sync_orders()

    assert Order.objects.get(pk=order["id"]).status == "failed"
    assert Incident.objects.filter(kind=CHANGED, object_id=str(order["id"])).count() == 1


def test_a_row_read_ahead_in_which_nothing_changed_gets_a_true_age(db: None, set_clock: Any) -> None:
    now = timezone.now()
    upsert(CLIENTS, [client_as_read(now + SIX_HOURS)])

    upsert(CLIENTS, [client_as_read(now)])

    assert Client.objects.get().read_at == now


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=4)])
def test_an_older_reading_overwrites_nothing_that_was_read_by_a_right_clock(db: None, ahead: timedelta) -> None:
    now = timezone.now()
    upsert(CLIENTS, [client_as_read(now + ahead, active=False)])

    stored = upsert(CLIENTS, [client_as_read(now - timedelta(seconds=30), active=True)])

    assert stored.changed == 0
    assert Client.objects.get().active is False


def test_an_order_found_gone_while_the_clock_ran_ahead_is_listed_again(book: Partners, set_clock: Any) -> None:
    order = book.make_order("user_1")
    sync_orders()
    set_clock(SIX_HOURS)
    report_vanished(ORDERS, [order["id"]], of=30)
    set_clock()

    sync_orders()

    assert Order.objects.get(pk=order["id"]).vanished_at is None


@pytest.mark.parametrize("of", [30, None], ids=["the list leaves it out", "it was asked for singly"])
def test_an_order_read_while_the_clock_ran_ahead_can_be_gone(book: Partners, set_clock: Any, of: int | None) -> None:
    """Its moment must not say that it was found singly after it had gone."""
    order = book.make_order("user_1")
    set_clock(SIX_HOURS)
    sync_orders()
    set_clock()

    report_vanished(ORDERS, [order["id"]], of=of)

    assert Order.objects.filter(GONE, pk=order["id"]).exists()


def test_a_contradiction_is_no_news_to_a_row_read_later_by_a_right_clock(book: Partners, set_clock: Any) -> None:
    order = book.make_order("user_1")
    sync_orders()
    kept = Order.objects.get(pk=order["id"])
    values = {column: getattr(kept, column) for column in ORDERS.columns} | {"status": "failed"}

    store(ORDERS, [Row(values, b"{}", kept.read_at - timedelta(seconds=1))])

    assert not Incident.objects.exists()
    assert Order.objects.get(pk=order["id"]).status == "completed"


# Runs -----------------------------------------------------------------------------------------------------------------


def test_what_was_made_since_is_read_after_a_clock_that_ran_days_ahead(book: Partners, set_clock: Any) -> None:
    sync_orders()
    set_clock(THREE_DAYS)
    assert sync_orders().state == State.COMPLETE
    set_clock()
    order = book.make_order("user_1")
    trusted = runs.last_complete(Mirror.ORDERS)

    run = sync_orders()

    assert Order.objects.filter(pk=order["id"]).exists()
    assert trusted is not None and trusted.read_to is not None and trusted.read_to < timezone.now()
    assert run.read_to is not None and run.read_to < timezone.now()
    assert runs.last_complete(Mirror.ORDERS) == run


def test_what_a_run_ahead_left_in_doubt_is_not_gone_on_from(book: Partners, set_clock: Any) -> None:
    first = sync_orders()
    set_clock(THREE_DAYS)
    ahead = sync_orders()
    end = (clock.now() - timedelta(minutes=5)).isoformat()
    left = {"windows": [], "doubtful": [], "end": end}
    SyncRun.objects.filter(pk=ahead.pk).update(state=State.PARTIAL, checkpoint=left)
    set_clock()

    run = sync_orders()

    assert first.read_to is not None
    assert run.read_from is not None and run.read_from <= first.read_to


def test_a_plan_that_reaches_ahead_is_made_anew(book: Partners, set_clock: Any) -> None:
    """The run began by a right clock, which jumped before it made its plan."""
    first = sync_orders()
    end = (timezone.now() + THREE_DAYS).isoformat()
    left = {"windows": [], "doubtful": [], "end": end}
    SyncRun.objects.create(mirror=Mirror.ORDERS, state=State.PARTIAL, started_at=timezone.now(), checkpoint=left)

    run = sync_orders()

    assert first.read_to is not None and run.read_from is not None and run.read_to is not None
    assert run.read_from <= first.read_to <= run.read_to <= timezone.now()


def test_the_age_of_a_mirror_is_not_that_of_a_run_that_began_ahead(db: None) -> None:
    now = timezone.now()
    for started_at, state in ((now - timedelta(hours=2), State.COMPLETE), (now - timedelta(hours=1), State.FAILED)):
        SyncRun.objects.create(mirror=Mirror.ASSETS, state=state, started_at=started_at, sentence="Not reached.")
    SyncRun.objects.create(mirror=Mirror.ASSETS, state=State.COMPLETE, started_at=now + SIX_HOURS)

    found = freshness_of(Mirror.ASSETS)

    assert (found.read_at, found.is_troubled) == (now - timedelta(hours=2), True)

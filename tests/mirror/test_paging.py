"""Reading CoinMENA's orders page by page from the sandbox, through everything a list can do to us (F28, F29, F31)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from django.db import connection

from backoffice.audit.models import Entry
from backoffice.mirror import paging
from backoffice.mirror.fetching import AHEAD
from backoffice.mirror.incidents import CHANGED, NOT_BELIEVED, NOT_READ, VANISHED, is_believable, report_vanished
from backoffice.mirror.models import Incident, SyncRun
from backoffice.mirror.paging import sync_windowed
from backoffice.mirror.partners import coinmena
from backoffice.mirror.windows import Window
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS, mirror_order, order_values
from backoffice.partner.coinmena import payloads
from backoffice.partner.pages import Page
from tests.partners import Partners, minutes_ago
from tests.stopping import stopped_after

State = SyncRun.State
PAGE_SIZE: Final = 10
WHOLE: Final = 100
ALL_PAGES: Final = {"path": "/v1/partner/orders", "method": "GET"}


def sync(page_size: int = PAGE_SIZE, **options: Any) -> SyncRun:
    """Read the orders of the last day into the mirror."""
    return sync_windowed(
        ORDERS,
        to_values=order_values,
        beginning=datetime.now(UTC) - timedelta(days=1),
        overlap=timedelta(hours=24),
        **{"fetch": partial(fetch, page_size), **options},
    )


def fetch(page_size: int, window: Window, number: int) -> Page[payloads.Order]:
    client = coinmena(deadline_seconds=10)
    return client.orders(number, page_size, from_datetime=window.start, to_datetime=window.end)


def without(order_id: int) -> Callable[[Window, int], Page[payloads.Order]]:
    """Fetch pages, each of them a whole list, that leave one order out."""

    def fetch_page(window: Window, number: int) -> Page[payloads.Order]:
        page = fetch(WHOLE, window, number)
        items = tuple(item for item in page.items if item.id != order_id)
        return replace(page, items=items, total=len(items))

    return fetch_page


@pytest.fixture
def orders(committed: str, partners: Partners) -> Partners:
    """A partner with 45 orders of one client, spread over the last hours."""
    partners.make_client("user_1")
    drafts = [
        {"client": "user_1", "type": "deposit", "asset": "USD", "amount": "1.00", "created_at": minutes_ago(5 + 7 * n)}
        for n in range(45)
    ]
    partners.control("POST", "orders", {"orders": drafts})
    return partners


def test_it_reads_every_order_once_and_says_so(orders: Partners) -> None:
    run = sync()

    assert (run.state, run.rows_reported, run.sentence) == (
        State.COMPLETE,
        45,
        "45 rows read, 45 new or changed.",
    )
    assert Order.objects.count() == 45


def test_it_changes_nothing_when_it_reads_again(orders: Partners) -> None:
    sync()

    again = sync()

    assert (again.state, again.rows_read, again.rows_changed) == (State.COMPLETE, 45, 0)


def test_it_reads_only_what_is_new_since_the_last_run(orders: Partners) -> None:
    sync()
    orders.make_order("user_1", created_at=minutes_ago(3))

    run = sync_windowed(
        ORDERS,
        fetch=partial(fetch, PAGE_SIZE),
        to_values=order_values,
        beginning=datetime.now(UTC) - timedelta(days=1),
        overlap=timedelta(minutes=30),
    )

    assert (run.state, run.rows_changed) == (State.COMPLETE, 1)
    assert run.rows_read < 10


def test_it_leaves_the_last_two_minutes_for_the_next_run(orders: Partners) -> None:
    orders.make_order("user_1", created_at=minutes_ago(0))

    run = sync()

    assert run.read_to is not None
    assert datetime.now(UTC) - run.read_to >= timedelta(minutes=2)
    assert Order.objects.count() == 45


def test_it_keeps_amounts_and_bytes_as_the_partner_said_them(orders: Partners) -> None:
    orders.make_order("user_1", amount="1234.50000000", reference="ref-1")

    sync()

    order = Order.objects.get(partner_order_ref="ref-1")
    assert str(order.debit) == "1234.50000000"
    assert b'"debit":"1234.50000000"' in bytes(order.raw)


def test_it_keeps_orders_of_clients_nobody_knows(orders: Partners) -> None:
    orders.make_order("ghost", unknown_client=True)

    sync()

    assert Order.objects.filter(partner_client_id="ghost").exists()


@pytest.mark.parametrize("page_size", [7, 45, 100])
def test_it_reads_every_order_whatever_the_page_size(orders: Partners, page_size: int) -> None:
    assert sync(page_size).state == State.COMPLETE
    assert Order.objects.count() == 45


def test_it_goes_by_the_page_size_the_partner_reports(orders: Partners) -> None:
    orders.fault("ignore_page_size", page_size=4, match=ALL_PAGES, times=None)

    assert sync().state == State.COMPLETE
    assert Order.objects.count() == 45


def test_it_cuts_a_window_with_too_many_rows(orders: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_ROWS", 10)

    assert sync().state == State.COMPLETE
    assert Order.objects.count() == 45


# Breaking off ---------------------------------------------------------------------------------------------------------


def test_it_keeps_what_it_read_when_the_partner_fails_and_goes_on_from_there(orders: Partners) -> None:
    orders.fault("envelope", status=401, match={**ALL_PAGES, "query": {"page": "4"}}, times=None)
    broken = sync()
    orders.clear_faults()

    resumed = sync()

    assert (broken.state, broken.rows_read) == (State.PARTIAL, 30)
    assert "30 rows were read; the next run goes on from there." in broken.sentence
    assert (resumed.state, Order.objects.count()) == (State.COMPLETE, 45)
    assert resumed.rows_changed == 15


def test_it_ends_between_two_pages_when_its_process_is_asked_to_stop_and_the_next_goes_on(orders: Partners) -> None:
    orders.fault("answer_late", match={**ALL_PAGES, "query": {"page": "3"}}, seconds=1)
    with stopped_after(1):
        sync()
    stopped = SyncRun.objects.get()

    resumed = sync()

    assert (stopped.state, stopped.rows_read) == (State.RUNNING, 20)
    assert (resumed.pk, resumed.state, resumed.rows_read) == (stopped.pk, State.COMPLETE, 45)
    assert Order.objects.count() == 45


def test_it_asks_for_no_page_that_nobody_wants_once_its_process_is_asked_to_stop(orders: Partners) -> None:
    orders.fault("answer_late", match=ALL_PAGES, seconds=0.2, times=None)
    with stopped_after(1):
        sync(page_size=1)

    assert sum(orders.requests_made().values()) < 1 + AHEAD


@pytest.mark.parametrize("status", [400, 404])
def test_a_run_that_died_after_the_last_page_reads_again_where_the_partner_knows_no_page_after_it(
    orders: Partners, status: int
) -> None:
    class Killed(BaseException): ...

    asked = list[int]()

    def fetch_until_the_end(window: Window, number: int) -> Page[payloads.Order]:
        asked.append(number)
        if asked.count(1) == 2:
            raise Killed
        return fetch(PAGE_SIZE, window, number)

    with pytest.raises(Killed):
        sync(fetch=fetch_until_the_end)
    orders.fault("envelope", status=status, match={**ALL_PAGES, "query": {"page": "6"}}, times=None)

    resumed = sync()

    assert (resumed.state, Order.objects.count(), SyncRun.objects.count()) == (State.COMPLETE, 45, 1)


def test_it_reads_a_window_from_its_start_when_rows_came_while_nobody_was_reading(orders: Partners) -> None:
    orders.fault("envelope", status=401, match={**ALL_PAGES, "query": {"page": "4"}}, times=None)
    sync()
    orders.clear_faults()
    orders.make_order("user_1", created_at=minutes_ago(60))

    resumed = sync()

    assert (resumed.state, Order.objects.count()) == (State.COMPLETE, 46)


def test_it_says_that_the_partner_does_not_answer_and_keeps_the_mirror(orders: Partners) -> None:
    sync()

    with orders.down():
        run = sync()

    assert (run.state, run.sentence) == (State.FAILED, "CoinMENA did not answer. Try again in a minute.")
    assert Order.objects.count() == 45


# Lists that lie -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [3, -3])
def test_it_reads_again_when_rows_shift_between_pages(orders: Partners, rows: int) -> None:
    orders.fault("shift_pages", rows=rows, match={**ALL_PAGES, "query": {"page": "3"}}, times=1)

    assert sync().state == State.COMPLETE
    assert Order.objects.count() == 45


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("repeat_page", {"page": 2}),
        ("never_ending", {}),
        ("wrong_total", {"delta": 1}),
        ("wrong_total", {"delta": -1}),
        ("wrong_total", {"delta": 10**9}),
    ],
    ids=lambda value: str(value),
)
def test_it_stops_and_says_so_when_a_list_never_adds_up(
    orders: Partners, monkeypatch: pytest.MonkeyPatch, kind: str, options: dict[str, Any]
) -> None:
    monkeypatch.setattr(paging, "MOST_SPLITS", 2)
    orders.fault(kind, match=ALL_PAGES, times=None, **options)

    run = sync()

    assert run.state == State.PARTIAL
    assert "next run" in run.sentence
    assert run.checkpoint["doubtful"] or run.checkpoint["windows"]


def test_it_reads_the_doubtful_time_again_once_the_list_adds_up(
    orders: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_SPLITS", 2)
    orders.fault("wrong_total", delta=1, match=ALL_PAGES, times=None)
    sync()
    orders.clear_faults()

    run = sync()

    assert (run.state, Order.objects.count()) == (State.COMPLETE, 45)


def test_it_does_not_take_an_empty_page_in_the_middle_for_the_end(orders: Partners) -> None:
    orders.fault("empty_page", match={**ALL_PAGES, "query": {"page": "3"}}, times=1)

    assert sync().state == State.COMPLETE
    assert Order.objects.count() == 45


def test_it_reports_a_completed_order_that_vanished_once(orders: Partners) -> None:
    sync()
    gone = Order.objects.order_by("-created_at")[4]
    orders.change_order(gone.pk, hidden=True)

    for _time in range(2):
        assert sync().state == State.COMPLETE

    incident = Incident.objects.get()
    assert (incident.kind, incident.object_id) == (VANISHED, str(gone.pk))
    assert Order.objects.filter(pk=gone.pk).exists()


def test_an_order_that_is_back_and_vanishes_again_is_reported_anew(orders: Partners) -> None:
    sync()
    gone = Order.objects.order_by("-created_at")[4]

    for fetch_page in (without(gone.pk), partial(fetch, WHOLE), without(gone.pk)):
        sync(fetch=fetch_page)

    assert list(Incident.objects.values_list("kind", "object_id")) == [(VANISHED, str(gone.pk))] * 2
    assert Entry.objects.filter(event="mirror.incident", object_id=str(gone.pk)).count() == 2


def test_one_vanishing_is_reported_once_whether_a_list_or_a_single_answer_says_it(orders: Partners) -> None:
    sync()
    gone = Order.objects.order_by("-created_at")[4]

    for of in (None, 45, None):
        report_vanished(ORDERS, [gone.pk], of=of)

    assert Incident.objects.get().kind == VANISHED


def test_an_order_that_was_shown_singly_since_is_reported_anew_by_a_single_answer_alone(orders: Partners) -> None:
    sync()
    gone = Order.objects.order_by("-created_at")[4]
    report_vanished(ORDERS, [gone.pk], of=45)
    mirror_order(coinmena().order(gone.pk))

    told = []
    for of in (45, None, None):
        report_vanished(ORDERS, [gone.pk], of=of)
        told.append(Incident.objects.count())

    assert told == [1, 2, 2]


def test_it_reports_a_completed_order_that_changed(orders: Partners) -> None:
    sync()
    changed = Order.objects.order_by("-created_at")[4]
    orders.change_order(changed.pk, amount="2.00")

    sync()

    assert Incident.objects.get().kind == CHANGED
    assert Entry.objects.filter(event="mirror.incident", object_id=str(changed.pk)).count() == 1
    assert str(Order.objects.get(pk=changed.pk).debit) == "2.00"


def test_it_leaves_no_lock_behind(orders: Partners) -> None:
    sync()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)


def test_orders_with_a_time_that_no_calendar_holds_are_told_and_the_others_mirrored(orders: Partners) -> None:
    last = {**ALL_PAGES, "query": {"page": "5"}}
    orders.fault("echo", match=last, times=None, field="updated_at", value="0001-01-01T00:00:00+03:00")

    run = sync()

    assert (run.state, Order.objects.count()) == (State.COMPLETE, 40)
    assert list(Incident.objects.values_list("kind", flat=True)) == [NOT_READ] * 5


# No longer listed -----------------------------------------------------------------------------------------------------


def test_an_order_that_is_not_listed_keeps_since_when_and_loses_it_when_it_is_listed_again(orders: Partners) -> None:
    sync()
    gone, back = Order.objects.order_by("-created_at")[4:6]
    Order.objects.filter(pk=back.pk).update(vanished_at=gone.read_at)
    orders.change_order(gone.pk, hidden=True)
    sync()
    assert list(Order.objects.filter(vanished_at__isnull=False)) == [gone]


def test_a_row_that_cannot_be_read_may_be_any_so_nothing_is_taken_for_gone(orders: Partners) -> None:
    sync()
    first = {**ALL_PAGES, "query": {"page": "1"}}
    orders.fault("echo", match=first, times=None, field="updated_at", value="yesterday")

    run = sync()

    assert run.rows_reported == 45 and Incident.objects.filter(kind=NOT_READ).exists()
    assert not Order.objects.filter(vanished_at__isnull=False).exists()


def test_a_list_out_of_a_cache_overwrites_nothing_and_is_asked_for_again(orders: Partners) -> None:
    sync()
    older = Order.objects.order_by("id")[0]
    orders.change_order(older.pk, status="failed")
    orders.fault("headers", match=ALL_PAGES, set={"Age": "30"})

    cached, again = sync(), sync()

    assert (cached.state, "came from a cache" in cached.sentence) == (State.FAILED, True)
    assert (again.state, Order.objects.get(pk=older.pk).status) == (State.COMPLETE, "failed")


@pytest.mark.parametrize("odd", [{"set": {"Age": "0"}}, {"remove": ["Date"]}], ids=str)
def test_by_a_list_that_may_come_from_a_cache_nothing_is_taken_for_gone(orders: Partners, odd: dict[str, Any]) -> None:
    sync()
    gone = Order.objects.order_by("id")[7]
    orders.change_order(gone.pk, hidden=True)
    orders.fault("headers", match=ALL_PAGES, nth=2, times=None, **odd)

    runs = [sync(), sync()]

    assert [run.state for run in runs] == [State.COMPLETE, State.COMPLETE]
    assert not Order.objects.filter(vanished_at__isnull=False).exists()
    assert Incident.objects.get().kind == NOT_BELIEVED


def test_an_order_that_came_by_itself_while_the_list_was_read_is_not_gone(orders: Partners) -> None:
    sync()
    early, late = Order.objects.order_by("-created_at")[4], Order.objects.order_by("-created_at")[30]

    def without_both(window: Window, number: int) -> Page[payloads.Order]:
        page = fetch(PAGE_SIZE, window, number)
        if number == 3:
            mirror_order(coinmena().order(late.pk))
        listed = tuple(item for item in page.items if item.id not in {early.pk, late.pk})
        return replace(page, items=listed, total=page.total - 2, page_size=len(listed))

    sync(fetch=without_both)

    assert list(Order.objects.filter(vanished_at__isnull=False)) == [early]


def test_an_empty_list_makes_one_incident_and_nothing_vanish(orders: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    sync()
    for order in Order.objects.all():
        orders.change_order(order.pk, hidden=True)
    for _time in range(2):
        sync()
    assert not Order.objects.filter(vanished_at__isnull=False).exists()
    incident = Incident.objects.get()
    assert (incident.kind, "leaves out 45 of the 45 rows" in incident.sentence) == (NOT_BELIEVED, True)
    assert Entry.objects.filter(event="mirror.incident").count() == 1


@pytest.mark.parametrize(
    ("gone", "held", "believed"), [(20, 20, True), (21, 209, False), (21, 210, True), (0, 0, True)]
)
def test_a_list_is_believed_that_leaves_out_few_or_a_tenth(gone: int, held: int, believed: bool) -> None:
    assert is_believable(gone, held) is believed


def test_a_single_answer_does_not_list_an_order_and_a_single_refusal_says_it_anew(orders: Partners) -> None:
    sync()
    order = Order.objects.order_by("-created_at")[4]
    Order.objects.filter(pk=order.pk).update(vanished_at=order.read_at)
    mirror_order(coinmena().order(order.pk))
    order.refresh_from_db()
    assert order.vanished_at is not None and order.read_at > order.vanished_at
    assert report_vanished(ORDERS, [order.pk], of=45)
    order.refresh_from_db()
    assert order.read_at > order.vanished_at
    report_vanished(ORDERS, [order.pk])
    order.refresh_from_db()
    assert order.read_at < order.vanished_at

"""The first page: each role sees what waits for it, and nothing that is not its business."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person, Role
from backoffice.approvals.models import Request
from backoffice.dashboard.chart import draw, round_step, short
from backoffice.dashboard.control import due_badge
from backoffice.dashboard.queries import DayTotal, requests_waiting
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.exceptions.severity import company_zone
from backoffice.reconciliation.models import ExceptionItem, Run
from backoffice.reconciliation.services.running import reconcile
from backoffice.ui import times
from tests.reconciliation import rows
from tests.reconciliation.rows import Ours, Theirs

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
HOSTILE = "Sara\u202edaddaH <script>alert(1)</script>"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Far from midnight, since days are counted here."""
    with time_machine.travel(NOW):
        yield


def page_of(browser: Browser, person: Person) -> str:
    browser.force_login(person)
    response = browser.get("/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def ask(person: Person, reference: str = "wd-1", title: str = "Withdrawal for Noura Al Khalifa") -> Request:
    return Request.objects.create(
        kind="withdrawal",
        subject=reference,
        title=title,
        amount=Decimal("12500.00"),
        asset="USD",
        fingerprint="0" * 64,
        rule="Every withdrawal",
        rule_version=1,
        requested_by=person,
        requested_at=timezone.now() - timedelta(hours=3),
        valid_until=NOW + timedelta(hours=20),
    )


def test_a_manager_sees_the_requests_that_wait_and_the_next_to_review(
    client: Browser, omar: Person, maya: Person
) -> None:
    ask(maya)
    page = page_of(client, omar)
    assert "Withdrawal for Noura Al Khalifa" in page
    assert "12,500.00 USD" in page
    assert "3 h" in page
    assert "Review next" in page


def test_a_manager_is_told_how_many_they_may_decide_on(client: Browser, omar: Person, lina: Person) -> None:
    ask(omar)
    assert "Approvals waiting 0 Nobody waits for you" in page_of(client, omar)
    assert "Approvals waiting 1 Oldest 3 h" in page_of(client, lina)


def test_finance_is_told_how_many_of_its_operations_wait_for_a_manager(client: Browser, maya: Person) -> None:
    ask(maya, "bulk-1", "A file of forty payments")
    assert "On their way 0 Nothing of yours is open" in page_of(client, maya)
    rows.operation(
        requested_by=maya, ours=Ours(reference="wd-1", at=NOW, state=State.PENDING_APPROVAL, kind="withdrawal")
    )
    rows.operation(requested_by=maya, ours=Ours(reference="dep-1", at=NOW, state=State.APPROVED, client="user_2"))
    assert "On their way 2 1 waits for a manager" in page_of(client, maya)


def test_a_manager_without_requests_is_told_so(client: Browser, omar: Person) -> None:
    page = page_of(client, omar)
    assert "Nothing waits for you." in page
    assert "Review next" not in page


def test_an_expired_request_waits_for_nobody(maya: Person, omar: Person) -> None:
    request = ask(maya)
    assert requests_waiting(omar, NOW) == [request]
    assert requests_waiting(omar, request.valid_until) == []


def test_finance_sees_its_own_operations_and_who_moves_them_on(client: Browser, maya: Person) -> None:
    rows.operation(
        requested_by=maya, ours=Ours(reference="wd-1", at=NOW, state=State.PENDING_APPROVAL, kind="withdrawal")
    )
    rows.operation(Ours(reference="wd-2", at=NOW, state=State.PENDING_APPROVAL, kind="withdrawal", client="user_2"))
    page = page_of(client, maya)
    assert "wd-1" in page
    assert "A manager" in page
    assert "wd-2" not in page


def test_finance_sees_what_ended_without_money_moving(client: Browser, maya: Person) -> None:
    rows.operation(requested_by=maya, ours=Ours(reference="dep-1", at=NOW - timedelta(hours=1), state=State.FAILED))
    rows.operation(
        requested_by=maya,
        ours=Ours(reference="dep-old", at=NOW - timedelta(days=30), state=State.FAILED, client="user_2"),
    )
    page = page_of(client, maya)
    assert "Ended without money moving" in page
    assert "dep-1" in page
    assert "dep-old" not in page


def test_what_is_in_doubt_is_seen_by_everybody_who_reads_money(
    client: Browser, maya: Person, omar: Person, vera: Person
) -> None:
    rows.operation(Ours(reference="dep-doubt", at=NOW - timedelta(minutes=7), state=State.UNKNOWN))
    Operation.objects.update(in_doubt_since=NOW - timedelta(minutes=6), next_lookup_at=NOW + timedelta(hours=1))
    for person in (maya, omar, vera):
        page = page_of(client, person)
        assert "dep-doubt" in page
        assert "500.00 USD" in page
        assert "Nothing to retry" in page


def test_doubt_in_two_assets_is_never_added_up(client: Browser, omar: Person) -> None:
    rows.operation(Ours(reference="dep-1", at=NOW, state=State.UNKNOWN))
    rows.operation(Ours(reference="dep-2", at=NOW, state=State.UNKNOWN, asset="BHD", client="user_2"))
    page = page_of(client, omar)
    assert "1,000.00" not in page


def test_an_administrator_sees_health_and_no_money(client: Browser, adam: Person) -> None:
    rows.operation(Ours(reference="dep-doubt", at=NOW, state=State.UNKNOWN))
    rows.order(Theirs(reference=None, at=NOW))
    page = page_of(client, adam)
    assert "People who can sign in" in page
    assert "Read from partners" in page
    for word in ("dep-doubt", "500.00", "USD", "Deposits and withdrawals"):
        assert word not in page


def reconciled_with_an_extra(at: datetime = NOW - timedelta(hours=2)) -> Run:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=NOW, finished_at=NOW, read_to=NOW
    )
    rows.order(Theirs(reference=None, at=at))
    return reconcile(window_from=at - timedelta(hours=1), window_to=at + timedelta(hours=1), by=System("test"))


def test_the_exceptions_are_all_that_are_open_and_not_those_of_the_latest_run(client: Browser, vera: Person) -> None:
    run = reconciled_with_an_extra()
    reconcile(window_from=NOW - timedelta(hours=9), window_to=NOW - timedelta(hours=8), by=System("test"))
    page = page_of(client, vera)
    assert "Exceptions open 1 None overdue" in page
    assert "Extra at partner 1" in page
    assert f"Run {run.pk}, from" in page


@pytest.mark.parametrize(
    ("due", "figure", "line"),
    [
        (NOW - timedelta(days=2), "1 overdue", "Was due"),
        (NOW + timedelta(days=3), "1 open in all", "Due"),
    ],
)
def test_finance_sees_which_exceptions_are_its_own_and_by_when_they_are_due(
    client: Browser, maya: Person, due: datetime, figure: str, line: str
) -> None:
    reconciled_with_an_extra()
    assert "Exceptions you own 0 1 open in all" in page_of(client, maya)
    ExceptionItem.objects.update(owner=maya, due_at=due)
    page = page_of(client, maya)
    assert f"Exceptions you own 1 {figure}" in page
    assert re.search(
        rf"Extra at partner Order \d+, user_1 {line} {times.day(timezone.localtime(due, company_zone()))}", page
    )
    link = re.search(r'href="([^"]*owner=[^"]*)"', client.get("/").content.decode())
    assert link is not None
    assert "1 exception" in page_of_address(client, link[1].replace("&amp;", "&"))


def test_what_is_due_before_midnight_is_due_today() -> None:
    now = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
    badges = [due_badge(now + timedelta(hours=hours), now) for hours in (-1, 1, 20, 60)]
    assert [badge.meaning for badge in badges] == ["negative", "negative", "warning", "neutral"]
    assert [str(badge.text).split(",")[0] for badge in badges[:2]] == ["Was due today", "Due today"]


def test_a_manager_who_owns_one_sees_it_and_an_auditor_owns_none(client: Browser, omar: Person, vera: Person) -> None:
    reconciled_with_an_extra()
    assert "Exceptions you own" not in page_of(client, omar)
    ExceptionItem.objects.update(owner=omar)
    assert "Exceptions you own All 1" in page_of(client, omar)
    assert "Exceptions you own" not in page_of(client, vera)


def test_the_days_not_closed_are_counted_and_say_what_they_wait_for(
    client: Browser, maya: Person, omar: Person, vera: Person
) -> None:
    assert "Days not closed 0 Every day that is over is closed" in page_of(client, omar)
    rows.operation(Ours(reference="dep-1", at=NOW - timedelta(days=3)))
    reconciled_with_an_extra(NOW - timedelta(days=2))
    page = page_of(client, omar)
    assert "Days not closed 3 Since" in page
    assert "1 exception open" in page
    assert "To be prepared" in page
    assert re.search(r"Days not closed 3 \d+ \w+: to be prepared, \d+ \w+: 1 exception open", page_of(client, maya))
    assert "Days not closed" not in page_of(client, vera)


def page_of_address(browser: Browser, address: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", browser.get(address).content.decode()))


def test_every_run_of_the_first_page_can_be_opened(client: Browser, omar: Person) -> None:
    run = reconciled_with_an_extra()
    client.force_login(omar)
    links = re.findall(r'href="(/reconciliation/[^"?]*)', client.get("/").content.decode())
    assert f"/reconciliation/runs/{run.pk}/" in links
    assert {client.get(one).status_code for one in links} == {200}


def test_a_mirror_that_failed_says_why(client: Browser, omar: Person) -> None:
    SyncRun.objects.create(
        mirror=Mirror.TRANSACTIONS,
        state=SyncRun.State.FAILED,
        started_at=NOW,
        finished_at=NOW,
        sentence="Bitnob did not answer.",
    )
    assert "Bitnob did not answer." in page_of(client, omar)


def test_a_hostile_name_is_shown_as_what_it_is(client: Browser, omar: Person, maya: Person) -> None:
    ask(maya, title=f"Withdrawal for {HOSTILE}")
    client.force_login(omar)
    page = client.get("/").content.decode()
    assert "<script>alert(1)" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize("role", Role.values)
def test_every_role_asks_the_same_number_of_queries_however_much_waits(client: Browser, role: str) -> None:
    person = Person.objects.create_person(email="who@example.com", name="Who", role=role)
    client.force_login(person)
    rows.operation(Ours(reference="first", at=NOW - timedelta(days=3), client="user_99"))
    few = queries_of(client)
    for number in range(12):
        whose = person if role == Role.FINANCE else None
        rows.operation(Ours(reference=f"u-{number}", at=NOW, state=State.UNKNOWN, client=f"user_{number}"), whose)
        rows.operation(Ours(reference=f"f-{number}", at=NOW, state=State.FAILED, client=f"user_{number}"), whose)
        ask(rows.person("Maya", Role.FINANCE), f"wd-{number}")
        rows.order(Theirs(reference=None, at=NOW - timedelta(days=number)))
    assert queries_of(client) == few <= 21


def queries_of(browser: Browser) -> int:
    """How many queries the first page asks, the frame's own included."""
    with CaptureQueriesContext(connection) as asked:
        assert browser.get("/").status_code == 200
    return len(asked)


def test_strangers_are_sent_to_sign_in(client: Browser) -> None:
    assert client.get("/").headers["Location"].startswith("/accounts/login/")


# The drawing ----------------------------------------------------------------------------------------------------------


def test_the_drawing_adds_up_completed_orders_of_the_busiest_asset_by_the_readers_day(
    client: Browser, omar: Person
) -> None:
    today = timezone.localtime(NOW, timezone.get_fixed_timezone(180)).replace(hour=12)
    for amount in ("100.10", "0.01"):
        rows.order(Theirs(reference=None, at=today - timedelta(days=1), amount=Decimal(amount)))
    rows.order(Theirs(reference=None, at=today - timedelta(days=1), type="withdrawal", amount=Decimal("7.00")))
    rows.order(Theirs(reference=None, at=today - timedelta(days=1), status="failed", amount=Decimal("900.00")))
    rows.order(Theirs(reference=None, at=today - timedelta(days=1), asset="BHD", amount=Decimal("50000")))
    rows.order(Theirs(reference=None, at=today - timedelta(days=20), amount=Decimal("800.00")))
    page = page_of(client, omar)
    assert "Deposits and withdrawals, USD" in page
    assert "Deposited 100.11 USD , withdrawn \u22127.00 USD" in page


def test_the_link_of_the_drawing_lists_the_orders_that_it_adds_up(client: Browser, omar: Person) -> None:
    today = timezone.localtime(NOW, timezone.get_fixed_timezone(180)).replace(hour=0, minute=30)
    rows.asset("USD")
    for days in (0, 6, 7, 13, 14):
        rows.order(Theirs(reference=None, at=today - timedelta(days=days), amount=Decimal("100.00")))
    rows.order(Theirs(reference=None, at=today, type="withdrawal", amount=Decimal("7.00")))
    rows.order(Theirs(reference=None, at=today, status="failed"))
    rows.order(Theirs(reference=None, at=today, asset="BHD"))
    wide, narrow = re.findall(
        r"Deposited (\S+) .*?withdrawn (\S+) ", page_of(client, omar).partition("in your time zone.")[2]
    )
    assert wide == ("400.00", "\u22127.00")
    assert narrow == ("200.00", "\u22127.00")
    links = re.findall(r'href="(/orders/[^"]*)">Open the orders', client.get("/").content.decode())
    listed = [page_of_address(client, link.replace("&amp;", "&")) for link in links]
    assert ["5 orders" in listed[0], "3 orders" in listed[1]] == [True, True]
    assert "400.00" in listed[0] and "200.00" in listed[1]


def test_a_drawing_stays_inside_its_frame() -> None:
    last = date(2026, 11, 19)
    totals = {
        last: DayTotal(Decimal("1000000"), Decimal("5")),
        last - timedelta(days=1): DayTotal(Decimal("1"), Decimal("900000")),
    }
    for plot in draw("USD", totals, last=last, days=14).plots:
        for bar in plot.bars:
            assert float(bar.in_y) >= 0
            assert 125 + float(bar.out_height or 0) <= 186
            assert 0 <= float(bar.x) <= plot.width - 22
        assert plot.bars[-1].is_last


def test_days_without_anything_are_drawn_as_nothing() -> None:
    last = date(2026, 11, 19)
    wide, narrow = draw("USD", {last: DayTotal(Decimal("10"))}, last=last, days=14).plots
    assert (len(wide.bars), len(narrow.bars)) == (14, 7)
    assert [bar.in_height for bar in wide.bars[:-1]] == [""] * 13


@pytest.mark.parametrize(
    ("wanted", "step"), [(50_000, 50_000), (49_999, 20_000), (7, 5), (1, 1), (1.9, 1), (123_456, 100_000)]
)
def test_the_scale_goes_in_round_steps(wanted: float, step: float) -> None:
    assert round_step(wanted) == step


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0"), (500, "500"), (50_000, "50k"), (1_500_000, "1.5M"), (2e9, "2B")]
)
def test_the_scale_is_written_short(amount: float, text: str) -> None:
    assert short(amount) == text

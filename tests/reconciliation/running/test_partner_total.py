"""CoinMENA's own count of a window against the mirror's: where they differ the window is read again first.

Whatever differs even then makes the run partial.
"""

import html
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.mirror.incidents import NOT_BELIEVED, VANISHED
from backoffice.mirror.models import Incident, Mirror, SyncRun
from backoffice.orders import rereading
from backoffice.orders.models import Order
from backoffice.orders.services import NotRead, sync_orders
from backoffice.partner.pages import Page
from backoffice.reconciliation.comparing import partner_total
from backoffice.reconciliation.comparing.partner_total import differing
from backoffice.reconciliation.comparing.patience import SOMEBODY_WAITS, Patience
from backoffice.reconciliation.models import ReferenceCheck, Run
from backoffice.reconciliation.running.stages import Stage
from backoffice.reconciliation.services import running
from backoffice.reconciliation.services.running import reconcile
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.rows import Ours, Theirs

NOW = timezone.now().replace(microsecond=0)
START, END = NOW - timedelta(hours=6), NOW - timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("db", "asked_for_its_total")


@pytest.fixture
def read() -> None:
    at = NOW - timedelta(minutes=30)
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=at, finished_at=at, read_to=at
    )


def run(start: datetime = START, end: datetime = END, **wanted: object) -> Run:
    return reconcile(window_from=start, window_to=end, by=System("test"), **wanted)  # type: ignore[arg-type]


def made_there(partners: Partners, count: int, **details: str) -> list[dict[str, Any]]:
    partners.make_client("user_1")
    times = [START + timedelta(minutes=10 + number) for number in range(count)]
    return [
        partners.make_order("user_1", amount="500.00", created_at=f"{at:%Y-%m-%dT%H:%M:%SZ}", **details) for at in times
    ]


def test_a_window_of_which_everything_is_mirrored_is_complete(partners: Partners) -> None:
    made_there(partners, 3)
    sync_orders()
    made = run(end=NOW - timedelta(minutes=30))
    assert (made.partner_total, made.is_complete, made.theirs_count) == (3, True, 3)


def test_an_order_that_was_listed_late_comes_in_with_the_run(partners: Partners, read: None) -> None:
    made_there(partners, 1)
    made = run()
    assert (made.partner_total, made.is_complete, made.counts) == (1, True, {"extra_at_partner": 1})
    assert made.vanished_count == 0


def test_an_order_that_is_no_longer_listed_makes_no_run_partial_and_is_counted(partners: Partners, read: None) -> None:
    gone = rows.order(Theirs(reference=None, at=START + timedelta(hours=1)))
    for made in (run(), run()):
        assert (made.partner_total, made.is_complete, made.counts, made.vanished_count) == (0, True, {}, 1)
    gone.refresh_from_db()
    assert gone.vanished_at is not None
    assert Incident.objects.get().kind == VANISHED


def test_an_operation_whose_order_is_gone_is_asked_for_singly_and_missing(partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=START + timedelta(hours=1)))
    (order,) = made_there(partners, 1, reference="dep-1")
    sync_orders()
    partners.change_order(order["id"], hidden=True)
    made = run(end=NOW - timedelta(minutes=30))
    assert (made.is_complete, made.counts, made.vanished_count) == (True, {"missing_at_partner": 1}, 1)
    assert made.findings.get().check_made is not None


def test_an_order_that_is_listed_again_counts_again(partners: Partners) -> None:
    rows.operation(Ours(reference="dep-1", at=START + timedelta(hours=1)))
    made_there(partners, 1, reference="dep-1")
    sync_orders()
    Order.objects.update(vanished_at=timezone.now())
    made = run(end=NOW - timedelta(minutes=30))
    assert (made.is_complete, made.counts, made.vanished_count) == (True, {"matched": 1}, 0)


def test_an_order_that_is_not_listed_and_comes_back_singly_still_counts(
    partners: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.operation(Ours(reference="dep-1", at=START + timedelta(hours=1)))
    made_there(partners, 1, reference="dep-1")
    sync_orders()
    monkeypatch.setattr(partner_total, "partner_says", lambda *asked: 0)
    empty: Page[Any] = Page((), (), 0, 1, 100, is_fresh_word=True)
    monkeypatch.setattr(rereading, "page_of_orders", lambda number, **how: replace(empty, page=number))
    for made in (run(end=NOW - timedelta(minutes=30)), run(end=NOW - timedelta(minutes=30))):
        assert (made.is_complete, made.counts, made.vanished_count) == (True, {"matched": 1}, 1)
    assert ReferenceCheck.objects.count() == 1


def test_one_that_is_gone_beside_one_that_is_late_are_both_seen(partners: Partners, read: None) -> None:
    made_there(partners, 2)
    rows.order(Theirs(reference=None, at=START + timedelta(hours=1)))
    made = run()
    assert (made.partner_total, made.is_complete, made.vanished_count) == (2, True, 1)
    assert made.counts == {"extra_at_partner": 2}


def test_an_empty_list_that_should_hold_many_is_not_believed(partners: Partners, read: None) -> None:
    for number in range(25):
        rows.order(Theirs(reference=None, at=START + timedelta(minutes=number)))
    for made in (run(), run()):
        assert (made.is_complete, made.counts["extra_at_partner"], made.vanished_count) == (False, 25, 0)
        assert "CoinMENA says the window holds 0 orders, and the mirror holds 25." in made.incomplete_because
        assert "leaves out 25 of the 25 rows" in made.incomplete_because
    assert [one.kind for one in Incident.objects.all()] == [NOT_BELIEVED]


def test_a_window_that_cannot_be_read_again_makes_the_run_partial(
    partners: Partners, read: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_there(partners, 1)

    def unreachable(*asked: object, **how: object) -> object:
        raise NotRead("CoinMENA did not answer.")

    monkeypatch.setattr(rereading, "page_of_orders", unreachable)
    made = run()
    assert not made.is_complete
    assert "holds 1 order, and the mirror holds 0. CoinMENA did not answer." in made.incomplete_because


def test_a_run_that_reads_too_long_keeps_what_it_read_and_the_next_goes_on(
    partners: Partners, read: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "PAGE_SIZE", 2)
    monkeypatch.setattr(rereading, "MOST_ROWS", 2)
    made_there(partners, 8)
    monkeypatch.setattr(running, "SOMEBODY_WAITS", Patience(50, timedelta()))
    made = run(start=START + timedelta(minutes=10))
    assert not made.is_complete and "took too long" in made.incomplete_because
    assert 0 < Order.objects.count() < 8
    monkeypatch.setattr(running, "SOMEBODY_WAITS", SOMEBODY_WAITS)
    assert run(start=START + timedelta(minutes=10)).is_complete


def test_the_job_tells_how_far_the_reading_is(partners: Partners, read: None, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(running, "tell", lambda job, stage, *how, **checks: told.append((stage, *how)))
    made_there(partners, 3)
    run()
    assert (Stage.REREADING, 3, 3) in told


def test_the_page_of_a_run_says_what_is_no_longer_listed_and_leads_there(
    partners: Partners, read: None, vera: Person
) -> None:
    gone = rows.order(Theirs(reference=None, at=START + timedelta(hours=1)))
    browser = Browser()
    browser.force_login(vera)
    page = browser.get(f"/reconciliation/runs/{run().pk}/").content.decode()
    assert "1 order no longer listed by CoinMENA" in page
    (address,) = re.findall(r'href="(/orders/[^"]*listed=no[^"]*)"', page)
    listed = browser.get(html.unescape(address)).content.decode()
    assert str(gone.pk) in listed and "No longer listed by CoinMENA" in listed


def test_a_partner_that_does_not_say_makes_the_run_partial(partners: Partners, read: None) -> None:
    with partners.down():
        made = run()
    assert (made.partner_total, made.is_complete) == (None, False)
    assert "CoinMENA's own count of the window is not known" in made.incomplete_because


def test_a_run_of_one_client_counts_that_client_only(partners: Partners) -> None:
    made_there(partners, 2)
    partners.make_client("user_2")
    partners.make_order("user_2", amount="7.00", created_at=f"{START + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    sync_orders()
    made = run(end=NOW - timedelta(minutes=30), client=rows.client("user_2"))
    assert (made.partner_total, made.is_complete, made.theirs_count) == (1, True, 1)


def test_a_window_the_mirror_has_not_been_read_past_is_not_asked_for(partners: Partners) -> None:
    at = NOW - timedelta(hours=3)
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=at, finished_at=at, read_to=at
    )
    made = run()
    assert (made.partner_total, made.is_complete) == (None, False)


@pytest.mark.parametrize(
    ("total", "least", "most", "sentence"),
    [
        (5, 5, 5, ""),
        (6, 5, 6, ""),
        (7, 5, 6, "CoinMENA says the window holds 7 orders, and the mirror holds 6."),
        (4, 5, 6, "CoinMENA says the window holds 4 orders, and the mirror holds 5."),
    ],
)
def test_a_last_second_counts_whole_or_by_its_beginning(total: int, least: int, most: int, sentence: str) -> None:
    assert differing(total, least, most) == sentence


def test_a_count_beyond_all_reason_is_said_and_does_not_end_the_run(
    read: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partner_total, "partner_says", lambda *asked: 2**62)
    made = run()
    assert (made.partner_total, made.is_complete) == (None, False)
    assert "4,611,686,018,427,387,904 orders" in made.incomplete_because

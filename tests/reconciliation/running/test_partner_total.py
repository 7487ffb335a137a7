"""CoinMENA's own count of a window against the mirror's: anything else than the same makes the run partial."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.services import sync_orders
from backoffice.reconciliation.comparing import partner_total
from backoffice.reconciliation.comparing.partner_total import differing
from backoffice.reconciliation.models import Run
from backoffice.reconciliation.services.running import reconcile
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.rows import Theirs

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


def made_there(partners: Partners, count: int) -> None:
    partners.make_client("user_1")
    for number in range(count):
        at = START + timedelta(minutes=10 + number)
        partners.make_order("user_1", amount="500.00", created_at=f"{at:%Y-%m-%dT%H:%M:%SZ}")


def test_a_window_of_which_everything_is_mirrored_is_complete(partners: Partners) -> None:
    made_there(partners, 3)
    sync_orders()
    made = run(end=NOW - timedelta(minutes=30))
    assert (made.partner_total, made.is_complete, made.theirs_count) == (3, True, 3)


def test_an_order_the_mirror_does_not_hold_makes_the_run_partial(partners: Partners, read: None) -> None:
    made_there(partners, 1)
    made = run()
    assert (made.partner_total, made.is_complete) == (1, False)
    assert "CoinMENA says the window holds 1 order, and the mirror holds 0." in made.incomplete_because


def test_an_order_only_the_mirror_holds_makes_the_run_partial(partners: Partners, read: None) -> None:
    rows.order(Theirs(reference=None, at=START + timedelta(hours=1)))
    made = run()
    assert (made.partner_total, made.is_complete) == (0, False)


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

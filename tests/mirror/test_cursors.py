"""Reading Bitnob's transactions by cursor from the sandbox, newest first, circles and broken runs included."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from backoffice.mirror.incidents import CHANGED, VANISHED
from backoffice.mirror.models import Incident, SyncRun
from backoffice.transactions.models import Transaction
from tests.mirror.newest_first import LIST, make_settled, open_rows, sync
from tests.partners import Partners, minutes_ago
from tests.stopping import stopped_after

State = SyncRun.State


@pytest.fixture
def transactions(committed: str, partners: Partners, settings: Any) -> Partners:
    """Bitnob with 45 settled transactions, seven minutes apart."""
    settings.BITNOB_REQUESTS_PER_MINUTE = 60_000
    make_settled(partners, 45, from_minutes=5)
    return partners


def test_it_reads_every_transaction_the_first_time(transactions: Partners) -> None:
    run = sync()

    assert (run.state, run.rows_reported, Transaction.objects.count()) == (State.COMPLETE, 45, 45)


def test_it_stops_at_the_first_page_that_is_old_settled_and_known(transactions: Partners) -> None:
    sync()
    transactions.make_transaction(created_at=minutes_ago(1))

    run = sync()

    assert (run.state, run.pages, run.rows_changed) == (State.COMPLETE, 2, 1)


def test_it_goes_on_past_an_old_page_that_is_not_settled(transactions: Partners) -> None:
    transactions.make_transaction(created_at=minutes_ago(130), state="PENDING")
    sync()

    run = sync()

    assert run.pages == 3


def test_it_reads_open_rows_again_until_they_are_final(transactions: Partners) -> None:
    waiting = transactions.make_transaction(created_at=minutes_ago(290), state="PENDING")
    sync()
    transactions.move_transaction(waiting["transaction_id"], "SETTLED")

    sync(open_rows=open_rows())

    assert Transaction.objects.get(pk=waiting["transaction_id"]).state == "SETTLED"
    assert not Incident.objects.exists()


def test_it_reports_an_open_row_the_partner_no_longer_knows_once(transactions: Partners) -> None:
    key, now = uuid4(), datetime.now(UTC)
    Transaction.objects.create(
        transaction_id=key,
        currency="USDT",
        type="P2P",
        state="PENDING",
        amount=1,
        created_at=now,
        read_at=now,
        raw=b"{}",
    )

    for _time in range(2):
        assert sync(open_rows=open_rows()).state == State.COMPLETE

    assert Incident.objects.get().object_id == str(key)
    assert Incident.objects.get().kind == VANISHED


def test_it_reports_a_settled_transaction_that_is_reversed(transactions: Partners) -> None:
    sync()
    settled = Transaction.objects.order_by("-created_at")[3]
    transactions.move_transaction(str(settled.pk), "REVERSED")

    sync()

    incident = Incident.objects.get()
    assert (incident.kind, incident.before, incident.after) == (CHANGED, {"state": "SETTLED"}, {"state": "REVERSED"})
    assert Transaction.objects.get(pk=settled.pk).state == "REVERSED"


def test_it_goes_on_from_the_cursor_where_the_partner_failed(transactions: Partners) -> None:
    transactions.fault("envelope", status=403, match=LIST, nth=4, times=None)
    broken = sync()
    transactions.clear_faults()

    resumed = sync()

    assert (broken.state, broken.rows_read) == (State.PARTIAL, 30)
    assert (resumed.state, resumed.rows_read) == (State.COMPLETE, 15)
    assert Transaction.objects.count() == 45


def test_it_ends_between_two_pages_when_its_process_is_asked_to_stop_and_the_next_goes_on(
    transactions: Partners,
) -> None:
    with stopped_after(3):
        sync()
    stopped = SyncRun.objects.get()

    resumed = sync()

    assert (stopped.state, stopped.rows_read) == (State.RUNNING, 30)
    assert (resumed.pk, resumed.state, Transaction.objects.count()) == (stopped.pk, State.COMPLETE, 45)


def test_it_ends_between_two_open_rows_when_its_process_is_asked_to_stop(transactions: Partners) -> None:
    for number in range(3):
        transactions.make_transaction(created_at=minutes_ago(290 + number), state="PENDING")
    sync()
    with stopped_after(3):
        sync(open_rows=open_rows())

    by_id = [path for path in transactions.requests_made() if path.startswith("GET /api/transactions/")]
    assert len(by_id) == 1


def test_it_keeps_reading_to_the_end_until_one_run_got_there(transactions: Partners) -> None:
    transactions.fault("envelope", status=403, match=LIST, nth=2, times=None)
    sync()
    sync()
    transactions.clear_faults()
    transactions.make_transaction(created_at=minutes_ago(1))

    sync()
    sync()

    assert Transaction.objects.count() == 46


def test_it_starts_at_the_top_when_the_partner_no_longer_takes_a_cursor(transactions: Partners) -> None:
    transactions.fault("envelope", status=403, match=LIST, nth=4, times=None)
    broken = sync()
    transactions.clear_faults()
    broken.checkpoint["cursor"] = "bm90IGEgY3Vyc29y"
    broken.save()

    run = sync()

    assert (run.state, run.rows_read) == (State.COMPLETE, 45)


def test_it_notices_a_circle_of_cursors_and_starts_at_the_top_next_time(transactions: Partners) -> None:
    transactions.fault("loop_cursor", match=LIST, times=None)

    circling = sync()
    transactions.clear_faults()
    following = sync()

    assert (circling.state, circling.sentence) == (State.PARTIAL, "The partner's pages led in a circle.")
    assert (following.state, Transaction.objects.count()) == (State.COMPLETE, 45)


def test_it_stops_where_the_partner_says_there_is_no_more_and_counts(transactions: Partners) -> None:
    transactions.fault("no_more", match=LIST, times=1)

    run = sync()

    assert (run.state, run.sentence) == (State.PARTIAL, "The partner said it has 45 rows and gave 10.")


def test_it_says_so_when_the_total_is_wrong(transactions: Partners) -> None:
    transactions.fault("wrong_total", delta=2, match=LIST, times=None)

    assert sync().sentence == "The partner said it has 47 rows and gave 45."


def test_it_keeps_the_mirror_when_the_partner_is_down(transactions: Partners) -> None:
    sync()

    with transactions.down():
        run = sync()

    assert (run.state, Transaction.objects.count()) == (State.FAILED, 45)


def test_it_reads_nothing_from_the_wrong_environment(transactions: Partners) -> None:
    transactions.settings(bitnob_environment="live")

    run = sync()

    assert run.state == State.FAILED
    assert "live" in run.sentence
    assert not Transaction.objects.exists()

"""Where a reading newest first could not see everything, no later one is complete before the rest was read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backoffice.database import clock
from backoffice.mirror import places
from backoffice.mirror.models import Incident, Mirror, SyncRun
from backoffice.mirror.partners import bitnob
from backoffice.mirror.runs import last_complete
from backoffice.partner.bitnob import payloads
from backoffice.partner.pages import CursorPage, UnreadableRow
from backoffice.transactions.models import Transaction
from tests.mirror.newest_first import LIST, make_settled, open_rows, sync
from tests.partners import Partners, minutes_ago

State = SyncRun.State


@pytest.fixture
def book(committed: str, partners: Partners, settings: Any) -> Partners:
    """Bitnob with nothing in it, and all the requests it takes."""
    settings.BITNOB_REQUESTS_PER_MINUTE = 60_000
    return partners


@pytest.fixture
def behind(book: Partners) -> Partners:
    """A mirror of 30 transactions that is complete, and 30 later ones, all older than the look-back."""
    make_settled(book, 30, from_minutes=600)
    assert sync().state == State.COMPLETE
    make_settled(book, 30, from_minutes=120)
    return book


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the database's clock so far ahead."""
    real = clock.now

    def set_to(ahead: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + ahead)

    return set_to


def held() -> int:
    return Transaction.objects.count()


def broken_after(partners: Partners, pages: int) -> SyncRun:
    """Read so many pages, and have the next one refused."""
    partners.fault("envelope", status=403, match=LIST, nth=pages + 1, times=None)
    run = sync()
    partners.clear_faults()
    return run


# A reading that ends before the known part ----------------------------------------------------------------------------


def test_after_a_list_that_ended_too_early_the_next_run_reads_to_the_end(behind: Partners) -> None:
    behind.fault("no_more", match=LIST, times=1)

    cut, following = sync(), sync()

    assert (cut.state, cut.sentence) == (State.PARTIAL, "The partner said it has 60 rows and gave 10.")
    assert (following.state, held()) == (State.COMPLETE, 60)


def test_a_cursor_that_its_own_list_refuses_ends_the_run(behind: Partners) -> None:
    """Beginning at the top again would meet it again, for ever."""
    behind.fault("envelope", status=400, match=LIST, nth=2, times=None)

    assert sync().state == State.PARTIAL

    behind.clear_faults()
    assert (sync().state, held()) == (State.COMPLETE, 60)


def test_after_a_circle_the_next_run_reads_to_the_end(behind: Partners) -> None:
    behind.fault("loop_cursor", match=LIST, times=2)

    circling, following = sync(), sync()

    assert circling.state == State.PARTIAL
    assert (following.state, held()) == (State.COMPLETE, 60)


def test_after_a_cursor_that_is_no_longer_taken_the_same_run_reads_to_the_end(behind: Partners) -> None:
    broken = broken_after(behind, 1)
    broken.checkpoint["cursor"] = "bm90IGEgY3Vyc29y"
    broken.save()

    following = sync()

    assert (following.state, held()) == (State.COMPLETE, 60)


def test_a_page_that_came_empty_is_missed_where_the_known_part_is_reached(behind: Partners) -> None:
    behind.fault("empty_page", match=LIST, nth=2, times=1)

    missing, following = sync(), sync()

    assert (missing.state, missing.sentence) == (
        State.PARTIAL,
        "The partner counts 60 rows, and 50 are known here.",
    )
    assert (following.state, held()) == (State.COMPLETE, 60)


def test_rows_that_an_earlier_version_went_past_are_read_since_the_partner_counts_them(behind: Partners) -> None:
    behind.fault("no_more", match=LIST, times=1)
    cut = sync()
    SyncRun.objects.filter(pk=cut.pk).update(checkpoint={"cursor": None, "to_the_end": False})

    missing, following = sync(), sync()

    assert (missing.state, missing.sentence) == (State.PARTIAL, "The partner counts 60 rows, and 40 are known here.")
    assert (following.state, held()) == (State.COMPLETE, 60)


def test_a_checkpoint_that_does_not_say_when_the_top_was_read_is_not_gone_on_from(behind: Partners) -> None:
    broken = broken_after(behind, 1)
    SyncRun.objects.filter(pk=broken.pk).update(checkpoint={"cursor": broken.checkpoint["cursor"], "to_the_end": False})

    following = sync()

    assert (following.state, following.rows_read, held()) == (State.COMPLETE, 60, 60)


# A reading over several runs ------------------------------------------------------------------------------------------


def test_a_first_reading_over_two_runs_must_add_up_too(book: Partners) -> None:
    make_settled(book, 60, from_minutes=120)
    broken_after(book, 1)
    book.fault("no_more", match=LIST, times=1)

    resumed = sync()
    following = sync()

    assert (resumed.state, resumed.sentence) == (State.PARTIAL, "The partner said it has 60 rows and gave 20.")
    assert (following.state, held()) == (State.COMPLETE, 60)


def test_a_first_reading_over_two_runs_adds_up_though_rows_came_in_between(book: Partners) -> None:
    make_settled(book, 60, from_minutes=120)
    broken_after(book, 3)
    make_settled(book, 5, from_minutes=1, apart=1)

    resumed = sync()

    assert (resumed.state, resumed.rows_read, held()) == (State.COMPLETE, 30, 60)


def test_a_resumed_run_has_read_up_to_when_its_top_was_read(behind: Partners) -> None:
    broken = broken_after(behind, 2)
    broke_off_at = clock.now()
    behind.make_transaction(created_at=minutes_ago(1))

    resumed = sync()
    read_to = resumed.read_to

    assert resumed.state == State.COMPLETE and not Transaction.objects.filter(reference="RCV_TEST").exists()
    assert read_to is not None and broken.started_at <= read_to < broke_off_at
    following = sync()
    assert following.read_to is not None and following.read_to > broke_off_at and held() == 61


def test_a_run_that_its_own_process_left_goes_on_with_the_time_of_its_top(behind: Partners) -> None:
    left = broken_after(behind, 2)
    read_to = left.read_to
    SyncRun.objects.filter(pk=left.pk).update(state=State.RUNNING, finished_at=None)

    resumed = sync()

    assert (resumed.pk, resumed.state, resumed.read_to) == (left.pk, State.COMPLETE, read_to)


def test_a_top_that_was_read_while_the_clock_ran_ahead_is_read_again(behind: Partners, set_clock: Any) -> None:
    ahead = broken_after(behind, 1)
    top = clock.now() + timedelta(hours=6)
    SyncRun.objects.filter(pk=ahead.pk).update(checkpoint={**ahead.checkpoint, "top_at": top.isoformat()})

    following = sync()

    assert (following.state, held()) == (State.COMPLETE, 60)
    assert following.read_to is not None and following.read_to < clock.now()


# Rows that are open ---------------------------------------------------------------------------------------------------


def refused_by_id(partners: Partners) -> None:
    partners.fault("envelope", status=403, match={"path": "/api/transactions/", "method": "GET"}, times=None)


def test_trouble_with_an_open_row_has_the_next_run_begin_at_the_top(behind: Partners) -> None:
    behind.make_transaction(created_at=minutes_ago(700), state="PENDING")
    refused_by_id(behind)
    states = []
    for number in range(3):
        made = behind.make_transaction(created_at=minutes_ago(1), reference=f"new-{number}")
        states.append(sync(open_rows=open_rows()).state)
        assert Transaction.objects.filter(pk=made["transaction_id"]).exists()

    assert states == [State.PARTIAL] * 3


def test_a_first_reading_that_adds_up_is_not_repeated_because_of_an_open_row(book: Partners) -> None:
    make_settled(book, 60, from_minutes=120)
    book.make_transaction(created_at=minutes_ago(1), state="PENDING")
    refused_by_id(book)
    first = sync(open_rows=open_rows())

    following = sync(open_rows=open_rows())

    assert (first.state, first.pages) == (State.PARTIAL, 7)
    assert (following.state, following.pages) == (State.PARTIAL, 2)


def test_rows_that_may_be_missing_are_still_owed_after_trouble_with_an_open_row(behind: Partners) -> None:
    behind.make_transaction(created_at=minutes_ago(1), state="PENDING")
    sync()
    make_settled(behind, 30, from_minutes=70, apart=1)
    refused_by_id(behind)
    behind.fault("no_more", match=LIST, nth=2, times=1)

    sync(open_rows=open_rows())
    behind.clear_faults()
    following = sync(open_rows=open_rows())

    assert (following.state, held()) == (State.COMPLETE, 91)


# What is never read in full every minute ------------------------------------------------------------------------------


def test_a_count_that_is_wrong_has_the_whole_list_read_twice_and_then_once_an_hour(
    behind: Partners, set_clock: Any
) -> None:
    behind.fault("wrong_total", delta=2, match=LIST, times=None)

    runs = [sync() for _minute in range(5)]
    set_clock(places.READ_AGAIN_AFTER + timedelta(seconds=10))
    later = [sync() for _minute in range(2)]

    assert {run.state for run in (*runs, *later)} == {State.PARTIAL}
    assert [run.pages for run in runs] == [4, 6, 6, 1, 1]
    assert [run.pages for run in later] == [6, 1]


def test_while_a_wrong_count_is_waited_out_new_rows_are_read_and_no_run_is_complete(
    behind: Partners, set_clock: Any
) -> None:
    behind.fault("wrong_total", delta=2, match=LIST, times=None)
    for _minute in range(3):
        sync()
    behind.clear_faults()
    behind.make_transaction(created_at=minutes_ago(1))

    waiting = sync()
    set_clock(places.READ_AGAIN_AFTER + timedelta(seconds=10))
    whole = sync()

    assert (waiting.state, held()) == (State.PARTIAL, 61)
    assert waiting.sentence == (
        "The partner's list did not add up when it was last read to its end. It is read so again in an hour."
    )
    assert (whole.state, whole.pages) == (State.COMPLETE, 7)


def test_a_row_that_cannot_be_read_counts_as_given_and_has_nothing_read_again(behind: Partners) -> None:
    def fetch(cursor: str | None) -> CursorPage[payloads.Transaction]:
        page = bitnob().transactions(cursor, limit=10)
        bad = tuple(UnreadableRow(item.raw, "amount: wrong") for item in page.items if item.reference == "RCV_120_25")
        return replace(page, items=tuple(i for i in page.items if i.reference != "RCV_120_25"), unreadable=bad)

    runs = [sync(fetch=fetch) for _minute in range(3)]

    assert [run.state for run in runs] == [State.COMPLETE] * 3
    assert (runs[-1].pages, held(), Incident.objects.count()) == (1, 59, 1)


def test_the_newest_complete_run_is_the_one_before_while_rows_are_owed(behind: Partners) -> None:
    before = last_complete(Mirror.TRANSACTIONS)
    behind.fault("no_more", match=LIST, times=1)

    sync()

    assert last_complete(Mirror.TRANSACTIONS) == before

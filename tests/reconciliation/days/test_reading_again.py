"""Every day the history is read again by counts, and what is not closed of the last month in full."""

from datetime import UTC, date, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.rereading import Reread
from backoffice.orders.services import NotRead
from backoffice.reconciliation.days import reading_again
from backoffice.reconciliation.days.reading_again import FULL_DAYS, HISTORY, due, read_again, why_missed
from backoffice.reconciliation.models import Rereading
from backoffice.reconciliation.running.bells import READING_LANE
from backoffice.worker import priorities
from tests.reconciliation.days import cast

#: 02:10 in Bahrain, where the company of the tests is.
QUIET = datetime(2026, 11, 19, 23, 10, tzinfo=UTC)
#: The newest day that had ended a day before.
NEWEST = date(2026, 11, 18)


@pytest.fixture(autouse=True)
def mirror(db: None) -> SyncRun:
    """The orders were read up to the quiet hour, and for days before."""
    SyncRun.objects.create(mirror=Mirror.ORDERS, state="complete", started_at=QUIET - timedelta(days=9))
    return SyncRun.objects.create(mirror=Mirror.ORDERS, state="complete", started_at=QUIET, read_to=QUIET)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.database.clock.now", lambda: QUIET)


def read(part: date | None, at: datetime, sentence: str = "") -> None:
    Rereading.objects.create(day=part, began_at=at, ended_at=at, is_sound=not sentence, sentence=sentence)


def lists(monkeypatch: pytest.MonkeyPatch, found: Reread | NotRead) -> None:
    """Have CoinMENA's list say so of each day."""

    def reread(*_window: datetime) -> Reread:
        if isinstance(found, NotRead):
            raise found
        return found

    monkeypatch.setattr(reading_again, "reread_orders", reread)


def test_the_history_and_every_day_of_a_month_that_no_sync_reads_again_are_due() -> None:
    history, *days = due(QUIET)
    assert history is HISTORY
    assert days == [NEWEST - timedelta(days=back) for back in range(FULL_DAYS)]


def test_a_closed_day_is_checked_by_itself(maya: Person, omar: Person) -> None:
    cast.signed_day(maya, omar)
    assert cast.DATE in [NEWEST - timedelta(days=back) for back in range(FULL_DAYS)]
    assert cast.DATE not in due(QUIET)


def test_nothing_is_due_before_the_orders_were_ever_read(mirror: SyncRun) -> None:
    SyncRun.objects.update(state="failed")
    assert due(QUIET) == []


def test_what_was_read_is_due_again_from_the_next_quiet_hour_on() -> None:
    read(NEWEST, QUIET)
    assert NEWEST not in due(QUIET + timedelta(hours=23))
    assert NEWEST in due(QUIET + timedelta(days=1))


def test_what_was_not_read_soundly_is_tried_again_after_a_while() -> None:
    read(HISTORY, QUIET, "CoinMENA did not answer.")
    assert HISTORY not in due(QUIET + timedelta(hours=1))
    assert HISTORY in due(QUIET + timedelta(hours=2))


def test_a_reading_dated_ahead_stands_for_nothing() -> None:
    read(HISTORY, QUIET + timedelta(hours=6))
    assert HISTORY in due(QUIET)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Reread(5, 5), ""),
        (Reread(5, 4), "CoinMENA says it has 5 orders, and its list gave 4."),
        (Reread(5, 5, doubt="So many at once."), "So many at once."),
        (NotRead("CoinMENA did not answer."), "CoinMENA did not answer."),
    ],
    ids=["sound", "not given", "not believed", "not read"],
)
def test_how_a_reading_ended_is_kept(monkeypatch: pytest.MonkeyPatch, found: Reread | NotRead, sentence: str) -> None:
    lists(monkeypatch, found)
    read_again(NEWEST)
    kept = Rereading.objects.get()
    assert (kept.day, kept.is_sound, kept.sentence) == (NEWEST, not sentence, sentence)


def test_a_second_bell_reads_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lists(monkeypatch, Reread(5, 5))
    read_again(NEWEST)
    read_again(NEWEST)
    assert Rereading.objects.count() == 1


def test_it_waits_behind_what_a_person_waits_for() -> None:
    for part in (HISTORY, NEWEST):
        reading_again.ring_once_to_read(part)
    rung = ProcrastinateJob.objects.filter(task_name=reading_again.READ_AGAIN)
    assert set(rung.values_list("lock", "priority")) == {(READING_LANE, priorities.NIGHTLY)}
    assert sorted(job.args["day"] for job in rung) == ["", NEWEST.isoformat()]


def test_it_is_told_once_a_night_was_missed() -> None:
    for part in due(QUIET):
        read(part, QUIET)
    assert why_missed(QUIET + timedelta(hours=23)) == ""
    assert why_missed(QUIET + timedelta(days=2)) == (
        "Older orders were not all read again for a day. Look whether a worker runs at night."
    )


def test_why_it_was_missed_is_told_too() -> None:
    read(HISTORY, QUIET, "CoinMENA did not answer.")
    assert why_missed(QUIET + timedelta(hours=1)).endswith("CoinMENA did not answer.")


def test_a_product_in_its_first_days_has_missed_nothing() -> None:
    SyncRun.objects.filter(started_at__lt=QUIET).update(started_at=QUIET)
    assert why_missed(QUIET + timedelta(hours=23)) == ""

"""The lock holds until everything since the backup is read and reconciled."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.database import clock
from backoffice.funding.models import Freeze
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.services import sync_orders
from backoffice.reconciliation.models import LedgerSource
from backoffice.reconciliation.restoring import MARGIN, after_restore, orders_read, orders_reconciled
from tests.approving import ask_for_release
from tests.funding.cast import deposit, mirrored_asset, mirrored_client
from tests.partners import Partners
from tests.reconciliation import rows

HOUR = timedelta(hours=1)


def test_a_lock_is_not_released_before_everything_is_read_and_reconciled(lock: Freeze, maya: Person) -> None:
    assert orders_read(lock).why_not and orders_reconciled(lock).why_not
    with pytest.raises(Conflict, match="are not read yet.*Nothing complete was reconciled"):
        ask_for_release(lock, by=maya)


def test_a_reading_from_before_the_lock_proves_nothing(coinmena: Partners, lock: Freeze) -> None:
    before, after = lock.frozen_at - timedelta(seconds=1), lock.frozen_at + timedelta(seconds=1)
    reading(started_at=before, read_from=lock.frozen_at - MARGIN * 3, read_to=after)
    assert orders_read(lock).why_not


@pytest.fixture
def an_hour_later(lock: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = lock.frozen_at + HOUR
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.parametrize(("begun", "is_proof"), [(299, False), (301, True)])
@pytest.mark.usefixtures("an_hour_later")
def test_a_reading_proves_nothing_while_what_was_sent_before_the_lock_may_still_land(
    lock: Freeze, settings: Settings, begun: int, is_proof: bool
) -> None:
    settings.COINMENA_QUARANTINE_SECONDS = 300
    moment = lock.frozen_at + timedelta(seconds=begun)
    reading(started_at=moment, read_from=lock.frozen_at - MARGIN * 3, read_to=lock.frozen_at + timedelta(seconds=300))
    assert (orders_read(lock).why_not == "") is is_proof


@pytest.mark.usefixtures("an_hour_later")
def test_a_reading_that_ends_where_orders_may_still_land_proves_nothing(lock: Freeze, settings: Settings) -> None:
    settings.COINMENA_QUARANTINE_SECONDS = 300
    begun, end = lock.frozen_at + timedelta(seconds=400), lock.frozen_at + timedelta(seconds=299)
    reading(started_at=begun, read_from=lock.frozen_at - MARGIN * 3, read_to=end)
    assert orders_read(lock).why_not


def test_what_the_backup_holds_of_a_clock_that_ran_ahead_proves_nothing(lock: Freeze) -> None:
    ahead = lock.frozen_at + HOUR
    reading(started_at=ahead, read_from=lock.frozen_at - MARGIN * 3, read_to=ahead)
    reconciled(lock, started_at=ahead)

    assert orders_read(lock).why_not and orders_reconciled(lock).why_not


def reading(
    *, started_at: datetime, read_from: datetime, read_to: datetime, state: SyncRun.State = SyncRun.State.COMPLETE
) -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS,
        state=state,
        started_at=started_at,
        finished_at=started_at,
        read_from=read_from,
        read_to=read_to,
    )


#: Readings since the lock as hours before it, and whether they prove that everything was read.
READINGS = [
    ([(25, 0)], True),
    ([(24, 0)], False),
    ([(30, 10), (12, 0)], True),
    ([(30, 12), (10, 0)], False),
    ([(30, 1)], False),
]


@pytest.mark.parametrize(("spans", "is_read"), READINGS)
def test_readings_prove_it_together_when_no_gap_is_between_them(
    lock: Freeze, spans: list[tuple[int, int]], is_read: bool
) -> None:
    for begin, end in spans:
        reading(
            started_at=lock.frozen_at,
            read_from=lock.frozen_at - begin * HOUR - timedelta(seconds=1),
            read_to=lock.frozen_at - end * HOUR,
        )
    assert (orders_read(lock).why_not == "") is is_read


def test_a_partial_reading_proves_nothing(lock: Freeze) -> None:
    start = lock.frozen_at - 2 * MARGIN
    reading(started_at=lock.frozen_at, read_from=start, read_to=lock.frozen_at, state=SyncRun.State.PARTIAL)
    assert orders_read(lock).why_not


@pytest.mark.parametrize(
    ("source", "is_proof"), [("operations", True), ("ledger", False), ("transactions", False), ("balances", False)]
)
def test_only_a_run_of_our_operations_proves_that_they_were_reconciled(
    lock: Freeze, maya: Person, source: str, is_proof: bool
) -> None:
    """A check of Bitnob covers all time and is complete: it says nothing of what was sent to CoinMENA."""
    book = LedgerSource.objects.create(name="Book", made_by=maya, made_at=lock.frozen_at)
    reconciled(lock, started_at=lock.frozen_at, source=source, ledger=book if source == "ledger" else None)
    assert (orders_reconciled(lock).why_not == "") is is_proof


def reconciled(
    lock: Freeze, *, started_at: datetime, source: str = "operations", ledger: LedgerSource | None = None
) -> None:
    rows.run(
        lock.frozen_at - timedelta(days=400),
        started_at,
        window_to=lock.frozen_at + HOUR,
        finished_at=started_at + timedelta(seconds=1),
        source=source,
        ledger=ledger,
    )


def test_a_partner_that_is_down_keeps_the_lock(
    coinmena: Partners, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.partner.clock.SystemClock.sleep", lambda _clock, _seconds: None)
    deposit(maya, mirrored_client(), mirrored_asset())
    coinmena.fault("html", status=502, times=None)

    restored = after_restore()

    assert len(restored.unmet) == 2 and restored.unread
    assert Freeze.objects.get().released_at is None


def test_a_reading_can_begin_long_before_the_last_one(coinmena: Partners) -> None:
    since = timezone.now() - timedelta(days=9)
    sync_orders()

    again = sync_orders(since=since)

    assert again.read_from is not None and again.read_from <= since

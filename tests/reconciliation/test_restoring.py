"""Yesterday's backup while the partner moved on: nothing is doubled, nothing is lost, two people unlock (F38, C17)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.audit import processes
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock, embedded
from backoffice.funding import tasks
from backoffice.funding.bulk.sums import stored_totals
from backoffice.funding.freezing import release_conditions
from backoffice.funding.models import BulkFile, BulkRefusal, FileState, Freeze, Operation
from backoffice.funding.services import bulk_files
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.expiring import expire_due
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.services.resolving import resolve
from backoffice.funding.states import State
from backoffice.mirror import paging
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.partners import coinmena as client_of
from backoffice.orders.services import sync_orders
from backoffice.reconciliation.models import LedgerSource, Run
from backoffice.reconciliation.restoring import BY, MARGIN, NotKnown, after_restore, orders_read, orders_reconciled
from tests.approving import approve, ask_for_release
from tests.database import connect_to
from tests.funding.bulk.files import asked, confirmed, created, deposits, uploaded
from tests.funding.cast import NOURA, approved_by, deposit, mirrored_asset, mirrored_client, now, sent, withdrawal
from tests.partners import Partners


@pytest.fixture
def coinmena(committed: str, partners: Partners, monkeypatch: pytest.MonkeyPatch) -> Partners:
    """CoinMENA with Noura, whose list is settled at once, so that nobody waits two minutes for it."""
    monkeypatch.setattr(paging, "SETTLED_AFTER", timedelta(seconds=-2))
    partners.make_client(NOURA)
    partners.adjust(NOURA, "USD", change="2000.00")
    return partners


@pytest.fixture
def noura(coinmena: Partners) -> Client:
    return mirrored_client()


@pytest.fixture
def usd(coinmena: Partners) -> Asset:
    return mirrored_asset()


class Backup:
    """A copy of the test's database, taken now, that can be gone back to."""

    def __init__(self, server: embedded.Embedded, name: str) -> None:
        self.server, self.name, self.copy = server, name, f"{name}_backup"
        connections.close_all()
        embedded.create_database(server, self.copy, template=name)
        connect_to(server, name)

    def restore(self) -> None:
        """Go on with the rows as they were when the backup was taken."""
        connections.close_all()
        connect_to(self.server, self.copy)


@pytest.fixture
def backups(committed: str, postgres: embedded.Embedded) -> Iterator[list[Backup]]:
    taken: list[Backup] = []
    yield taken
    connections.close_all()
    for backup in taken:
        connect_to(postgres, committed)
        embedded.drop_database(postgres, backup.copy)


def unlocked(lock: Freeze, *, asked_by: Person, approved_by: Person) -> None:
    request = ask_for_release(lock, by=asked_by, reason="Everything was looked at.")
    approve(request, by=approved_by)


def test_an_older_backup_doubles_nothing_and_loses_nothing(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    approved, held_by_worker = deposit(maya, noura, usd, "1000.00"), deposit(maya, noura, usd, "200.00")
    pending = withdrawal(maya, noura, usd, "300.00")
    under_way = claim(held_by_worker.pk, "worker 1")
    backups.append(Backup(postgres, committed))
    assert under_way is not None

    client_of().post_order(under_way.kind, under_way.body)
    Operation.objects.filter(pk=held_by_worker.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    resolve(held_by_worker.pk, holder="worker 2")
    assert [sent(one).state for one in (approved, approved_by(omar, pending))] == [State.COMPLETED] * 2
    made_after = sent(deposit(maya, noura, usd, "40.00"))
    backups[0].restore()

    restored = after_restore()

    assert restored.unmet == [] and restored.run.is_complete
    assert [order.partner_order_ref for order in restored.lost] == [made_after.reference]
    assert restored.run.counts["extra_at_partner"] == 1
    assert {one.reference for one in restored.behind} >= {approved.reference, pending.reference}
    assert sent(approved).state == State.APPROVED, "the lock holds"

    a_minute_later = timezone.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: a_minute_later)
    resolve(held_by_worker.pk, holder="worker 2")
    assert now(held_by_worker).state == State.COMPLETED, "look-ups go on under the lock"
    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    assert sent(approved).state == State.COMPLETED
    assert sent(approved_by(omar, pending)).state == State.COMPLETED

    for operation in (approved, held_by_worker, pending, made_after):
        assert len(coinmena.orders_under(operation.reference)) == 1
    assert coinmena.balance(NOURA, "USD") == 2000 + 1000 + 200 - 300 + 40


def test_what_was_sent_before_the_restore_neither_expires_nor_is_cancelled(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operation = deposit(maya, noura, usd, "1000.00")
    backups.append(Backup(postgres, committed))
    assert sent(operation).state == State.COMPLETED
    backups[0].restore()

    restored = after_restore()
    a_day_later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: a_day_later)

    assert expire_due() == 0
    with pytest.raises(Conflict, match="before a backup was restored"):
        cancel_operation(operation_id=operation.pk, by=maya)
    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    assert expire_due() == 0
    assert sent(operation).state == State.COMPLETED
    assert len(coinmena.orders_under(operation.reference)) == 1


@pytest.mark.parametrize("is_imported", [False, True], ids=["not known yet", "known to be paid"])
@pytest.mark.parametrize("ending", ["cancelled", "cancelled in the queue", "rejected"])
def test_what_waits_in_the_backup_and_may_have_been_paid_since_is_neither_cancelled_nor_rejected(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, ending: str, is_imported: bool
) -> None:
    operation = withdrawal(maya, noura, usd)
    if is_imported:
        coinmena.make_order(NOURA, type="withdrawal", amount="500.00", reference=operation.reference)
        assert sync_orders().state == SyncRun.State.COMPLETE
    else:
        freeze_after_restore(backup_at=timezone.now(), by=BY)
    request = Request.objects.get(subject=operation.reference)

    with pytest.raises(Conflict, match="backup was restored"):
        if ending == "cancelled":
            cancel_operation(operation_id=operation.pk, by=maya)
        elif ending == "rejected":
            shown = request.fingerprint
            approvals.reject(request_id=request.pk, fingerprint=shown, reason_code="other", note="No need.", by=omar)
        else:
            approvals.cancel(request_id=request.pk, by=maya)
    assert now(operation).state == State.PENDING_APPROVAL


# Files that were under way --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_the_backup", [FileState.WAITING, FileState.CONFIRMED])
def test_rows_that_are_made_again_are_not_paid_again(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
    in_the_backup: FileState,
) -> None:
    file = asked(maya, deposits(2)) if in_the_backup == FileState.WAITING else confirmed(maya, deposits(2))
    backups.append(Backup(postgres, committed))
    if in_the_backup == FileState.WAITING:
        approve(Request.objects.get(), by=omar)
    paid = {sent(one).reference for one in created(file)}
    assert coinmena.balance(NOURA, "USD") == Decimal("2003.02")
    backups[0].restore()

    restored = after_restore()
    assert {order.partner_order_ref for order in restored.lost} == paid
    if in_the_backup == FileState.WAITING:
        approve(Request.objects.get(kind="bulk"), by=omar)
    tasks.sweep(timestamp=0)
    assert created(file) == [] and not rung_to_create(file), "nothing is made under the lock"

    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    tasks.sweep(timestamp=0)
    assert rung_to_create(file)
    assert {one.reference for one in created(file)} == paid
    assert {sent(one).state for one in Operation.objects.all()} == {State.COMPLETED}
    assert coinmena.balance(NOURA, "USD") == Decimal("2003.02")


def test_a_row_that_was_paid_is_made_again_however_late(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = confirmed(maya, deposits(2))
    backups.append(Backup(postgres, committed))
    paid = {sent(one).reference for one in created(file)}
    backups[0].restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    two_days_later = timezone.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: two_days_later)

    assert {one.reference for one in created(file)} == paid


def test_a_row_that_was_paid_and_is_not_made_again_says_so(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
) -> None:
    file = confirmed(maya, deposits(1))
    backups.append(Backup(postgres, committed))
    (paid,) = [sent(one) for one in created(file)]
    backups[0].restore()
    lock = after_restore().lock
    deposit(maya, noura, usd, str(paid.amount))
    unlocked(lock, asked_by=maya, approved_by=lina)

    assert paid.reference not in {one.reference for one in created(file)}

    sentence = BulkRefusal.objects.get().sentence
    assert "equal request" in sentence and f"CoinMENA holds an order of this row, {paid.reference}" in sentence


def rung_to_create(file: BulkFile) -> bool:
    bells = ProcrastinateJob.objects.filter(task_name="funding.create_from_file", queueing_lock__isnull=False)
    return bells.filter(args={"file_id": file.pk}).exists()


@pytest.mark.parametrize("ending", ["rejected", "cancelled", "discarded", "taken back"])
def test_a_file_whose_rows_may_have_been_paid_since_is_not_given_up(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
    ending: str,
) -> None:
    """Its bytes could be uploaded anew otherwise, and its rows be paid under new references."""
    file = stood_before(ending)(maya, deposits(1))
    backups.append(Backup(postgres, committed))
    made_on(file, maya, omar)
    backups[0].restore()

    freeze_after_restore(backup_at=timezone.now(), by=BY)
    with pytest.raises(Conflict, match="First two people release the lock"):
        given_up(file, ending, maya, omar)
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    with pytest.raises(Conflict, match="sent before a backup was restored"):
        given_up(file, ending, maya, omar)


def test_a_file_that_was_paid_and_ran_out_after_the_restore_is_recognised(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    committed: str,
    postgres: embedded.Embedded,
    backups: list[Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = asked(maya, deposits(1))
    backups.append(Backup(postgres, committed))
    made_on(file, maya, omar)
    backups[0].restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    two_days_later = timezone.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: two_days_later)
    expire_due()
    file.refresh_from_db()
    assert file.state == FileState.EXPIRED

    again = bulk_files.upload(name="again.csv", content=deposits(1), by=maya)

    assert (again.file.pk, again.is_new) == (file.pk, False)


def stood_before(ending: str) -> Callable[[Person, bytes], BulkFile]:
    """Bring a file to where it can end so."""
    ways: dict[str, Callable[[Person, bytes], BulkFile]] = {"discarded": uploaded, "taken back": confirmed}
    return ways.get(ending, asked)


def made_on(file: BulkFile, maya: Person, omar: Person) -> None:
    """Bring a file from where it stands to its operations, and send them."""
    if file.state == FileState.CHECKED:
        totals = {total.key: total.amount for total in stored_totals(file)}
        bulk_files.confirm(file_id=file.pk, count=1, totals=totals, confirmed_equal=False, by=maya)
    if file.state != FileState.CONFIRMED:
        approve(Request.objects.get(kind="bulk"), by=omar)
    assert [sent(one).state for one in created(file)] == [State.COMPLETED]


def given_up(file: BulkFile, ending: str, maya: Person, omar: Person) -> None:
    if ending == "discarded":
        bulk_files.discard(file_id=file.pk, by=maya)
        return
    request = Request.objects.get(kind="bulk")
    if ending == "taken back":
        approvals.take_back(request_id=request.pk, by=omar)
    elif ending == "cancelled":
        approvals.cancel(request_id=request.pk, by=maya)
    else:
        shown = request.fingerprint
        approvals.reject(request_id=request.pk, fingerprint=shown, reason_code="other", note="No need.", by=omar)


def test_what_is_asked_for_under_the_lock_is_cancelled_rejected_and_taken_back(
    lock: Freeze, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    """It cannot have been sent before the backup was restored, and nobody has to see it leave at the release."""
    wrong, pending, refused = deposit(maya, noura, usd), withdrawal(maya, noura, usd), withdrawal(maya, noura, usd, "6")
    regretted = approved_by(omar, withdrawal(maya, noura, usd, "7"))
    asked = Request.objects.get(subject=refused.reference)

    assert cancel_operation(operation_id=wrong.pk, by=maya).state == State.CANCELLED
    assert cancel_operation(operation_id=pending.pk, by=maya).state == State.CANCELLED
    approvals.reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="other", note="No.", by=omar)
    approvals.take_back(request_id=Request.objects.get(subject=regretted.reference).pk, by=omar)

    assert now(refused).state == State.REJECTED
    assert now(regretted).state == State.CANCELLED


@pytest.mark.parametrize("is_older", [True, False], ids=["uploaded before", "uploaded under the lock"])
def test_the_row_of_a_file_is_as_old_as_its_file(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, is_older: bool
) -> None:
    """The row of an older file may have been made and sent between the backup and its restore."""
    file = confirmed(maya, deposits(1)) if is_older else None
    freeze_after_restore(backup_at=timezone.now() - timedelta(hours=1), by=BY)
    row = (file or confirmed(maya, deposits(1))).rows.get()
    made = deposit(maya, noura, usd, str(row.amount), submission_token=row.submission_token)

    if is_older:
        with pytest.raises(Conflict, match="backup was restored"):
            cancel_operation(operation_id=made.pk, by=maya)
    else:
        assert cancel_operation(operation_id=made.pk, by=maya).state == State.CANCELLED


# The lock -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def lock(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Freeze:
    """A lock whose backup is an hour old, and nothing read since."""
    return freeze_after_restore(backup_at=timezone.now() - timedelta(hours=1), by=BY)


def test_a_lock_is_not_released_before_everything_is_read_and_reconciled(lock: Freeze, maya: Person) -> None:
    assert orders_read(lock).why_not and orders_reconciled(lock).why_not
    with pytest.raises(Conflict, match="are not read yet.*Nothing complete was reconciled"):
        ask_for_release(lock, by=maya)


def test_a_reading_from_before_the_lock_proves_nothing(coinmena: Partners, lock: Freeze) -> None:
    before, after = lock.frozen_at - timedelta(seconds=1), lock.frozen_at + timedelta(seconds=1)
    reading(started_at=before, read_from=lock.frozen_at - MARGIN * 3, read_to=after)
    assert orders_read(lock).why_not


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


HOUR = timedelta(hours=1)
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
    Run.objects.create(
        source=source,
        ledger=book if source == "ledger" else None,
        window_from=lock.frozen_at - timedelta(days=400),
        window_to=lock.frozen_at + timedelta(hours=1),
        started_at=lock.frozen_at + timedelta(seconds=1),
        finished_at=lock.frozen_at + timedelta(seconds=2),
        is_complete=True,
        ours_count=0,
        theirs_count=0,
        counts={},
        totals=[],
        digest="0" * 64,
    )
    assert (orders_reconciled(lock).why_not == "") is is_proof


def test_a_partner_that_is_down_keeps_the_lock(
    coinmena: Partners, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.partner.clock.SystemClock.sleep", lambda _clock, _seconds: None)
    deposit(maya, mirrored_client(), mirrored_asset())
    coinmena.fault("html", status=502, times=None)

    restored = after_restore()

    assert len(restored.unmet) == 2 and restored.unread
    assert Freeze.objects.get().released_at is None


# The command ----------------------------------------------------------------------------------------------------------


def told() -> str:
    out = StringIO()
    call_command("after_restore", stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_found_and_what_people_do_and_may_be_run_twice(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person
) -> None:
    sent(deposit(maya, noura, usd))
    coinmena.make_order(NOURA, amount="77.00", reference="dep-2026-hjkmnpqr")

    first, second = told(), told()

    assert "dep-2026-hjkmnpqr" in first and "What people do now" in first
    lock = Freeze.objects.get()
    assert f"/freeze/{lock.pk}/" in second
    assert lock.frozen_by is None and lock.backup_at is not None
    assert release_conditions.why_not_released(lock) == ""
    assert Run.objects.count() == 2
    assert Entry.objects.filter(event="freeze.made", who="after_restore").count() == 1


def test_it_asks_when_the_backup_was_taken_where_nothing_tells(coinmena: Partners) -> None:
    with pytest.raises(CommandError, match="--backup-at"):
        told()
    with pytest.raises(NotKnown, match="lies ahead"):
        after_restore(backup_at=timezone.now() + timedelta(hours=1))
    assert not Freeze.objects.exists()


def test_a_backup_older_than_the_one_of_the_lock_is_refused_loudly(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person
) -> None:
    """What the lock is released on would begin days too late, and everything would look done."""
    deposit(maya, noura, usd)
    lock = after_restore().lock
    three_days_ago = timezone.now() - timedelta(days=3)

    with pytest.raises(NotKnown, match="restore the backup again"):
        after_restore(backup_at=three_days_ago)
    with pytest.raises(CommandError, match="does not reach back") as refusal:
        call_command("after_restore", backup_at=three_days_ago.isoformat())

    assert refusal.value.returncode != 0
    assert Run.objects.count() == 1 and Freeze.objects.get() == lock


def test_a_later_backup_than_the_one_of_the_lock_changes_nothing(coinmena: Partners, lock: Freeze) -> None:
    restored = after_restore(backup_at=timezone.now())

    assert restored.lock == lock and restored.start == lock.backup_at - MARGIN  # type: ignore[operator]


def test_a_process_started_too_early_is_not_taken_for_the_newest_entry_of_the_backup(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person
) -> None:
    deposit(maya, noura, usd)
    newest_of_backup = Entry.objects.order_by("-number").values_list("at", flat=True)[0]
    processes.began(processes.WEB)
    processes.ended(processes.WEB)

    assert after_restore().lock.backup_at == newest_of_backup


def test_processes_alone_do_not_tell_when_the_backup_was_taken(coinmena: Partners) -> None:
    processes.began(processes.WEB)
    with pytest.raises(NotKnown, match="--backup-at"):
        after_restore()


def test_a_reading_can_begin_long_before_the_last_one(coinmena: Partners) -> None:
    since = timezone.now() - timedelta(days=9)
    sync_orders()

    again = sync_orders(since=since)

    assert again.read_from is not None and again.read_from <= since

"""Yesterday's backup while the partner moved on: nothing is doubled, nothing is lost, two people unlock (F38, C17)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import LateOrder, Operation, Scope
from backoffice.funding.policies import why_not_in_force
from backoffice.funding.references import new_token
from backoffice.funding.services import late_orders
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.expiring import expire_due
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.services.resolving import resolve
from backoffice.funding.states import State
from backoffice.mirror.incidents import report_vanished
from backoffice.mirror.models import SyncRun
from backoffice.mirror.partners import coinmena as client_of
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS, sync_orders
from backoffice.reconciliation.restoring import BY, after_restore
from tests.funding.cast import NOURA, approved_by, deposit, now, sent, withdrawal
from tests.funding.closings import landed
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup, unlocked


def test_an_older_backup_doubles_nothing_and_loses_nothing(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    approved, held_by_worker = deposit(maya, noura, usd, "1000.00"), deposit(maya, noura, usd, "200.00")
    pending = withdrawal(maya, noura, usd, "300.00")
    under_way = claim(held_by_worker.pk, "worker 1")
    backup = taken()
    assert under_way is not None

    client_of().post_order(under_way.kind, under_way.body)
    Operation.objects.filter(pk=held_by_worker.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    resolve(held_by_worker.pk, holder="worker 2")
    assert [sent(one).state for one in (approved, approved_by(omar, pending))] == [State.COMPLETED] * 2
    made_after = sent(deposit(maya, noura, usd, "40.00"))
    backup.restore()

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
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operation = paid_since_the_backup(deposit(maya, noura, usd, "1000.00"), taken)

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


def test_a_retry_that_was_paid_before_the_restore_is_brought_up_to_date_whatever_its_predecessor_did(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, lina: Person, taken: Callable[[], Backup]
) -> None:
    first = deposit(maya, noura, usd, "7.00")
    coinmena.set_client(NOURA, active=False)
    assert sent(first).state == State.FAILED
    coinmena.set_client(NOURA, active=True)
    retry = deposit(maya, noura, usd, "7.00", copy_of=now(first), confirmed_equal=True)
    backup = taken()
    assert sent(retry).state == State.COMPLETED
    backup.restore()
    landed(coinmena, first)
    restored = after_restore()
    late_orders.watch()
    late_orders.settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA was told.", by=omar)
    unlocked(restored.lock, asked_by=maya, approved_by=lina)

    assert sent(retry).state == State.COMPLETED
    assert len(coinmena.orders_under(retry.reference)) == 1


def test_what_coinmena_has_no_longer_after_a_restore_leaves_with_a_permission_only_that_still_holds(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    lina: Person,
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operation = paid_since_the_backup(deposit(maya, noura, usd, "1000.00"), taken)
    restored = after_restore()
    assert restored.behind.get() == operation
    assert not restored.leaving.exists()

    report_vanished(ORDERS, [Order.objects.get(partner_order_ref=operation.reference).pk])

    assert restored.leaving.get() == operation, "people see it before they release"
    assert not restored.behind.exists(), "and are told of it once"
    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    a_day_later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: a_day_later)
    assert why_not_in_force(now(operation), clock.now()) == "The permission to send it has run out."
    assert sent(operation).state == State.APPROVED
    assert expire_due() == 1 and now(operation).state == State.EXPIRED


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


@pytest.mark.parametrize("ending", ["cancelled", "rejected", "taken back"])
def test_what_was_ended_after_the_backup_is_ended_again_before_the_release(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Callable[[], Backup],
    ending: str,
) -> None:
    operation = deposit(maya, noura, usd) if ending == "cancelled" else withdrawal(maya, noura, usd)
    if ending == "taken back":
        approved_by(omar, operation)
    backup = taken()
    ended(operation, ending, maya, omar)
    before = coinmena.balance(NOURA, "USD")
    backup.restore()

    restored = after_restore()
    assert restored.unmet == [] and now(operation).state in (State.PENDING_APPROVAL, State.APPROVED)
    ended(operation, ending, maya, omar)
    unlocked(restored.lock, asked_by=maya, approved_by=lina)

    assert sent(operation).state == (State.REJECTED if ending == "rejected" else State.CANCELLED)
    assert coinmena.balance(NOURA, "USD") == before and coinmena.orders_under(operation.reference) == []


def paid_since_the_backup(operation: Operation, taken: Callable[[], Backup]) -> Operation:
    """Pay an operation after a backup was taken, and go back to that."""
    backup = taken()
    assert sent(operation).state == State.COMPLETED
    backup.restore()
    return operation


def ended(operation: Operation, ending: str, maya: Person, omar: Person) -> None:
    if ending == "cancelled":
        cancel_operation(operation_id=operation.pk, by=maya)
        return
    request = Request.objects.get(subject=operation.reference)
    if ending == "taken back":
        approvals.take_back(request_id=request.pk, by=omar)
    else:
        shown = request.fingerprint
        approvals.reject(request_id=request.pk, fingerprint=shown, reason_code="other", note="No.", by=omar)


def test_a_freeze_made_after_the_backup_is_made_again_under_the_lock_and_outlives_it(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Callable[[], Backup],
) -> None:
    operation = deposit(maya, noura, usd)
    backup = taken()
    freeze(scope=Scope.CLIENT, client=noura, reason="Her documents expired.", by=omar)
    backup.restore()

    restored = after_restore()
    assert list(restored.leaving) == [operation]
    freeze(scope=Scope.CLIENT, client=noura, reason="Her documents expired.", by=omar)
    assert not restored.leaving.exists()
    unlocked(restored.lock, asked_by=maya, approved_by=lina)

    assert sent(operation).state == State.APPROVED


def test_what_was_sent_after_the_backup_is_not_ended_once_everything_is_read(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, taken: Callable[[], Backup]
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    backup = taken()
    assert sent(operation).state == State.COMPLETED
    backup.restore()

    assert after_restore().unmet == []
    for ending in ("cancelled", "taken back"):
        with pytest.raises(Conflict, match="CoinMENA holds an order of it already"):
            ended(operation, ending, maya, omar)


def test_what_may_still_land_late_is_not_ended_before_it_would_have_landed(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    taken: Callable[[], Backup],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sent a moment before the restore, it may have come to CoinMENA only after the first reading."""
    operation = deposit(maya, noura, usd)
    lock = after_restore().lock
    settings.COINMENA_QUARANTINE_SECONDS = 300
    with pytest.raises(Conflict, match="Wait until"):
        cancel_operation(operation_id=operation.pk, by=maya)

    coinmena.make_order(NOURA, amount=str(operation.amount), reference=operation.reference)
    monkeypatch.setattr(clock, "sleep", lambda seconds: travel(monkeypatch, lock.frozen_at + timedelta(seconds=310)))
    assert after_restore().unmet == []

    with pytest.raises(Conflict, match="CoinMENA holds an order of it already"):
        cancel_operation(operation_id=operation.pk, by=maya)


def travel(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_what_is_asked_for_under_the_lock_is_cancelled_rejected_and_taken_back(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    """Nobody has to see it leave at the release."""
    deposit(maya, noura, usd, "5")
    after_restore()
    wrong, pending, refused = deposit(maya, noura, usd), withdrawal(maya, noura, usd), withdrawal(maya, noura, usd, "6")
    regretted = approved_by(omar, withdrawal(maya, noura, usd, "7"))
    asked = Request.objects.get(subject=refused.reference)

    assert cancel_operation(operation_id=wrong.pk, by=maya).state == State.CANCELLED
    assert cancel_operation(operation_id=pending.pk, by=maya).state == State.CANCELLED
    approvals.reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="other", note="No.", by=omar)
    approvals.take_back(request_id=Request.objects.get(subject=regretted.reference).pk, by=omar)

    assert now(refused).state == State.REJECTED
    assert now(regretted).state == State.CANCELLED


def test_a_form_that_is_sent_again_after_a_restore_and_after_new_year_pays_nothing_again(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    lina: Person,
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deposit(maya, noura, usd, "3.00")
    token, backup, real = new_token(clock.now()), taken(), clock.now
    first = sent(deposit(maya, noura, usd, "7.00", submission_token=token))
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    monkeypatch.setattr(clock, "now", lambda: real().replace(year=real().year + 1, month=1, day=1))

    again = sent(deposit(maya, noura, usd, "7.00", submission_token=token))

    assert (again.reference, again.state) == (first.reference, State.COMPLETED)
    assert coinmena.balance(NOURA, "USD") == paid

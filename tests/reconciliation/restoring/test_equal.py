"""What was made after the backup is gone and may have been paid: whoever asks for the same is asked about its order."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.bulk import queries
from backoffice.funding.models import BulkFile, BulkRefusal, Kind, Operation
from backoffice.funding.references import reference_of, reference_of_row
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import EqualRequest
from backoffice.funding.services.expiring import expire_due
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.reconciliation.restoring import after_restore
from tests.approving import approve
from tests.funding.bulk.files import asked, confirmed, created, csv_of, deposits, uploaded
from tests.funding.cast import NOURA, deposit, now, sent
from tests.partners import Partners, minutes_ago
from tests.reconciliation.restoring.backups import Backup, refused_then_retried, unlocked
from tests.reconciliation.restoring.test_files import made_on

Taken = Callable[[], Backup]
ROW = "deposit,user_12345,USD,5.00,"


def test_a_row_is_not_paid_under_its_own_reference_after_a_form_had_paid_the_same(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    file = confirmed(maya, deposits(1))
    backup = taken()
    sent(deposit(maya, noura, usd, "1.01", confirmed_equal=True))
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)

    assert created(file) == []

    sentence = BulkRefusal.objects.get().sentence
    assert str(Order.objects.get()) in sentence and "before a backup was restored" in sentence
    assert coinmena.balance(NOURA, "USD") == paid


def test_a_copy_is_asked_about_the_order_of_the_copy_that_was_lost(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    original = now(cancel_operation(operation_id=deposit(maya, noura, usd, "9.00").pk, by=maya))
    backup = taken()
    sent(deposit(maya, noura, usd, "9.00", copy_of=original))
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)

    with pytest.raises(EqualRequest) as refused:
        deposit(maya, noura, usd, "9.00", copy_of=now(original))

    assert [one.text for one in refused.value.equal] == [str(Order.objects.get())]


def test_what_was_lost_is_asked_about_however_long_ago_the_backup_was_restored(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Taken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file ran out in the end, so that its rows are never made: their orders belong to nothing here."""
    file = asked(maya, deposits(1))
    backup = taken()
    made_on(file, maya, omar)
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    three_days_later = timezone.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: three_days_later)
    expire_due()

    again = uploaded(maya, deposits(1).replace(b"Payment 1", b"Payment one"))
    [alike] = queries.equal_rows(again, clock.now())

    assert [one.text for one in alike.requests] == [str(Order.objects.get())]
    with pytest.raises(EqualRequest):
        deposit(maya, noura, usd, "1.01")


@pytest.mark.parametrize("backup_at", [timedelta(minutes=1), None])
def test_what_was_lost_is_asked_about_whatever_is_restored_afterwards(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, backup_at: timedelta | None
) -> None:
    """A later restore of a newer backup, or the command run once more after the release, brings back no operation."""
    reference = reference_of(Kind.DEPOSIT, uuid4(), 2026)
    coinmena.make_order(NOURA, amount="7.00", reference=reference, created_at=minutes_ago(3 * 24 * 60))
    unlocked(after_restore(backup_at=clock.now() - timedelta(days=5)).lock, asked_by=maya, approved_by=lina)
    later = after_restore(backup_at=None if backup_at is None else clock.now() - backup_at).lock
    unlocked(later, asked_by=maya, approved_by=lina)

    file = uploaded(maya, csv_of("deposit,user_12345,USD,7.00,Rent"))
    [alike] = queries.equal_rows(file, clock.now())

    assert [one.text for one in alike.requests] == [str(Order.objects.get())]
    with pytest.raises(EqualRequest):
        deposit(maya, noura, usd, "7.00")


def test_a_row_that_was_confirmed_before_a_restore_is_asked_about_also_where_the_clock_ran_ahead_then(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Taken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By its moment the file was confirmed after the restore, and goes on being so for ever."""
    with monkeypatch.context() as ahead:
        real = clock.now
        ahead.setattr(clock, "now", lambda: real() + timedelta(hours=2))
        file = asked(maya, csv_of(f"{ROW}Rent", f"{ROW}Rent of May"), equal=True)
    backup = taken()
    approve(Request.objects.get(kind="bulk"), by=omar)
    first, second = created(file)
    assert sent(first).state == State.COMPLETED
    refused_then_retried(
        coinmena, second, lambda: deposit(maya, noura, usd, "5.00", copy_of=now(second), confirmed_equal=True)
    )
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    approve(Request.objects.get(kind="bulk"), by=omar)

    for one in created(BulkFile.objects.get(pk=file.pk)):
        sent(one)

    assert "is not known here" in BulkRefusal.objects.get().sentence
    assert coinmena.balance(NOURA, "USD") == paid


def test_the_order_of_a_row_is_not_its_equal_nor_that_of_its_twin(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    file = confirmed(maya, csv_of(f"{ROW}Rent", f"{ROW}Rent of May"), equal=True)
    backup = taken()
    first, _second = created(file)
    sent(first)
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)

    [alike] = queries.equal_rows(file, clock.now())
    assert alike.requests == [], "they equal each other and nothing else"
    assert [sent(one).reference for one in created(file)][0] == first.reference
    assert len(coinmena.orders_under(first.reference)) == 1


def test_two_files_with_the_same_row_are_both_made_again_where_both_were_paid(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    """What stands under a row's own reference cannot be paid once more, whatever else is equal to it."""
    files = [confirmed(maya, csv_of(f"{ROW}Rent")), confirmed(maya, csv_of(f"{ROW}Rent of May"), equal=True)]
    backup = taken()
    for file in files:
        row = file.rows.get()
        coinmena.make_order(NOURA, amount="5.00", reference=reference_of_row(row, file))
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)

    [made] = created(files[0])

    assert sent(made).reference == reference_of_row(files[0].rows.get(), files[0])
    assert coinmena.balance(NOURA, "USD") == paid


def test_a_form_is_asked_about_the_row_that_waits_and_not_about_its_order_as_well(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, taken: Taken
) -> None:
    file = confirmed(maya, deposits(1))
    backup = taken()
    [made] = created(file)
    sent(made)
    backup.restore()
    after_restore()
    assert not Operation.objects.exists()

    with pytest.raises(EqualRequest) as refused:
        deposit(maya, noura, usd, "1.01")

    assert [one.url for one in refused.value.equal] == [f"/funding/bulk/{file.pk}/"]

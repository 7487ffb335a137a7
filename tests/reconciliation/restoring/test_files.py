"""Files that were under way when the backup was taken: their rows are not paid twice, and they are not let go."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import tasks
from backoffice.funding.bulk.pages import note_of, what_became_of
from backoffice.funding.bulk.queries import is_at_the_partner, same_name_before
from backoffice.funding.bulk.sums import stored_totals
from backoffice.funding.models import BulkFile, BulkRefusal, FileState, Operation
from backoffice.funding.models.bulk import GIVEN_UP
from backoffice.funding.references import reference_of_row
from backoffice.funding.services import bulk_files
from backoffice.funding.services.expiring import expire_due
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.states import State
from backoffice.orders.services import look_up_order, sync_orders
from backoffice.reconciliation.restoring import BY, after_restore
from tests.approving import approve
from tests.funding.bulk.files import asked, confirmed, created, deposits, uploaded
from tests.funding.cast import NOURA, deposit, sent
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup, unlocked


@pytest.mark.parametrize("in_the_backup", [FileState.WAITING, FileState.CONFIRMED])
def test_rows_that_are_made_again_are_not_paid_again(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Callable[[], Backup],
    in_the_backup: FileState,
) -> None:
    file = asked(maya, deposits(2)) if in_the_backup == FileState.WAITING else confirmed(maya, deposits(2))
    backup = taken()
    if in_the_backup == FileState.WAITING:
        approve(Request.objects.get(), by=omar)
    paid = {sent(one).reference for one in created(file)}
    assert coinmena.balance(NOURA, "USD") == Decimal("2003.02")
    backup.restore()

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
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = confirmed(maya, deposits(2))
    backup = taken()
    paid = {sent(one).reference for one in created(file)}
    backup.restore()
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
    taken: Callable[[], Backup],
) -> None:
    file = confirmed(maya, deposits(1))
    backup = taken()
    (paid,) = [sent(one) for one in created(file)]
    backup.restore()
    lock = after_restore().lock
    deposit(maya, noura, usd, str(paid.amount), confirmed_equal=True)
    unlocked(lock, asked_by=maya, approved_by=lina)

    assert paid.reference not in {one.reference for one in created(file)}

    sentence = BulkRefusal.objects.get().sentence
    assert "equal request" in sentence and f"CoinMENA holds an order of this row, {paid.reference}" in sentence


def test_nobody_is_told_to_ask_anew_for_rows_that_were_paid(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Callable[[], Backup]
) -> None:
    file = confirmed(maya, deposits(1))
    backup = taken()
    (_paid,) = [sent(one) for one in created(file)]
    backup.restore()
    lock = after_restore().lock
    Client.objects.filter(pk=noura.pk).update(active=False)
    unlocked(lock, asked_by=maya, approved_by=lina)
    assert created(file) == []

    again = bulk_files.upload(name="again.csv", content=deposits(1), by=maya)

    assert "Never ask for it anew" in BulkRefusal.objects.get().sentence
    assert "Never ask for those anew" in what_became_of(again.file)


def test_an_order_that_ended_without_effect_says_nothing_was_paid(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person
) -> None:
    file = confirmed(maya, deposits(1))
    coinmena.make_order(NOURA, amount="1.01", status="failed", reference=reference_of_row(file.rows.get(), file))
    sync_orders()

    assert not is_at_the_partner(file)


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
    taken: Callable[[], Backup],
    ending: str,
) -> None:
    """Its bytes could be uploaded anew otherwise, and its rows be paid under new references."""
    file = stood_before(ending)(maya, deposits(1))
    backup = taken()
    made_on(file, maya, omar)
    backup.restore()

    freeze_after_restore(backup_at=timezone.now(), by=BY)
    with pytest.raises(Conflict, match="Wait until what CoinMENA did since then is read and reconciled"):
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
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = asked(maya, deposits(1))
    backup = taken()
    made_on(file, maya, omar)
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    two_days_later = timezone.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: two_days_later)
    expire_due()
    file.refresh_from_db()
    assert file.state == FileState.EXPIRED

    again = bulk_files.upload(name="again.csv", content=deposits(1), by=maya)
    other = uploaded(maya, deposits(1).replace(b"Payment 1", b"Payment one"))

    assert (again.file.pk, again.is_new) == (file.pk, False)
    assert "Never ask for those anew" in what_became_of(again.file)
    assert same_name_before(other) == file, "nor is it anybody else's once a byte differs"
    note = note_of(file, two_days_later)
    assert note is not None and (note.strong, note.is_waiting) == ("Nobody decided in time.", False)
    assert "Never ask for those anew" in note.text and "uploaded anew" not in note.text


@pytest.mark.parametrize("ending", ["rejected", "cancelled", "expired"])
def test_the_page_of_a_file_that_ended_never_tells_to_upload_anew_what_landed_after_its_end(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    taken: Callable[[], Backup],
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
) -> None:
    """Its order may be read only once the file has ended; only then does the page know."""
    file = asked(maya, deposits(1))
    later = timezone.now() + timedelta(days=2)
    if ending == "expired":
        monkeypatch.setattr(clock, "now", lambda: later)
        expire_due()
        monkeypatch.undo()
    else:
        given_up(file, ending, maya, omar)
    file.refresh_from_db()
    before = note_of(file, later)
    assert before is not None and "may be uploaded anew" in before.text

    reference = reference_of_row(file.rows.get(), file)
    coinmena.make_order(NOURA, amount="1.01", reference=reference)
    look_up_order(text=reference, by=maya)

    after = note_of(file, later)
    assert after is not None and after.strong == before.strong
    assert "Never ask for those anew" in after.text and "uploaded anew" not in after.text


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


@pytest.mark.parametrize("ending", ["rejected", "cancelled", "discarded", "taken back"])
def test_a_file_given_up_after_the_backup_is_given_up_again_before_the_release(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Callable[[], Backup],
    ending: str,
) -> None:
    file = stood_before(ending)(maya, deposits(2))
    backup = taken()
    given_up(file, ending, maya, omar)
    before = coinmena.balance(NOURA, "USD")
    backup.restore()

    restored = after_restore()
    assert restored.unmet == []
    given_up(file, ending, maya, omar)
    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    tasks.sweep(timestamp=0)

    assert created(file) == [] and coinmena.balance(NOURA, "USD") == before
    assert BulkFile.objects.get().state in GIVEN_UP

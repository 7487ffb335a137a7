"""What people miss after a restore is not asked for before it is known what was paid since the backup."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from django.test import Client as Browser
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.freezing.release_conditions import why_not_released
from backoffice.funding.models import BulkFile, FileState, Freeze, Operation, Scope
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import EqualRequest, NotFundable
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.states import State
from backoffice.reconciliation.restoring import BY, after_restore
from tests.funding.bulk.files import confirmed, created, deposits, uploaded
from tests.funding.cast import NOURA, deposit, now, sent, withdrawal
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup, looked_up_to_the_end, unlocked

Taken = Callable[[], Backup]
UNKNOWN_SINCE: Final = "this payment may have been made since"


def test_what_was_paid_since_the_backup_is_not_keyed_again_in_the_dark(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    backup = taken()
    sent(deposit(maya, noura, usd, "7.00"))
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    freeze_after_restore(backup_at=clock.now(), by=BY)

    with pytest.raises(NotFundable, match=UNKNOWN_SINCE):
        deposit(maya, noura, usd, "7.00", confirmed_equal=True)
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    with pytest.raises(EqualRequest):
        deposit(maya, noura, usd, "7.00")

    assert coinmena.balance(NOURA, "USD") == paid


def test_a_file_is_not_confirmed_in_the_dark(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    backup = taken()
    for one in created(confirmed(maya, deposits(2))):
        sent(one)
    backup.restore()
    freeze_after_restore(backup_at=clock.now(), by=BY)
    file = uploaded(maya, deposits(2))
    client.force_login(maya)
    assert "It cannot be confirmed yet." in client.get(f"/funding/bulk/{file.pk}/").content.decode()

    with pytest.raises(Refused, match=UNKNOWN_SINCE):
        confirmed(maya, deposits(3), equal=True)

    assert set(BulkFile.objects.values_list("state", flat=True)) == {FileState.CHECKED}
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    assert file.state == FileState.CHECKED


def test_the_form_says_so_keeps_what_was_typed_and_its_preview_crosses_it(
    client: Browser, lock: Freeze, maya: Person, noura: Client, usd: Asset
) -> None:
    client.force_login(maya)
    form = client.get("/funding/deposit/").content.decode()
    token = form.split('name="submission_token" value="')[1].split('"')[0]
    typed = {"client": NOURA, "asset": "USD", "amount": "7.00", "reason": "Bank transfer", "submission_token": token}

    answer = client.post("/funding/deposit/", typed)
    preview = client.post("/funding/preview/", typed)

    assert answer.status_code == 422 and UNKNOWN_SINCE in answer.content.decode()
    assert 'value="7.00"' in answer.content.decode()
    assert UNKNOWN_SINCE in preview.content.decode()
    assert "Not known yet whether it was paid" in preview.content.decode()


def test_a_doubt_of_the_backup_ends_before_the_release_and_is_not_sent_again(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    """It may have been proven absent after the backup, tried again and paid: sent once more, both would be."""
    sent(deposit(maya, noura, usd, "1.00"))
    coinmena.fault("close_before_apply", match={"method": "POST"}, times=1)
    doubtful = sent(deposit(maya, noura, usd, "7.00"))
    backup = taken()
    coinmena.make_order(NOURA, amount="7.00", reference="test-dep-2026-zzzzzzzz")
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()

    restored = after_restore()
    assert restored.unmet == [] and list(restored.in_doubt) == [now(doubtful)]
    assert "1 operation is in doubt" in why_not_released(restored.lock)
    assert looked_up_to_the_end(doubtful).state == State.FAILED
    unlocked(restored.lock, asked_by=maya, approved_by=lina)

    assert coinmena.balance(NOURA, "USD") == paid
    with pytest.raises(EqualRequest):
        deposit(maya, noura, usd, "7.00", copy_of=now(doubtful))


def test_a_doubt_keeps_nobody_from_ending_what_was_never_sent(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person
) -> None:
    coinmena.fault("close_before_apply", match={"method": "POST"})
    assert sent(deposit(maya, noura, usd, "7.00")).state == State.UNKNOWN
    waiting = withdrawal(maya, noura, usd, "8.00")
    after_restore()

    assert cancel_operation(operation_id=waiting.pk, by=maya).state == State.CANCELLED


def test_the_page_of_the_lock_counts_what_another_freeze_holds_and_says_which_file_cannot_be_ended(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, omar: Person, taken: Taken
) -> None:
    half = confirmed(maya, deposits(2))
    backup = taken()
    created(half)
    sent(Operation.objects.get(submission_token=half.rows.get(number=2).submission_token))
    backup.restore()
    deposit(maya, noura, usd, "9.00")
    lock = after_restore(backup_at=timezone.now() - timedelta(minutes=1)).lock
    freeze(scope=Scope.CLIENT, client=noura, reason="Her documents expired.", by=omar)

    client.force_login(omar)
    page = client.get(f"/freeze/{lock.pk}/").content.decode()

    assert "1 more is held by another freeze and leaves once that one is released" in page
    assert "1 row still to be made. CoinMENA holds an order of it already" in page and "nobody can end the file" in page
    assert "Nothing: CoinMENA holds an order of everything" not in page

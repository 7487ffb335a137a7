"""A backup that was taken while the lock of an earlier restore was in force: the lock comes back with it."""

from collections.abc import Callable

import pytest

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.freezing.pages import facts_of
from backoffice.funding.models import Freeze, Scope
from backoffice.funding.services import releasing
from backoffice.funding.services.absence import bound_of, quarantine
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.states import State
from backoffice.funding.timeline import story_of
from backoffice.reconciliation.restoring import BY, after_restore, orders_read, orders_reconciled
from tests.approving import approve, ask_for_release
from tests.funding.cast import deposit, now, sent
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup, looked_up_to_the_end, unlocked


def test_an_absence_counts_from_the_second_restore(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Callable[[], Backup]
) -> None:
    """What is in doubt in the backup may have been sent again once the first lock was released."""
    sent(deposit(maya, noura, usd, "1.00"))
    coinmena.fault("close_before_apply", match={"method": "POST"})
    operation = sent(deposit(maya, noura, usd))
    assert operation.state == State.UNKNOWN
    first = after_restore().lock
    backup = taken()
    looked_up_to_the_end(operation)
    unlocked(first, asked_by=maya, approved_by=lina)
    released_at = clock.now()
    backup.restore()

    second = after_restore().lock

    assert second == first and second.restored_at > released_at
    assert bound_of(attempts_of(now(operation))) == second.restored_at + quarantine()
    assert story_of(now(operation)).counts_from == second.restored_at + quarantine()


def test_what_the_first_lock_could_be_released_on_releases_nothing_after_the_second_restore(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, taken: Callable[[], Backup]
) -> None:
    deposit(maya, noura, usd)
    assert after_restore().unmet == []
    backup = taken()
    backup.restore()

    lock = freeze_after_restore(backup_at=clock.now(), by=BY)

    assert orders_read(lock).why_not and orders_reconciled(lock).why_not
    assert after_restore().unmet == []


def test_what_was_asked_for_under_the_first_lock_may_have_been_sent_before_the_second_restore(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, taken: Callable[[], Backup]
) -> None:
    after_restore(backup_at=clock.now())
    operation = deposit(maya, noura, usd)
    backup = taken()
    backup.restore()

    freeze_after_restore(backup_at=clock.now(), by=BY)

    with pytest.raises(Conflict, match="backup was restored"):
        cancel_operation(operation_id=operation.pk, by=maya)


def test_a_release_asked_for_before_the_second_restore_releases_nothing_and_can_be_asked_for_anew(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Callable[[], Backup]
) -> None:
    """It waited in the backup, for somebody who agrees to what was known of the first restore."""
    first = after_restore(backup_at=clock.now()).lock
    asked = ask_for_release(first, by=maya)
    backup = taken()
    approve(asked, by=lina)
    sent(deposit(maya, noura, usd))
    backup.restore()

    restored = after_restore(backup_at=clock.now())

    assert restored.lock == first and restored.unmet == []
    with pytest.raises(Conflict, match="What this was about has changed, so it ended before its time"):
        approve(asked, by=lina)
    assert Freeze.objects.get().released_at is None
    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    assert Freeze.objects.get().released_at is not None


def test_a_second_restore_ends_the_wish_to_release_its_lock_and_no_other(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    lock = after_restore(backup_at=clock.now()).lock
    of_the_lock = ask_for_release(lock, by=maya)
    other = ask_for_release(freeze(scope=Scope.MONEY_OUT, reason="Look.", by=omar), by=maya)

    freeze_after_restore(backup_at=clock.now(), by=BY)

    ended, waiting = Request.objects.get(pk=of_the_lock.pk), Request.objects.get(pk=other.pk)
    assert (ended.state, waiting.state) == (RequestState.EXPIRED, RequestState.WAITING)
    entry = Entry.objects.get(event="freeze.release_ended")
    assert (entry.who, entry.object_id, entry.after) == ("after_restore", str(lock.pk), {"request": ended.subject})


def test_the_moment_of_the_newest_restore_is_part_of_what_a_release_agrees_to(
    coinmena: Partners, noura: Client, usd: Asset
) -> None:
    prints = {
        releasing.fingerprint_of(freeze_after_restore(backup_at=clock.now(), by=BY))
        for _restore in ("1st", "2nd", "3rd")
    }

    assert len(prints) == 3


def test_the_page_of_the_lock_says_when_a_backup_was_restored_again(
    coinmena: Partners, noura: Client, usd: Asset
) -> None:
    first = freeze_after_restore(backup_at=clock.now(), by=BY)
    assert "Restored again" not in [fact.label for fact in facts_of(first)]

    again = freeze_after_restore(backup_at=clock.now(), by=BY)

    said = {fact.label: fact.value for fact in facts_of(again)}
    assert (said["Since"], said["Restored again"]) == (first.frozen_at, again.restored_again_at)

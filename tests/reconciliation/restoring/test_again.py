"""A backup that was taken while the lock of an earlier restore was in force: the lock comes back with it."""

from collections.abc import Callable

import pytest

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.services.absence import bound_of, quarantine
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.states import State
from backoffice.funding.timeline import story_of
from backoffice.reconciliation.restoring import BY, after_restore, orders_read, orders_reconciled
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

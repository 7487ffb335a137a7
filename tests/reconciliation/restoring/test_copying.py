"""What was pending in the backup may have been approved and sent after it: whoever copies it has CoinMENA asked."""

from collections.abc import Callable

from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.states import State
from backoffice.reconciliation.restoring import after_restore
from tests.funding.cast import approved_by, deposit, now, sent, withdrawal
from tests.funding.closings import landed
from tests.funding.following import followed
from tests.partners import Partners, minutes_ago
from tests.reconciliation.restoring.backups import Backup, unlocked


def test_what_the_backup_has_as_pending_is_asked_for_before_its_copy_is_made(
    coinmena: Partners,
    client: Browser,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Callable[[], Backup],
) -> None:
    sent(deposit(maya, noura, usd, "400.00"))
    asked = withdrawal(maya, noura, usd, "300.00")
    backup = taken()
    coinmena.fault("close_before_apply", match={"method": "POST"})
    assert sent(approved_by(omar, asked)).state == State.UNKNOWN
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    assert now(asked).state == State.PENDING_APPROVAL
    cancel_operation(operation_id=asked.pk, by=maya)
    landed(coinmena, asked, status="completed", created_at=minutes_ago(5))
    client.force_login(maya)

    assert followed(client, asked)[0] in (409, 422)

    assert not Operation.objects.filter(copy_of=asked).exists()
    assert LateOrder.objects.get().operation == asked

"""`manage.py after_restore` says what it found and what people do, and asks where nothing tells."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.audit import processes
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.freezing import leaving, release_conditions
from backoffice.funding.models import Freeze, Gate, Operation, Scope
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.services.servers import keep_to_server
from backoffice.reconciliation.models import Run
from backoffice.reconciliation.restoring import BY, MARGIN, NotKnown, after_restore
from tests.funding.bulk.files import confirmed, created, deposits
from tests.funding.cast import NOURA, deposit, sent
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup


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


def test_the_command_names_what_leaves_for_the_first_time_at_the_release(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, taken: Callable[[], Backup]
) -> None:
    paid, cancelled = deposit(maya, noura, usd, "5.00"), deposit(maya, noura, usd, "6.00")
    file, half = confirmed(maya, deposits(2)), confirmed(maya, deposits(2, first=7))
    backup = taken()
    sent(paid)
    created(half)
    sent(Operation.objects.get(submission_token=half.rows.get(number=2).submission_token))
    cancel_operation(operation_id=cancelled.pk, by=maya)
    backup.restore()

    words = told()

    assert "Approved operations without an order at CoinMENA, which leave at the release: 1\n" in words
    assert f"  {cancelled.reference}  deposit of 6.00 USD, {NOURA}\n" in words
    assert "Files with rows that are made at the release: 2\n" in words
    assert f"to be made: 2, /funding/bulk/{file.pk}/" in words
    assert f"to be made: 1, it cannot be ended: freeze the clients of its rows, /funding/bulk/{half.pk}/" in words
    assert "end or freeze it again before you release" in words


def test_what_another_freeze_holds_does_not_leave_at_the_release(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    """A freeze that was made after the backup is gone, and is made anew under the lock."""
    deposit(maya, noura, usd)
    lock = freeze_after_restore(backup_at=timezone.now() - timedelta(hours=1), by=BY)
    assert leaving.operations(lock, clock.now()).count() == 1

    freeze(scope=Scope.CLIENT, client=noura, reason="Her documents expired.", by=omar)

    assert not leaving.operations(lock, clock.now()).exists()
    assert leaving.held_besides(lock, clock.now()).count() == 1
    assert "held by other freezes until those are released: 1" in told()


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


def test_a_lock_that_a_worker_made_at_a_failover_says_how_to_go_on(coinmena: Partners) -> None:
    keep_to_server()
    Gate.objects.update(server="another/0000000A")
    keep_to_server()

    with pytest.raises(NotKnown, match=r"After a failover run this without --backup-at\."):
        after_restore(backup_at=timezone.now() - timedelta(minutes=30))


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


def test_a_database_that_is_still_recovering_is_waited_for(coinmena: Partners, lock: Freeze) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    with pytest.raises(CommandError, match="takes nothing yet") as refusal:
        call_command("after_restore")
    connection.close()

    assert refusal.value.returncode != 0
    assert Freeze.objects.get().restored_at == lock.restored_at

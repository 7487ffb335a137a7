"""What leaves for the first time at the release: what may be paid already is marked, what nobody can end is said."""

from collections.abc import Callable
from html import unescape
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.freezing import leaving
from backoffice.funding.models import BulkFile, BulkRefusal, FileState, Freeze, Kind, Operation, Scope
from backoffice.funding.references import reference_of
from backoffice.funding.services import bulk_creating, bulk_files
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.freezing import freeze
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.reconciliation.restoring import after_restore
from tests.approving import approve, ask_for_release
from tests.funding.bulk.files import asked, confirmed, created, csv_of, deposits
from tests.funding.cast import NOURA, approved_by, deposit, lost_order, now, sent, withdrawal
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup, refused_then_retried, unlocked

Taken = Callable[[], Backup]


def shown(client: Browser, address: str) -> str:
    return unescape(client.get(address).content.decode())


def test_what_was_refused_after_the_backup_and_tried_again_is_marked_ended_and_not_paid_twice(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, lina: Person, taken: Taken
) -> None:
    first, other = deposit(maya, noura, usd, "7.00"), deposit(maya, noura, usd, "8.00")
    backup = taken()
    retry = refused_then_retried(
        coinmena, first, lambda: deposit(maya, noura, usd, "7.00", copy_of=now(first), confirmed_equal=True)
    )
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()

    restored = after_restore()

    assert restored.unmet == []
    [marked] = leaving.marked(clock.now())
    assert marked.operation == first and [one.partner_order_ref for one in marked.orders] == [retry.reference]
    client.force_login(maya)
    page = shown(client, f"/freeze/{restored.lock.pk}/")
    assert "1 payment equals an order at CoinMENA that no operation here has" in page
    assert f"CoinMENA holds an equal order, {retry.reference}" in page
    assert f'href="/orders/{marked.orders[0].pk}/"' in page and first.get_absolute_url() in page
    assert "or failed and was asked for again" in page
    assert f"{first.get_absolute_url()}cancel/" in shown(client, first.get_absolute_url())
    client.post(f"{first.get_absolute_url()}cancel/")
    assert now(first).state == State.CANCELLED
    unlocked(restored.lock, asked_by=maya, approved_by=lina)
    sent(first)
    assert coinmena.balance(NOURA, "USD") == paid
    assert sent(other).state == State.COMPLETED


def test_the_approver_of_the_release_and_the_command_are_told_as_well_and_the_release_may_still_be_asked_for(
    coinmena: Partners,
    client: Browser,
    noura: Client,
    usd: Asset,
    maya: Person,
    lina: Person,
    capsys: pytest.CaptureFixture[str],
) -> None:
    operation = deposit(maya, noura, usd, "7.00")
    order = lost_order(coinmena, maya, "7.00")

    call_command("after_restore")

    said = capsys.readouterr().out
    assert "equal to an order at CoinMENA that no operation here has: 1" in said
    assert f"  {operation.reference}  may be paid already as {order.partner_order_ref} of " in said
    assert "or failed and was asked for again" in said
    request = ask_for_release(Freeze.objects.get(), by=maya)
    client.force_login(lina)
    page = shown(client, f"/approvals/{request.subject}/")
    assert "1 payment equals an order at CoinMENA" in page
    assert f"CoinMENA holds an equal order, {order.partner_order_ref}" in page


def test_what_another_freeze_holds_is_marked_too_and_another_payment_is_not(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    held = deposit(maya, noura, usd, "7.00")
    deposit(maya, noura, usd, "7.01")
    lost_order(coinmena, maya, "7.00")
    after_restore()
    freeze(scope=Scope.CLIENT, client=noura, reason="Her documents expired.", by=omar)

    assert [one.operation for one in leaving.marked(clock.now())] == [held]


def test_a_marked_withdrawal_is_ended_by_who_approved_it_on_the_page_its_row_leads_to(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    approved = approved_by(omar, withdrawal(maya, noura, usd, "8.00"))
    lost_order(coinmena, maya, "8.00", type="withdrawal")
    lock = after_restore().lock
    client.force_login(omar)
    page = shown(client, f"/freeze/{lock.pk}/")
    request = f"/approvals/{approved.reference}/"
    assert f'href="{request}"' in page and f"{request}take-back/" in shown(client, request)

    client.post(f"{request}take-back/")

    assert now(approved).state == State.CANCELLED
    assert leaving.marked(clock.now()) == []


@pytest.mark.parametrize("is_approved_under_the_lock", [True, False])
def test_a_row_confirmed_before_a_backup_is_asked_about_where_it_may_have_been_paid_since(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Taken,
    is_approved_under_the_lock: bool,
) -> None:
    """Of twins confirmed as two payments the first was paid after the backup, the second refused and tried again."""
    row = "deposit,user_12345,USD,5.00,"
    file = asked(maya, csv_of(f"{row}Rent", f"{row}Rent of May"), equal=True)
    backup = taken()
    approve(Request.objects.get(kind="bulk"), by=omar)
    first, second = created(file)
    assert sent(first).state == State.COMPLETED
    retry = refused_then_retried(
        coinmena, second, lambda: deposit(maya, noura, usd, "5.00", copy_of=now(second), confirmed_equal=True)
    )
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    lock = after_restore().lock
    if is_approved_under_the_lock:
        approve(Request.objects.get(kind="bulk"), by=omar)
    unlocked(lock, asked_by=maya, approved_by=lina)
    if not is_approved_under_the_lock:
        approve(Request.objects.get(kind="bulk"), by=omar)

    [made] = created(BulkFile.objects.get(pk=file.pk))

    assert (made.reference, sent(made).state) == (first.reference, State.COMPLETED)
    [order] = coinmena.orders_under(retry.reference)
    assert f"the order {order['id']} of an equal payment" in BulkRefusal.objects.get().sentence
    assert coinmena.balance(NOURA, "USD") == paid


def test_the_order_of_a_row_that_waits_marks_nothing(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, taken: Taken
) -> None:
    deposit(maya, noura, usd, "1.01")
    file = confirmed(maya, deposits(1), equal=True)
    backup = taken()
    [_typed, made] = created(file)
    sent(made)
    backup.restore()
    after_restore()

    assert Order.objects.get(is_ours=False).partner_order_ref == made.reference
    assert leaving.marked(clock.now()) == []


def test_marks_cost_the_same_however_many_there_are(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person
) -> None:
    costs = []
    for number in (1, 2):
        deposit(maya, noura, usd, f"{number}.50")
        row = f"deposit,user_12345,USD,{number}.25,Rent"
        confirmed(maya, csv_of(row, f"{row} again"), equal=True)
        for amount in (f"{number}.50", f"{number}.25"):
            reference = reference_of(Kind.DEPOSIT, uuid4(), 2026)
            coinmena.make_order(NOURA, amount=amount, reference=reference)
        after_restore()
        with CaptureQueriesContext(connection) as queries:
            assert len(leaving.marked(clock.now())) == number
        costs.append(len(queries))
    assert costs[0] == costs[1]


# Files that nobody can end --------------------------------------------------------------------------------------------


def test_a_file_that_workers_had_begun_is_said_to_be_one_nobody_can_end(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, omar: Person, taken: Taken
) -> None:
    """Nothing of it is at CoinMENA; one operation was made when the backup was taken."""
    file = confirmed(maya, deposits(3))
    assert bulk_creating._deal_with(file.rows.get(number=2).pk, file.pk, "worker 1")
    backup = taken()
    backup.restore()
    lock = after_restore().lock

    request = Request.objects.get(kind="bulk")
    with pytest.raises(Conflict, match="workers have begun"):
        approvals.take_back(request_id=request.pk, by=request.decisions.get().decided_by)
    client.force_login(omar)
    page = shown(client, f"/freeze/{lock.pk}/")
    assert "2 rows still to be made. It is too late: workers have begun" in page
    assert "nobody can end the file" in page


def test_what_was_cancelled_of_such_a_file_is_kept_back_as_the_page_says(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, lina: Person, taken: Taken
) -> None:
    file = confirmed(maya, deposits(2))
    first, second = file.rows.order_by("number")
    assert bulk_creating._deal_with(first.pk, file.pk, "worker 1")
    backup = taken()
    for one in created(file):
        cancel_operation(operation_id=one.pk, by=maya)
    before = coinmena.balance(NOURA, "USD")
    backup.restore()
    lock = after_restore().lock

    [named] = leaving.files()
    assert named.why_kept and named.rows == 1
    cancel_operation(operation_id=Operation.objects.get().pk, by=maya)
    freeze(scope=Scope.CLIENT, client=noura, reason="Row 3 was cancelled.", by=omar)
    unlocked(lock, asked_by=maya, approved_by=lina)
    created(file)
    made = Operation.objects.get(submission_token=second.submission_token)
    assert sent(made).state == State.APPROVED
    cancel_operation(operation_id=made.pk, by=maya)
    assert coinmena.balance(NOURA, "USD") == before


def test_a_file_that_needed_nobodys_word_is_said_to_be_one_nobody_can_end_and_not_to_leave(
    coinmena: Partners,
    client: Browser,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every row is asked about by itself: the file is confirmed without anybody else, its rows wait when made."""
    file = asked(maya, csv_of("withdrawal,user_12345,USD,1.01,One", "withdrawal,user_12345,USD,2.01,Two"))
    assert file.state == FileState.CONFIRMED and file.approval is None
    call_command("after_restore")

    said = capsys.readouterr().out
    client.force_login(omar)
    page = shown(client, f"/freeze/{Freeze.objects.get().pk}/")

    with pytest.raises(Conflict):
        bulk_files.discard(file_id=file.pk, by=maya)
    assert "Files with rows that are made at the release: 1" in said and "made and leave" not in said
    assert "rows to be made: 2, each waits for approval, it cannot be ended: freeze the clients of its rows" in said
    assert "2 rows still to be made. Each is made at the release and waits for approval then" in page
    assert "nobody can end the file" in page

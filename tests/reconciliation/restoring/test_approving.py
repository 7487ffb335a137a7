"""Nobody approves in the dark of a restore what may have been paid since the backup."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest
from django.test import Client as Browser

from backoffice.accounts import proofs
from backoffice.accounts.models import Person
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict, NotYet
from backoffice.approvals.states import RequestState
from backoffice.approvals.together import services as together
from backoffice.approvals.together.services import Shown
from backoffice.approvals.together.sets import Alike
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.checks import equal_check
from backoffice.funding.models import FileState, Operation, Scope
from backoffice.funding.services import previewing
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.states import State
from backoffice.reconciliation.restoring import BY, after_restore
from backoffice.ui.values import CheckResult
from tests.approving import approve, ask_for_release
from tests.factors import with_code
from tests.funding.bulk.files import asked, deposits
from tests.funding.cast import NOURA, approved_by, deposit, now, sent, withdrawal
from tests.partners import Partners
from tests.reconciliation.restoring.backups import Backup, refused_then_retried, unlocked
from tests.ruling import make_live, rule

Taken = Callable[[], Backup]
UNKNOWN_SINCE: Final = "this payment may have been made since"


def paid_under_another_reference(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, taken: Taken
) -> tuple[Operation, Backup]:
    """A withdrawal that waits in the backup, and was refused, tried again and paid after it."""
    pending = withdrawal(maya, noura, usd, "8.00")
    backup = taken()
    refused_then_retried(
        coinmena,
        approved_by(omar, pending),
        lambda: approved_by(omar, withdrawal(maya, noura, usd, "8.00", copy_of=now(pending), confirmed_equal=True)),
    )
    return pending, backup


def test_an_approver_is_not_told_in_the_dark_that_nothing_equal_was_asked_for(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, taken: Taken
) -> None:
    pending, backup = paid_under_another_reference(coinmena, noura, usd, maya, omar, taken)
    backup.restore()
    freeze_after_restore(backup_at=clock.now(), by=BY)

    in_the_dark = equal_check(previewing.facts_of(now(pending), is_fresh=False))
    after_restore()
    known = equal_check(previewing.facts_of(now(pending), is_fresh=False))

    assert in_the_dark.result is CheckResult.FAILED and UNKNOWN_SINCE in str(in_the_dark.why)
    assert known.result is CheckResult.WARNING and known.links


def test_a_page_that_was_opened_before_the_restore_shows_what_was_lost_before_it_approves(
    coinmena: Partners,
    noura: Client,
    usd: Asset,
    maya: Person,
    omar: Person,
    lina: Person,
    taken: Taken,
    client: Browser,
) -> None:
    client.force_login(omar)
    pending, backup = paid_under_another_reference(coinmena, noura, usd, maya, omar, taken)
    backup.restore()
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    fingerprint = Request.objects.get(subject=pending.reference).fingerprint

    answer = client.post(
        f"/approvals/{pending.reference}/approve/",
        with_code(omar, fingerprint=fingerprint, looked_at="", note="Seen."),
    )

    assert answer.status_code == 409
    assert "more asks to be looked at" in answer.content.decode()
    assert now(pending).state == State.PENDING_APPROVAL


def test_what_may_have_been_paid_is_not_approved_in_the_dark_and_not_paid_twice(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, lina: Person, taken: Taken
) -> None:
    pending, backup = paid_under_another_reference(coinmena, noura, usd, maya, omar, taken)
    paid = coinmena.balance(NOURA, "USD")
    backup.restore()
    freeze_after_restore(backup_at=clock.now(), by=BY)

    with pytest.raises(NotYet, match=UNKNOWN_SINCE):
        approved_by(omar, pending)
    unlocked(after_restore().lock, asked_by=maya, approved_by=lina)
    sent(pending)

    assert now(pending).state == State.PENDING_APPROVAL
    assert coinmena.balance(NOURA, "USD") == paid
    assert approved_by(omar, pending).state == State.APPROVED, "once it is known, people decide"


def test_no_code_is_used_up_for_an_approval_in_the_dark_and_the_page_says_why(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    pending = withdrawal(maya, noura, usd, "8.00")
    freeze_after_restore(backup_at=clock.now(), by=BY)
    request = Request.objects.get()
    client.force_login(omar)

    page = client.get(f"/approvals/{pending.reference}/").content.decode()
    queue = client.get("/approvals/").content.decode()

    assert UNKNOWN_SINCE in page and f"/approvals/{pending.reference}/approve/" not in page
    assert "/freeze/" in page and f"/approvals/{pending.reference}/reject/" not in page, "that is refused as well"
    assert "Deposits, withdrawals and files cannot be approved yet." in queue and UNKNOWN_SINCE in queue
    with pytest.raises(NotYet, match=UNKNOWN_SINCE):
        approvals.check_before_proof(request_id=request.pk, fingerprint=request.fingerprint, by=omar)
    answer = client.post(f"/approvals/{pending.reference}/approve/", {"fingerprint": request.fingerprint})
    assert answer.status_code == 409 and UNKNOWN_SINCE in answer.content.decode()
    assert now(pending).state == State.PENDING_APPROVAL


def test_several_are_not_approved_together_in_the_dark_and_each_says_why(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    two = rule("withdrawal", "Large withdrawals, USD", asset="USD", at_least=Decimal(1000), people_needed=2)
    make_live(rule("withdrawal"), two, rule("release"))
    waiting = [withdrawal(maya, noura, usd, amount) for amount in ("8.00", "8.50")]
    requests = list(Request.objects.filter(kind="operation").order_by("pk"))
    freeze_after_restore(backup_at=clock.now(), by=BY)
    alike = Alike(requests[0].kind, "USD", requests[0].rule, requests[0].rule_version)
    shown = [Shown(one.subject, one.fingerprint) for one in requests]
    client.force_login(omar)

    page = client.get("/approvals/together/review/", vars(alike)).content.decode()

    assert page.count(UNKNOWN_SINCE) == len(waiting)
    with pytest.raises(NotYet, match=UNKNOWN_SINCE):
        together.check_before_proof(alike, shown, by=omar)
    proof = proofs.write_down(omar, *(one.fingerprint for one in shown))
    assert together.approve_together(shown, by=omar, proof=proof) == 0
    assert {now(one).state for one in waiting} == {State.PENDING_APPROVAL}


def test_a_file_is_not_approved_in_the_dark(
    coinmena: Partners, client: Browser, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    file = asked(maya, deposits(2))
    freeze_after_restore(backup_at=clock.now(), by=BY)
    client.force_login(omar)

    assert UNKNOWN_SINCE in client.get(f"/approvals/{file.key}/").content.decode()
    with pytest.raises(NotYet, match=UNKNOWN_SINCE):
        approve(Request.objects.get(kind="bulk"), by=omar)
    file.refresh_from_db()
    assert file.state == FileState.WAITING
    after_restore()
    assert approve(Request.objects.get(kind="bulk"), by=omar).state == RequestState.APPROVED


def test_rejecting_in_the_dark_is_refused_with_its_own_sentence(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person
) -> None:
    withdrawal(maya, noura, usd, "8.00")
    freeze_after_restore(backup_at=clock.now(), by=BY)
    shown = (request := Request.objects.get()).fingerprint

    with pytest.raises(Conflict, match="it may have been sent since"):
        approvals.reject(request_id=request.pk, fingerprint=shown, reason_code="other", note="No.", by=omar)


def test_the_release_of_another_freeze_is_approved_in_the_dark(
    coinmena: Partners, noura: Client, usd: Asset, maya: Person, omar: Person, lina: Person
) -> None:
    """What it lets go stays held by the lock."""
    deposit(maya, noura, usd)
    made = freeze(scope=Scope.MONEY_OUT, reason="Look.", by=omar)
    freeze_after_restore(backup_at=clock.now(), by=BY)

    assert approve(ask_for_release(made, by=maya), by=lina).state == RequestState.APPROVED

"""A claim is refused whenever something that was true at approval is not true any more (reliability.md §4)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Attempt, Gate, Operation
from backoffice.funding.services.brakes import brake
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.doorbells import SEND
from backoffice.funding.services.sending import send
from backoffice.funding.states import State
from backoffice.funding.tasks import sweep, waiting
from backoffice.partner.outcome import Evidence, Row, Verdict
from tests.funding.cast import approved_by, deposit, mirrored_client, now, sent, withdrawal
from tests.funding.doubt import Travel
from tests.partners import Partners

pytestmark = pytest.mark.usefixtures("committed")


def halted(_monkeypatch: pytest.MonkeyPatch) -> None:
    Gate.objects.update(halted_at=timezone.now(), halted_because="Somebody looks.")


def paused(_monkeypatch: pytest.MonkeyPatch) -> None:
    Gate.objects.update(paused_until=timezone.now() + timedelta(minutes=5))


def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)


def content_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers keep it from changing; should they be gone, the fingerprint still tells."""
    monkeypatch.setattr("backoffice.funding.policies.fingerprint_of", lambda _operation: "0" * 64)


OBSTACLES: list[Callable[[pytest.MonkeyPatch], None]] = [halted, paused, a_day_later, content_changed]


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_nothing_is_claimed_past_an_obstacle(
    maya: Person, omar: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch, obstacle: Any
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    obstacle(monkeypatch)

    assert claim(operation.pk, "worker 1") is None
    assert now(operation).state == State.APPROVED
    assert not Attempt.objects.exists()


def test_a_claim_inside_another_transaction_raises_instead_of_waiting_for_its_commit(
    maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        claim(operation.pk, "worker 1")


def test_one_operation_of_a_client_is_claimed_at_a_time(maya: Person, noura: Client, usd: Asset) -> None:
    first, second = deposit(maya, noura, usd, "1.00"), deposit(maya, noura, usd, "2.00")
    claim(first.pk, "worker 1")

    assert claim(second.pk, "worker 2") is None
    with pytest.raises(IntegrityError), transaction.atomic():
        lease = {"lease_token": uuid4(), "lease_until": timezone.now()}
        Operation.objects.filter(pk=second.pk).update(state=State.SUBMITTING, **lease)


def test_a_withdrawal_without_approval_cannot_even_be_marked_as_approved(
    maya: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd)
    with pytest.raises(IntegrityError):
        Operation.objects.filter(pk=operation.pk).update(state=State.APPROVED)


def test_the_requester_cannot_even_be_written_down_as_approver(maya: Person, noura: Client, usd: Asset) -> None:
    operation = withdrawal(maya, noura, usd)
    with pytest.raises(IntegrityError):
        Operation.objects.filter(pk=operation.pk).update(
            state=State.APPROVED, approved_by=maya, approved_at=timezone.now()
        )


def test_a_pause_that_was_written_by_a_clock_that_ran_ahead_holds_nothing_once_it_is_set_right(
    maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    Gate.objects.update(paused_until=timezone.now() + timedelta(hours=6))

    turned_away = Verdict(Row.TURNED_AWAY, Evidence.NOT_APPLIED, "", pause_seconds=60)
    brake(turned_away, clock_skew=None, holder="worker 1")

    paused_until = Gate.objects.get().paused_until
    assert paused_until is not None
    assert paused_until < timezone.now() + timedelta(minutes=2), "and a true one takes its place"
    Gate.objects.update(paused_until=timezone.now() + timedelta(hours=6))
    assert claim(operation.pk, "worker 1") is not None


def test_an_attempt_that_was_made_by_a_clock_that_ran_ahead_puts_no_other_off_once_it_is_set_right(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    travel(6 * 3600)
    coinmena.fault("envelope", match={"method": "POST"}, status=429, code=429)
    assert sent(operation).state == State.APPROVED
    Gate.objects.update(paused_until=None)
    travel(1)

    assert sent(operation).state == State.COMPLETED


def test_an_attempt_that_was_made_by_a_clock_that_ran_ahead_lets_the_next_one_wait_for_those_made_since(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    coinmena.fault("envelope", match={"method": "POST"}, times=None, status=429, code=429)
    for moment in (6 * 3600, 1):
        travel(moment)
        assert sent(operation).attempts.count() == (1 if moment > 1 else 2)
        Gate.objects.update(paused_until=None)

    assert claim(operation.pk, "worker 1") is None, "it came back unsent a moment ago"
    travel(12)
    assert claim(operation.pk, "worker 1") is not None


def test_a_worker_that_was_held_up_after_its_claim_sends_nothing(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = deposit(maya, noura, usd)
    monkeypatch.setattr("backoffice.funding.services.claiming.BEGIN_WITHIN_SECONDS", -1)

    send(operation.pk, holder="worker 1")

    assert coinmena.ledger(reference=operation.reference)["arrivals"] == []
    assert now(operation).state == State.APPROVED


def test_the_sweep_rings_for_what_no_bell_rang_for(maya: Person, noura: Client, usd: Asset) -> None:
    operation = deposit(maya, noura, usd)
    sweep(timestamp=0)
    sweep(timestamp=10)

    rung = ProcrastinateJob.objects.filter(queueing_lock=f"funding.send-{operation.pk}")
    assert rung.count() == 1


def test_whoever_ends_a_payment_rings_for_the_next_of_its_client(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    first, second = deposit(maya, noura, usd, "1.00"), deposit(maya, noura, usd, "2.00")
    bells = ProcrastinateJob.objects.filter(task_name=SEND, args={"operation_id": second.pk})
    before = bells.count()

    assert sent(first).state == State.COMPLETED

    assert bells.count() == before + 1


def test_what_waits_for_another_of_its_client_keeps_nobody_elses_from_being_rung_for(
    maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.funding.tasks.SWEPT_AT_ONCE", 1)
    being_sent, _behind_it = deposit(maya, noura, usd, "1.00"), deposit(maya, noura, usd, "2.00")
    other = deposit(maya, mirrored_client("user_20871", name="Hala Nasser"), usd)
    claim(being_sent.pk, "worker 1")

    assert waiting(clock.now()) == [(SEND, other.pk)]

"""When a payment in doubt is looked up, by schedule or by a person, and when it is sent again (reliability.md §7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Attempt, LookupAnswer, Operation
from backoffice.funding.services.absence import bound_of, quarantine
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.claiming import claim, lease_length
from backoffice.funding.services.resolving import RAREST, check_now, next_look_at
from backoffice.funding.states import State
from backoffice.mirror.partners import forget_clients
from backoffice.partner.coinmena.client import CoinmenaClient
from tests.funding.cast import NOURA, deposit, looked_up, now, sent
from tests.funding.doubt import PAST, POST, Travel, halt
from tests.partners import Partners


def wait_for_look(operation: Operation) -> float:
    due = now(operation).next_lookup_at
    assert due is not None
    return (due - clock.now()).total_seconds()


# How soon ------------------------------------------------------------------------------------------------------------


def test_a_look_up_that_nobody_answered_is_made_again_soon_and_one_that_was_by_its_schedule(
    coinmena: Partners, in_doubt: Operation, travel: Travel, settings: Any
) -> None:
    settings.COINMENA_DEADLINE_SECONDS = 1
    forget_clients()
    travel(200, theirs=False)
    with coinmena.down():
        looked_up(in_doubt)
    assert 3 < wait_for_look(in_doubt) <= 20

    looked_up(in_doubt)
    assert 50 < wait_for_look(in_doubt) <= 60


def test_what_was_sent_again_is_looked_for_as_soon_as_the_first_time(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    coinmena.fault("close_before_apply", match=POST)
    travel(PAST)
    assert looked_up(in_doubt).attempts.count() == 2
    coinmena.clear_faults()

    looked_up(in_doubt)

    assert wait_for_look(in_doubt) < 5


def test_an_absence_is_settled_within_the_quarantine_and_ninety_seconds(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    """The worker was killed before its first byte, and nothing may be sent again."""
    sent(deposit(maya, noura, usd, "1.00"))
    operation = deposit(maya, noura, usd)
    assert claim(operation.pk, "worker that dies") is not None
    began = Attempt.objects.get(operation=operation).claimed_at
    halt()

    passed = lease_length().total_seconds() + 10
    while now(operation).state in (State.SUBMITTING, State.UNKNOWN) and passed < 600:
        coinmena.clear_faults()
        travel(passed)
        operation = looked_up(operation)
        due = operation.next_lookup_at or began
        passed = max(passed + 1, (due - began).total_seconds() + 2)

    assert (operation.state, operation.failure_code) == (State.FAILED, "absent")
    assert operation.ended_at is not None
    assert operation.ended_at - began <= quarantine() + timedelta(seconds=90)


def test_no_signature_is_younger_than_what_the_bound_is_counted_from(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker 1")
    attempt = Attempt.objects.get()

    assert claimed is not None
    assert claimed.send_by.timestamp_ms <= attempt.planned_at.timestamp() * 1000
    assert attempt.planned_at - attempt.claimed_at <= timedelta(seconds=11)
    assert bound_of(attempts_of(operation)) == attempt.planned_at + quarantine()
    assert now(operation).lease_until == attempt.claimed_at + timedelta(seconds=45)


def test_a_clock_that_runs_ahead_of_the_databases_moves_the_bound(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = clock.now() + timedelta(seconds=30)
    monkeypatch.setattr(CoinmenaClient, "signing_time", ahead)
    operation = deposit(maya, noura, usd)

    claim(operation.pk, "worker 1")

    assert bound_of(attempts_of(operation)) == ahead + timedelta(seconds=10) + quarantine()


# Sending again -------------------------------------------------------------------------------------------------------


def test_attempts_that_never_left_do_not_use_up_those_that_may(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    sent(deposit(maya, noura, usd, "1.00"))
    operation = deposit(maya, noura, usd)
    with coinmena.down():
        for seconds in (0, 30, 60):
            travel(seconds, theirs=False)
            assert sent(operation).state == State.APPROVED
    coinmena.fault("close_before_apply", match=POST)
    travel(120, theirs=False)
    assert sent(operation).state == State.UNKNOWN

    travel(120 + PAST)
    operation = looked_up(operation)

    assert (operation.state, operation.attempts.count()) == (State.COMPLETED, 5)


def test_a_re_send_that_has_to_wait_gives_its_lease_back(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, in_doubt: Operation, travel: Travel
) -> None:
    travel(PAST)
    assert claim(deposit(maya, noura, usd, "7.00").pk, "worker 9") is not None, "the client is busy"

    operation = looked_up(in_doubt)

    assert (operation.state, operation.attempts.count(), operation.lease_token) == (State.UNKNOWN, 1, None)
    assert 0 < wait_for_look(operation) <= 5


# Check now -----------------------------------------------------------------------------------------------------------


def test_check_now_only_looks(coinmena: Partners, in_doubt: Operation, maya: Person, travel: Travel) -> None:
    travel(PAST)

    check_now(operation_id=in_doubt.pk, by=maya)

    assert now(in_doubt).state == State.UNKNOWN
    assert coinmena.orders_under(in_doubt.reference) == []
    assert Entry.objects.filter(event="operation.looked_up", person=maya).count() == 1


def test_check_now_completes_what_it_finds(coinmena: Partners, in_doubt: Operation, maya: Person) -> None:
    coinmena.make_order(NOURA, amount="1000.00", reference=in_doubt.reference)

    assert check_now(operation_id=in_doubt.pk, by=maya).operation.state == State.COMPLETED


def test_check_now_is_refused_to_whoever_only_reads(in_doubt: Operation, vera: Person) -> None:
    with pytest.raises(Refused):
        check_now(operation_id=in_doubt.pk, by=vera)


# When to look again --------------------------------------------------------------------------------------------------

SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOUND = SINCE + timedelta(seconds=300)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0, 2),
        (2, 5),
        (5, 10),
        (11, 20),
        (20, 40),
        (40, 100),
        (100, 160),
        (280, 302),
        (300, 360),
        (660, 960),
        (7200, 7500),
    ],
)
def test_looks_come_soon_then_every_minute_then_rarely(at: int, expected: int) -> None:
    planned = next_look_at(SINCE, BOUND, None, SINCE + timedelta(seconds=at))

    assert (planned - SINCE).total_seconds() == expected


def test_the_second_look_past_the_bound_comes_as_soon_as_it_counts() -> None:
    counted = LookupAnswer(recorded_at=BOUND + timedelta(seconds=2))

    planned = next_look_at(SINCE, BOUND, counted, BOUND + timedelta(seconds=3))

    assert planned == BOUND + timedelta(seconds=63)


@pytest.mark.parametrize("counted", [None, LookupAnswer(recorded_at=BOUND + timedelta(hours=6))])
def test_moments_that_lie_ahead_put_no_look_off(counted: LookupAnswer | None) -> None:
    since = SINCE if counted else SINCE + timedelta(hours=6)
    moment = BOUND + timedelta(seconds=3)

    assert next_look_at(since, BOUND, counted, moment) <= moment + RAREST

"""What was written down while the database's clock ran hours ahead proves nothing wrong once it is set right, and a
clock that jumps ahead gives nobody's payment away."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.closing.findings import findings_of
from backoffice.funding.doubt import last_absence
from backoffice.funding.models import Operation
from backoffice.funding.services.absence import bound_of, is_not_listed, quarantine
from backoffice.funding.services.attempts import attempts_of
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.claiming import claim, claim_again
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.services.recording import record_answer
from backoffice.funding.states import State
from backoffice.funding.timeline import story_of
from backoffice.mirror.partners import coinmena as our_client
from backoffice.partner.outcome import judge_post
from tests.funding.cast import NOURA, deposit, looked_up, now, sent, withdrawal
from tests.funding.closings import landed, reviewed
from tests.funding.doubt import PAST, POST, Travel, date_in, last_answer
from tests.partners import Partners, minutes_ago

AHEAD = 6 * 3600


@pytest.fixture
def missed(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Callable[[], Operation]:
    """Ask for a deposit and send it, with its answer lost, by the clock as it is then."""

    def miss() -> Operation:
        coinmena.fault("close_before_apply", match=POST)
        operation = sent(deposit(maya, noura, usd))
        assert operation.state == State.UNKNOWN
        return operation

    return miss


# The list that proves an absence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_answered", [True, False], ids=["its answer was lost", "its worker died"])
def test_the_list_is_read_from_the_earliest_moment_that_the_request_can_have_been_made(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel, is_answered: bool
) -> None:
    """What was claimed ahead stands in the list hours before its claim: it is completed, not closed as absent."""
    sent(deposit(maya, noura, usd, "1.00"))
    operation = deposit(maya, noura, usd)
    travel(AHEAD, theirs=False)
    if is_answered:
        coinmena.fault("close_before_apply", match=POST)
        assert sent(operation).state == State.UNKNOWN
    else:
        assert claim(operation.pk, "worker that dies") is not None
    order = coinmena.make_order(NOURA, amount="1000.00", reference=operation.reference, created_at=minutes_ago(0))
    match = {"method": "GET", "reference": operation.reference}
    past = PAST + (0 if is_answered else AHEAD)
    travel(past, theirs=False)
    coinmena.fault("envelope", match=match, times=None, status=404, code=404, headers={"Date": date_in(past)})

    operation = looked_up(operation)

    assert (operation.state, operation.partner_order_id) == (State.COMPLETED, order["id"])


def test_a_window_in_which_nothing_can_lie_proves_nothing(coinmena: Partners, in_doubt: Operation) -> None:
    began = now(in_doubt).requested_at - timedelta(hours=1)

    assert not is_not_listed(in_doubt, our_client(), began, clock.monotonic() + 60)


# The hour after which two people are asked ---------------------------------------------------------------------------


def test_a_payment_of_a_few_seconds_is_not_given_to_two_people_by_a_clock_that_jumps_ahead(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    travel(AHEAD, theirs=False)
    assert looked_up(in_doubt).state == State.UNKNOWN

    travel(1, theirs=False)
    landed(coinmena, in_doubt)

    assert looked_up(in_doubt).state == State.COMPLETED


def test_a_send_under_way_is_completed_by_its_own_answer_though_the_clock_jumped_ahead(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker that is sending")
    assert claimed is not None
    travel(AHEAD, theirs=False)
    assert looked_up(operation).state == State.UNKNOWN

    exchange = our_client().post_order(claimed.kind, claimed.body)
    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    assert now(operation).state == State.COMPLETED


@pytest.mark.parametrize("seconds_off", [-3600, -1800, AHEAD], ids=["an hour behind", "half an hour", "ahead"])
@pytest.mark.parametrize(("looks", "state"), [(1, State.UNKNOWN), (9, State.UNKNOWN), (13, State.REVIEW)])
def test_a_claim_made_while_the_clock_was_off_is_given_to_two_people_after_an_hour_of_asking(
    missed: Callable[[], Operation],
    travel: Travel,
    looked_up_often: Callable[..., None],
    seconds_off: int,
    looks: int,
    state: State,
) -> None:
    travel(seconds_off, theirs=False)
    operation = missed()
    travel(1, theirs=False)
    looked_up_often(operation, looks)
    travel(max(1, looks - 1) * 300 + 2, theirs=False)

    assert looked_up(operation).state == state


def claimed_again(operation: Operation) -> None:
    """Send the operation again, by a worker that dies before its first byte."""
    token, lease = uuid4(), {"lease_until": clock.now() + timedelta(minutes=1), "lease_holder": "worker 3"}
    Operation.objects.filter(pk=operation.pk).update(version=F("version") + 1, lease_token=token, **lease)
    assert claim_again(operation.pk, token, "worker 3") is not None


@pytest.mark.parametrize("seconds_off", [0, 1800, 7200, -3000], ids=["right", "ahead", "far ahead", "behind"])
def test_what_was_asked_before_it_was_sent_again_is_not_counted_whatever_the_clock_said_then(
    missed: Callable[[], Operation],
    travel: Travel,
    looked_up_often: Callable[..., None],
    seconds_off: int,
) -> None:
    operation = missed()
    looked_up_often(operation)
    travel(3540 + seconds_off, theirs=False)
    claimed_again(operation)
    travel(3540 + 70, theirs=False)
    assert looked_up(operation).state == State.UNKNOWN
    travel(3540 + 140, theirs=False)
    assert looked_up(operation).state == State.UNKNOWN

    looked_up_often(operation)
    travel(3540 + 140 + 3600, theirs=False)

    assert looked_up(operation).state == State.REVIEW


def test_an_hour_in_which_nobody_asked_is_no_hour_of_asking(
    missed: Callable[[], Operation],
    coinmena: Partners,
    travel: Travel,
    looked_up_often: Callable[..., None],
) -> None:
    """No worker ran: what may be settled by the next look-up is not given to two people at the first."""
    operation = missed()
    travel(7200)
    assert looked_up(operation).state == State.UNKNOWN

    coinmena.clear_faults()
    looked_up_often(operation)
    travel(7200 + 3600)

    assert looked_up(operation).state == State.REVIEW


# A restore -----------------------------------------------------------------------------------------------------------


def test_a_restore_counts_for_an_attempt_that_was_claimed_while_the_clock_ran_ahead(
    missed: Callable[[], Operation], travel: Travel
) -> None:
    travel(AHEAD, theirs=False)
    operation = missed()
    travel(3600, theirs=False)

    lock = freeze_after_restore(backup_at=clock.now(), by=System("restore"))

    assert bound_of(attempts_of(operation)) == lock.frozen_at + quarantine()
    assert story_of(operation).counts_from == lock.frozen_at + quarantine()


def test_what_was_asked_for_while_the_clock_ran_ahead_is_not_cancelled_in_the_dark_after_a_restore(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    travel(AHEAD, theirs=False)
    operation = withdrawal(maya, noura, usd)
    travel(0, theirs=False)
    freeze_after_restore(backup_at=clock.now(), by=System("restore"))

    with pytest.raises(Conflict, match="restored"):
        cancel_operation(operation_id=operation.pk, by=maya)


def test_the_hour_until_two_people_are_asked_begins_anew_with_a_restore(
    missed: Callable[[], Operation],
    coinmena: Partners,
    travel: Travel,
    looked_up_often: Callable[..., None],
) -> None:
    """A backup of hours ago would give each of its doubts to them after one look-up."""
    operation = missed()
    looked_up_often(operation)
    travel(3 * 3600)
    freeze_after_restore(backup_at=clock.now(), by=System("restore"))
    assert looked_up(operation).state == State.UNKNOWN

    coinmena.clear_faults()
    looked_up_often(operation)
    travel(4 * 3600 + 5)

    assert looked_up(operation).state == State.REVIEW


# What two people see -------------------------------------------------------------------------------------------------


def test_the_last_look_up_is_the_one_made_last_whatever_the_clock_said(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    operation = reviewed(in_doubt)
    travel(AHEAD, theirs=False)
    assert last_answer(looked_up(operation)).found is False
    travel(1, theirs=False)
    landed(coinmena, operation, status="pending")
    looked_up(operation)

    found = findings_of(operation)

    assert found.is_shown and not found.has_vanished


def test_the_page_shows_the_look_up_made_last_whatever_the_clock_said(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    travel(AHEAD, theirs=False)
    looked_up(in_doubt)
    travel(PAST)
    looked_up(in_doubt)

    assert last_absence(story_of(now(in_doubt))) == last_answer(in_doubt)

"""What is in doubt is settled by asking, and only by proof (reliability.md §6 and §7)."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import timeline
from backoffice.funding.doubt import last_absence
from backoffice.funding.models import AttemptOutcome, Operation
from backoffice.funding.purposes import BEFORE_ASKING
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.lookups import ELSEWHERE
from backoffice.funding.services.recording import record_answer
from backoffice.funding.states import State
from backoffice.funding.timeline import story_of
from backoffice.mirror.partners import coinmena as our_client
from backoffice.mirror.partners import forget_clients
from backoffice.partner.coinmena.answers import NOT_THEIRS
from backoffice.partner.outcome import judge_post
from tests.funding.cast import NOURA, deposit, looked_up, now, sent
from tests.funding.doubt import PAST, POST, Travel, ask_another_environment, date_in, halt, last_answer
from tests.partners import Partners

# A "not found" that proves nothing -----------------------------------------------------------------------------------


def test_an_early_not_found_is_not_believed(in_doubt: Operation) -> None:
    for _look in range(3):
        assert looked_up(in_doubt).state == State.UNKNOWN
    assert not last_answer(in_doubt).counts


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_one_clock_past_the_bound_is_not_enough(in_doubt: Operation, travel: Travel, whose: str) -> None:
    travel(PAST, ours=whose == "ours", theirs=whose == "theirs")

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).conditions["clocks"] is False


def test_without_a_positive_control_nothing_is_concluded(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    coinmena.fault("close_before_apply", match=POST)
    operation = sent(deposit(maya, noura, usd))
    travel(PAST)

    assert looked_up(operation).state == State.UNKNOWN
    assert last_answer(operation).conditions["control"] == ""


def test_a_not_found_of_another_environment_is_not_counted(
    in_doubt: Operation, travel: Travel, settings: Settings
) -> None:
    travel(PAST)
    ask_another_environment(settings)

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).conditions["environment"] is False
    assert last_answer(in_doubt).found is None
    assert last_answer(in_doubt).sentence == ELSEWHERE


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("html", {"status": 404, "headers": {"Date": date_in(7200)}}),
        ("headers", {"set": {"Age": "30", "Date": date_in(7200)}}),
        ("headers", {"remove": ["Date"]}),
    ],
    ids=["without envelope", "from a cache", "without a date"],
)
def test_a_not_found_that_may_not_be_the_partners_is_not_counted(
    coinmena: Partners, in_doubt: Operation, travel: Travel, kind: str, details: dict[str, Any]
) -> None:
    """Everything else would let it count: both clocks are past the bound and the control answers."""
    travel(PAST, theirs=False)
    coinmena.fault(kind, match={"method": "GET", "reference": in_doubt.reference}, times=None, **details)

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).conditions["envelope"] is False
    assert not last_answer(in_doubt).counts
    assert last_answer(in_doubt).found is None
    assert last_answer(in_doubt).sentence == NOT_THEIRS
    assert last_absence(story_of(now(in_doubt))) == last_answer(in_doubt)


def test_a_list_that_does_not_add_up_is_no_proof(coinmena: Partners, in_doubt: Operation, travel: Travel) -> None:
    travel(PAST)
    coinmena.fault("wrong_total", match={"path": "/v1/partner/orders", "query": {"page": "1"}}, times=None)

    assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).conditions["list_read"] is False


def test_a_partner_that_is_down_proves_nothing(coinmena: Partners, in_doubt: Operation, settings: Settings) -> None:
    settings.COINMENA_DEADLINE_SECONDS = 1
    forget_clients()
    with coinmena.down():
        assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).found is None


# Proof ---------------------------------------------------------------------------------------------------------------


def test_proven_absent_is_sent_again_with_the_same_bytes(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    travel(PAST)

    operation = looked_up(in_doubt)

    first, second = operation.attempts.order_by("number")
    assert operation.state == State.COMPLETED
    assert bytes(first.body) == bytes(second.body)
    assert len(coinmena.orders_under(operation.reference)) == 1


def test_the_story_tells_each_look_up_by_what_had_been_sent_and_what_it_was_for(
    in_doubt: Operation, coinmena: Partners, travel: Travel
) -> None:
    early = story_of(in_doubt).counts_from
    looked_up(in_doubt)
    looked_up(in_doubt)
    travel(PAST)
    coinmena.fault("close_before_apply", match=POST)
    assert looked_up(in_doubt).attempts.count() == 2
    late = story_of(now(in_doubt)).counts_from
    coinmena.clear_faults()
    travel(0)
    looked_up(in_doubt)
    looked_up(in_doubt, holder=BEFORE_ASKING)

    story = story_of(now(in_doubt))
    told = list(timeline.looked_up(story))

    assert [story.counted_from(one) for one in story.lookups] == [early, early, early, late, late]
    assert [one.what for one in told] == [
        *("Looked up 2 times: not visible yet", "Looked up once: not visible yet"),
        *("Looked up once: not visible yet", "Looked up once: not visible yet"),
    ]
    assert ["counts: it came" in str(one.say) for one in told] == [False, True, False, False]
    assert told[3].by == "· before closing"


def test_what_may_not_be_sent_again_closes_at_the_second_not_found(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    halt()
    travel(PAST)
    assert looked_up(in_doubt).state == State.UNKNOWN
    assert last_answer(in_doubt).counts

    coinmena.clear_faults()
    travel(PAST + 61)
    operation = looked_up(in_doubt)

    assert (operation.state, operation.failure_code) == (State.FAILED, "absent")
    assert coinmena.orders_under(operation.reference) == []


def test_a_second_not_found_that_comes_too_soon_closes_nothing(in_doubt: Operation, travel: Travel) -> None:
    halt()
    travel(PAST)

    for _look in range(3):
        assert looked_up(in_doubt).state == State.UNKNOWN


def test_three_attempts_are_the_most(coinmena: Partners, in_doubt: Operation, travel: Travel) -> None:
    coinmena.fault("close_before_apply", match=POST, times=None)
    for number in (1, 2, 3, 4):
        travel(number * PAST)
        looked_up(in_doubt)

    assert now(in_doubt).attempts.count() == 3
    assert coinmena.orders_under(in_doubt.reference) == []


def test_a_request_that_lands_late_is_found_and_not_sent_again(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("land_late", match=POST, seconds=0.5)
    operation = sent(deposit(maya, noura, usd))
    assert looked_up(operation).state == State.UNKNOWN

    assert any(coinmena.orders_under(operation.reference) for _wait in range(1000)), "it never landed"
    operation = looked_up(operation)

    assert operation.state == State.COMPLETED
    assert operation.attempts.count() == 1


def test_a_refusal_of_the_second_attempt_does_not_speak_for_the_first(
    coinmena: Partners, in_doubt: Operation, travel: Travel
) -> None:
    """The first was applied where no look-up saw it yet; the second is refused for want of funds."""
    coinmena.fault("envelope", match=POST, status=400, code=3005)
    travel(PAST)
    assert looked_up(in_doubt).state == State.UNKNOWN

    coinmena.make_order(NOURA, amount="1000.00", reference=in_doubt.reference)

    assert looked_up(in_doubt).state == State.COMPLETED


@pytest.mark.parametrize(
    ("order", "state"),
    [
        ({"amount": "1000.00", "status": "failed"}, State.FAILED),
        ({"amount": "1000.00", "status": "rejected"}, State.FAILED),
        ({"amount": "1000.00", "status": "pending"}, State.REVIEW),
        ({"amount": "1000.01"}, State.REVIEW),
    ],
)
def test_an_order_that_is_found_speaks_for_the_reference(
    coinmena: Partners, in_doubt: Operation, order: dict[str, str], state: State
) -> None:
    coinmena.make_order(NOURA, reference=in_doubt.reference, **order)

    assert looked_up(in_doubt).state == state


def test_an_order_of_another_environment_is_not_ours(
    coinmena: Partners, in_doubt: Operation, settings: Settings
) -> None:
    coinmena.make_order(NOURA, amount="1000.00", reference=in_doubt.reference)
    settings.COINMENA_BASE_URL = settings.COINMENA_BASE_URL.replace("127.0.0.1", "localhost")
    forget_clients()

    assert looked_up(in_doubt).state == State.UNKNOWN


def test_without_proof_for_an_hour_it_goes_to_review(
    in_doubt: Operation, travel: Travel, looked_up_often: Callable[..., None]
) -> None:
    looked_up_often(in_doubt)
    travel(3601, theirs=False)

    operation = looked_up(in_doubt)

    assert operation.state == State.REVIEW
    assert operation.next_lookup_at is not None, "look-ups go on"


def test_a_client_who_is_busy_each_time_keeps_a_proven_absence_from_people_for_an_hour_at_most(
    in_doubt: Operation, travel: Travel, looked_up_often: Callable[..., None], maya: Person, noura: Client, usd: Asset
) -> None:
    looked_up_often(in_doubt)
    travel(4000)
    assert claim(deposit(maya, noura, usd, "7.00").pk, "worker 3") is not None

    with capture_logs() as logged:
        assert looked_up(in_doubt).state == State.REVIEW

    assert [line["because"] for line in logged if line["event"] == "funding_not_sent_again"] == ["client busy"]
    assert now(in_doubt).lease_token is None and now(in_doubt).next_lookup_at is not None


@pytest.mark.parametrize("seconds", [8, 16], ids=["no time for the list", "no time for a control"])
def test_a_partner_that_takes_its_time_does_not_keep_it_from_review(
    in_doubt: Operation,
    travel: Travel,
    looked_up_often: Callable[..., None],
    slow: Callable[[float], None],
    seconds: float,
) -> None:
    looked_up_often(in_doubt)
    travel(3601)
    slow(seconds)

    operation = looked_up(in_doubt)

    assert operation.state == State.REVIEW
    assert last_answer(operation).conditions["list_read"] is False


def test_what_a_slow_partner_leaves_open_is_looked_up_again_by_its_schedule(
    in_doubt: Operation, travel: Travel, slow: Callable[[float], None]
) -> None:
    travel(PAST)
    slow(16)

    operation = looked_up(in_doubt)

    assert (operation.state, operation.lease_until) == (State.UNKNOWN, None)
    assert operation.next_lookup_at is not None
    assert operation.next_lookup_at > clock.now()


def test_a_partner_that_answers_within_seconds_still_proves_an_absence(
    coinmena: Partners, in_doubt: Operation, travel: Travel, slow: Callable[[float], None]
) -> None:
    travel(PAST)
    slow(7)

    assert looked_up(in_doubt).state == State.COMPLETED, "sent again"
    assert last_answer(in_doubt).conditions["list_read"]


def test_in_review_an_order_that_turns_up_is_kept_for_the_two_people(
    coinmena: Partners, in_doubt: Operation, travel: Travel, looked_up_often: Callable[..., None]
) -> None:
    looked_up_often(in_doubt)
    travel(3601, theirs=False)
    assert looked_up(in_doubt).state == State.REVIEW
    coinmena.make_order(NOURA, amount="1000.00", reference=in_doubt.reference)

    travel(7300, theirs=False)

    assert looked_up(in_doubt).state == State.REVIEW
    assert last_answer(in_doubt).found


# Workers that die, answers that come late ----------------------------------------------------------------------------


def test_a_dead_workers_claim_is_taken_over_and_found(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker that dies")
    assert claimed is not None
    our_client().post_order(claimed.kind, claimed.body)

    assert looked_up(operation).state == State.SUBMITTING, "the lease still runs"
    travel(50, theirs=False)
    operation = looked_up(operation)

    assert operation.state == State.COMPLETED
    assert AttemptOutcome.objects.get().kind == AttemptOutcome.Kind.LOST


def test_a_late_refusal_closes_only_its_attempt_and_the_resolver_the_operation(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker that is late")
    assert claimed is not None
    coinmena.fault("envelope", match=POST, status=400, code=3005)
    exchange = our_client().post_order(claimed.kind, claimed.body)
    travel(50, theirs=False)
    assert looked_up(operation).state == State.UNKNOWN

    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))
    assert now(operation).state == State.UNKNOWN

    operation = looked_up(operation)
    assert (operation.state, operation.failure_code) == (State.FAILED, "3005")


def test_a_late_success_is_written_without_the_lease(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel
) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker that is late")
    assert claimed is not None
    exchange = our_client().post_order(claimed.kind, claimed.body)
    travel(50, theirs=False)

    record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    assert now(operation).state == State.COMPLETED


def test_an_answer_is_written_down_once(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = deposit(maya, noura, usd)
    claimed = claim(operation.pk, "worker 1")
    assert claimed is not None
    exchange = our_client().post_order(claimed.kind, claimed.body)
    for _time in range(2):
        record_answer(claimed, exchange, judge_post(exchange, claimed.intended))

    assert AttemptOutcome.objects.count() == 1
    assert Entry.objects.filter(event="operation.completed").count() == 1

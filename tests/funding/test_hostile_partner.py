"""Answers made to stop us from writing down what became of money: each is kept, and the operation moves on."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.closing.policies import CannotClose
from backoffice.funding.models import AttemptOutcome, Gate, LateOrder, LookupAnswer, Operation
from backoffice.funding.policies import why_not_copy
from backoffice.funding.services.late_orders import settle, watch
from backoffice.funding.services.resolving import check_now
from backoffice.funding.states import State
from backoffice.mirror.incidents import report_vanished
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS, look_up_order
from tests.funding.cast import NOURA, deposit, looked_up, now, sent
from tests.funding.closings import asked, in_review, landed, signed
from tests.funding.doubt import PAST, POST, Travel, last_answer
from tests.funding.test_states import fresh
from tests.orders.said import mirror, said
from tests.partners import Partners

#: A moment that no clock here can hold: the last day there is, in a zone that lies behind it.
NO_MOMENT = "Fri, 31 Dec 9999 23:59:59 -2359"
#: Times in good form that no calendar holds in UTC.
NO_TIMES = ["0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-01:00"]
LARGEST_ID = 2**63 - 1


@pytest.mark.parametrize("header", ["Date", "Retry-After"])
def test_a_moment_out_of_range_does_not_lose_an_answer(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, header: str
) -> None:
    coinmena.fault("headers", match=POST, set={header: NO_MOMENT})

    assert sent(deposit(maya, noura, usd)).state == State.COMPLETED


def test_a_moment_out_of_range_keeps_nobody_from_looking(
    coinmena: Partners, in_doubt: Operation, travel: Travel, looked_up_often: Callable[..., None]
) -> None:
    coinmena.fault("headers", match={"method": "GET"}, times=None, set={"Date": NO_MOMENT})
    assert looked_up(in_doubt).state == State.UNKNOWN
    assert LookupAnswer.objects.filter(lookup__operation=in_doubt, partner_date=None).exists()

    looked_up_often(in_doubt)
    travel(3601, theirs=False)
    assert looked_up(in_doubt).state == State.REVIEW, "its hour is over, however odd the answers are"


@pytest.mark.parametrize("text", NO_TIMES)
def test_an_order_with_a_time_that_no_calendar_holds_is_unreadable_and_found_once_it_is_told_otherwise(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, travel: Travel, text: str
) -> None:
    coinmena.fault("echo", match=POST, field="transitioned_at", value=text)

    operation = sent(deposit(maya, noura, usd))

    assert operation.state == State.UNKNOWN
    assert AttemptOutcome.objects.get(attempt__operation=operation).row == "A12"
    assert looked_up(operation).state == State.COMPLETED


@pytest.mark.parametrize("text", NO_TIMES)
def test_look_ups_that_show_a_time_that_no_calendar_holds_keep_nobody_from_the_review(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    travel: Travel,
    looked_up_often: Callable[..., None],
    text: str,
) -> None:
    coinmena.fault("echo", times=None, field="updated_at", value=text)
    operation = looked_up(sent(deposit(maya, noura, usd)))
    assert (operation.state, last_answer(operation).found, last_answer(operation).http_status) == (
        State.UNKNOWN,
        None,
        200,
    )

    looked_up_often(operation)
    travel(3601, theirs=False)

    assert looked_up(operation).state == State.REVIEW


def broken(*_args: object, **_named: object) -> None:
    raise ArithmeticError("nobody thought of this")


def test_an_answer_that_a_fault_of_ours_keeps_from_being_judged_is_kept_and_calls_people(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.funding.services.sending.judge_post", broken)
    with capture_logs() as logs:
        operation = sent(deposit(maya, noura, usd))

    outcome = AttemptOutcome.objects.get(attempt__operation=operation)
    assert (operation.state, outcome.row, outcome.http_status) == (State.UNKNOWN, "A12", 200)
    assert {log["because"] for log in logs if log["event"] == "funding_alarm" and "because" in log} == {
        "the answer was not judged"
    }
    monkeypatch.undo()
    assert looked_up(operation).state == State.COMPLETED


@pytest.mark.parametrize("where", ["judge_order", "look_up_at_once"], ids=["judging", "asking"])
def test_a_taken_reference_stays_taken_when_a_fault_of_ours_keeps_its_look_up_from_being_judged(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    travel: Travel,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    """Or two "not found" would close as absent what the partner said it holds."""
    sent(deposit(maya, noura, usd, "1.00"))
    operation = deposit(maya, noura, usd)
    order = coinmena.make_order(NOURA, amount="1000.00", reference=operation.reference)
    module = "backoffice.partner.outcome" if where == "judge_order" else "backoffice.funding.services.sending"
    monkeypatch.setattr(f"{module}.{where}", broken)
    with capture_logs() as logs:
        operation = sent(operation)
    monkeypatch.undo()

    outcome = AttemptOutcome.objects.get(attempt__operation=operation)
    assert (operation.state, outcome.row, outcome.code) == (State.UNKNOWN, "A6", "2020")
    assert any(log["event"] == "funding_alarm" for log in logs)
    coinmena.change_order(order["id"], hidden=True)
    for seconds in (PAST, PAST + 100):
        travel(seconds)
        assert looked_up(operation).state == State.UNKNOWN


@pytest.mark.parametrize(("status", "is_paused", "count"), [(401, False, 1), (429, True, 0)])
def test_an_answer_that_was_not_judged_slows_and_stops_sending_all_the_same(
    coinmena: Partners,
    maya: Person,
    noura: Client,
    usd: Asset,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    is_paused: bool,
    count: int,
) -> None:
    monkeypatch.setattr("backoffice.partner.outcome.refusal_in", broken)
    coinmena.fault("envelope", match={"method": "POST"}, status=status, code=status)

    operation = sent(deposit(maya, noura, usd))

    gate = Gate.objects.get()
    assert operation.state == State.UNKNOWN
    assert (gate.paused_until is not None, gate.unauthorised_in_a_row) == (is_paused, count)


def test_a_code_of_any_length_is_kept_and_fails_the_operation(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("envelope", match=POST, status=422, code=10**39)

    operation = sent(deposit(maya, noura, usd))

    assert operation.state == State.FAILED
    assert str(10**39).startswith(operation.failure_code) and operation.failure_code


def test_an_order_with_the_largest_id_that_vanishes_is_reported(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = fresh(maya, omar, noura, usd, State.UNKNOWN)
    ended = {"state": State.COMPLETED, "partner_order_id": LARGEST_ID, "ended_at": timezone.now()}
    Operation.objects.filter(pk=operation.pk).update(**ended)
    mirror(said(id=LARGEST_ID))
    report_vanished(ORDERS, [LARGEST_ID])

    assert watch() == 1
    assert LateOrder.objects.get().order_id == LARGEST_ID


def test_an_order_that_is_shown_under_two_references_leaves_a_way_to_end_the_second(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    """Closed as completed it cannot be, because the order is the first one's: then nothing but failed is left."""
    first = sent(deposit(maya, noura, usd, "1.00"))
    second = in_review(coinmena, maya, noura, usd)
    Order.objects.filter(pk=first.partner_order_id or 0).update(partner_order_ref=second.reference)
    with pytest.raises(CannotClose, match="belongs to another operation"):
        asked(second, maya, "completed", order_id=first.partner_order_id)

    assert signed(asked(second, maya), omar).state == State.FAILED
    assert "could pay twice" in why_not_copy(now(second))
    assert watch() == 1, "and people are told of what was shown"


# Check now -----------------------------------------------------------------------------------------------------------


def test_checking_now_again_and_again_puts_no_look_up_off(in_doubt: Operation, maya: Person, travel: Travel) -> None:
    travel(PAST)
    planned = now(in_doubt).next_lookup_at
    for _time in range(3):
        check_now(operation_id=in_doubt.pk, by=maya)

    assert now(in_doubt).next_lookup_at == planned


def test_checking_now_in_review_puts_no_look_up_off(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = in_review(coinmena, maya, noura, usd)
    planned = operation.next_lookup_at

    check_now(operation_id=operation.pk, by=maya)

    assert now(operation).next_lookup_at == planned


# Copies --------------------------------------------------------------------------------------------------------------


def test_nothing_is_copied_while_an_unfinished_order_stands_that_two_people_knew_of(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = in_review(coinmena, maya, noura, usd)
    order = landed(coinmena, operation, status="pending")
    closed = signed(asked(operation, maya), omar)
    assert closed.state == State.FAILED
    assert "could pay twice" in why_not_copy(closed)

    coinmena.change_order(order, status="rejected")
    look_up_order(text=operation.reference, by=maya)
    assert not why_not_copy(closed)


def test_what_was_settled_while_unfinished_is_no_word_on_the_order_completed(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    closed = signed(asked(in_review(coinmena, maya, noura, usd), maya), omar)
    order = landed(coinmena, closed, status="pending")
    look_up_order(text=closed.reference, by=maya)
    watch()
    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA cancels it.", by=omar)

    coinmena.change_order(order, status="completed")
    look_up_order(text=closed.reference, by=maya)

    assert "could pay twice" in why_not_copy(closed), "even before anybody has looked"


def test_a_copy_is_not_sent_once_the_order_of_the_first_has_turned_up(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    closed = signed(asked(in_review(coinmena, maya, noura, usd), maya), omar)
    copy = deposit(maya, noura, usd, copy_of=closed)
    landed(coinmena, closed)
    look_up_order(text=closed.reference, by=maya)

    assert sent(copy).state == State.APPROVED
    assert coinmena.orders_under(copy.reference) == []

    watch()
    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA took it back.", by=omar)
    assert sent(copy).state == State.APPROVED, "settling moves no money back"
    assert coinmena.orders_under(copy.reference) == []

"""What one POST proves and what becomes of the operation: reliability.md §5, row by row, over real HTTP."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import AttemptOutcome, Gate, Operation
from backoffice.funding.services.brakes import resume_sending
from backoffice.funding.states import State
from backoffice.mirror.partners import forget_clients
from backoffice.orders.services import look_up_order
from tests.funding.cast import NOURA, WORKER, approved_by, deposit, looked_up, sent, withdrawal
from tests.partners import Partners

POST = {"method": "POST"}


def outcome_of(operation: Operation) -> AttemptOutcome:
    return AttemptOutcome.objects.get(attempt__operation=operation)


ROWS: dict[str, tuple[str, dict[str, Any], str, State, int]] = {
    "failed order": ("order_status", {"status": "failed"}, "A2", State.FAILED, 1),
    "rejected order": ("order_status", {"status": "rejected"}, "A3", State.FAILED, 1),
    "unheard-of status": ("order_status", {"status": "pending"}, "A4", State.REVIEW, 1),
    "another client": ("echo", {"field": "client", "value": "user_20871"}, "A5", State.REVIEW, 1),
    "another amount": ("echo", {"field": "amount", "delta": "0.00000001"}, "A5", State.REVIEW, 1),
    "amount on the wrong side": ("echo", {"field": "side"}, "A5", State.REVIEW, 1),
    "another reference": ("echo", {"field": "reference", "value": "dep-2026-other000"}, "A5", State.REVIEW, 1),
    "unheard-of refusal": ("envelope", {"status": 422, "code": 4711}, "A8", State.FAILED, 0),
    "unauthorised": ("envelope", {"status": 401, "code": 401}, "A9", State.APPROVED, 0),
    "too many requests": ("envelope", {"status": 429, "code": 429}, "A9", State.APPROVED, 0),
    "server error with envelope": ("envelope", {"status": 500, "code": 500}, "A10", State.UNKNOWN, 0),
    "timed out there, and carried out": (
        "envelope",
        {"status": 408, "code": 408, "apply": True},
        "A10",
        State.UNKNOWN,
        1,
    ),
    "conflict with what it made": ("envelope", {"status": 409, "code": 4711, "apply": True}, "A10", State.UNKNOWN, 1),
    "gateway page before": ("html", {"status": 502}, "A11", State.UNKNOWN, 0),
    "gateway page after": ("html", {"status": 504, "apply": True}, "A11", State.UNKNOWN, 1),
    "redirect": ("redirect", {"status": 307}, "A11", State.UNKNOWN, 0),
    "broken answer": ("broken", {"how": "truncated"}, "A12", State.UNKNOWN, 1),
    "doubled keys": ("broken", {"how": "duplicate_keys"}, "A12", State.UNKNOWN, 1),
    "cut answer": ("cut_answer", {"at": 20}, "A12", State.UNKNOWN, 1),
    "closed before applying": ("close_before_apply", {}, "A14", State.UNKNOWN, 0),
    "closed after applying": ("close_after_apply", {}, "A14", State.UNKNOWN, 1),
}


@pytest.mark.parametrize("case", ROWS)
def test_an_answer_proves_what_its_row_says(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, case: str
) -> None:
    kind, details, row, state, orders = ROWS[case]
    coinmena.fault(kind, match=POST, **details)

    operation = sent(deposit(maya, noura, usd))

    assert (outcome_of(operation).row, operation.state) == (row, state)
    assert len(coinmena.orders_under(operation.reference)) == orders
    assert (operation.partner_order_id is not None) == (state == State.COMPLETED)


def test_a_refused_connection_was_never_sent(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = deposit(maya, noura, usd)
    with coinmena.down():
        operation = sent(operation)

    assert (outcome_of(operation).row, operation.state) == ("A13", State.APPROVED)
    assert sent(operation).attempts.count() == 1, "it waits before it is tried again"


def test_an_answer_that_drips_past_the_deadline_is_lost(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, settings: Settings
) -> None:
    settings.COINMENA_DEADLINE_SECONDS = 1
    forget_clients()
    coinmena.fault("drip", match=POST, seconds_per_byte=0.05)

    operation = sent(deposit(maya, noura, usd))

    assert operation.state == State.UNKNOWN
    assert len(coinmena.orders_under(operation.reference)) == 1


def test_insufficient_funds_fail_with_a_clear_sentence(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = sent(approved_by(omar, withdrawal(maya, noura, usd, "2000.01")))

    assert (operation.state, operation.failure_code) == (State.FAILED, "3005")
    assert operation.failure_sentence == "The client's available balance at CoinMENA is lower than the amount."
    assert str(coinmena.balance(NOURA, "USD")) == "2000.00"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"active": False}, "2010"), ({"status": "pending"}, "2009")],
)
def test_a_client_that_changed_meanwhile_is_refused(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, change: dict[str, Any], code: str
) -> None:
    operation = deposit(maya, noura, usd)
    coinmena.set_client(NOURA, **change)

    operation = sent(operation)

    assert (operation.state, operation.failure_code) == (State.FAILED, code)
    assert coinmena.orders_under(operation.reference) == []


def test_an_asset_that_was_closed_meanwhile_is_refused(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd)
    coinmena.set_asset("USD", depositable=False)

    assert (sent(operation).state, outcome_of(operation).code) == (State.FAILED, "2012")


def test_a_taken_reference_whose_order_is_ours_completes(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    """After a restore: the row was sent before, the database does not know."""
    operation = deposit(maya, noura, usd, "1000.00")
    coinmena.make_order(NOURA, amount="1000.00", reference=operation.reference)

    operation = sent(operation)

    assert (outcome_of(operation).row, operation.state) == ("A6", State.COMPLETED)
    assert len(coinmena.orders_under(operation.reference)) == 1


@pytest.mark.parametrize("turned_away", [{"status": 429, "code": 429}, {"status": 401, "code": 401}], ids=str)
def test_what_is_turned_away_is_sent_again_though_the_mirror_holds_an_order(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, turned_away: dict[str, int]
) -> None:
    """After a restore, too, where a partner that is away for an hour would give all of it to two people."""
    operation = deposit(maya, noura, usd, "1000.00")
    coinmena.make_order(NOURA, amount="1000.00", reference=operation.reference)
    look_up_order(text=operation.reference, by=maya)
    coinmena.fault("envelope", match=POST, **turned_away)

    assert sent(operation).state == State.APPROVED


@pytest.mark.parametrize("fault", [{"status": 400, "code": 3005}, {"status": 400, "code": 2009}], ids=str)
def test_a_refusal_ends_nothing_of_which_the_mirror_holds_an_order(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, fault: dict[str, int]
) -> None:
    """After a restore, too: what was paid since the backup may be what the funds are now too low for."""
    operation = deposit(maya, noura, usd, "1000.00")
    order = coinmena.make_order(NOURA, amount="1000.00", reference=operation.reference)
    look_up_order(text=operation.reference, by=maya)
    coinmena.fault("envelope", match=POST, **fault)

    operation = sent(operation)

    assert (outcome_of(operation).row, operation.state) == ("A8", State.UNKNOWN)
    coinmena.fault("html", match={"method": "GET"}, times=None, status=502)
    assert looked_up(operation).state == State.UNKNOWN, "the refusal speaks for its own attempt alone"
    coinmena.clear_faults()
    operation = looked_up(operation)
    assert (operation.state, operation.partner_order_id) == (State.COMPLETED, order["id"])


def test_a_taken_reference_whose_order_differs_goes_to_review(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    operation = deposit(maya, noura, usd, "1000.00")
    coinmena.make_order(NOURA, amount="1.00", reference=operation.reference)

    operation = sent(operation)

    assert (outcome_of(operation).row, operation.state) == ("A7", State.REVIEW)
    assert operation.partner_order_id is None


def test_a_taken_reference_that_is_not_visible_yet_stays_unknown(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("envelope", match=POST, status=409, code=2020)

    operation = sent(deposit(maya, noura, usd))

    assert (operation.state, operation.lookups.count()) == (State.UNKNOWN, 1)


# Brakes -------------------------------------------------------------------------------------------------------------


def test_one_429_pauses_all_sending(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    coinmena.fault("envelope", match=POST, status=429, code=429, headers={"Retry-After": "120"})
    sent(deposit(maya, noura, usd))

    other = sent(deposit(maya, noura, usd, "2.00"))

    assert (other.state, other.attempts.count()) == (State.APPROVED, 0)
    assert Gate.objects.get().paused_until is not None


def test_three_401_in_a_row_halt_until_a_manager_resumes(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("envelope", match=POST, status=401, code=401, times=3)
    for amount in ("1.00", "2.00", "3.00"):
        sent(deposit(maya, noura, usd, amount))
    held = sent(deposit(maya, noura, usd, "4.00"))
    assert (held.state, held.attempts.count()) == (State.APPROVED, 0)

    resume_sending(reason="The key was replaced.", by=omar)

    assert sent(held).state == State.COMPLETED


BETWEEN: dict[str, tuple[str, dict[str, Any], int]] = {
    "an order": ("order_status", {"status": "completed"}, 0),
    "a failed order": ("order_status", {"status": "failed"}, 0),
    "another order": ("echo", {"field": "amount", "delta": "0.00000001"}, 0),
    "a refusal of another kind": ("envelope", {"status": 422, "code": 4711}, 0),
    "trouble": ("envelope", {"status": 500, "code": 500}, 2),
    "a page of a gateway": ("html", {"status": 502}, 2),
    "a gateway that timed out": ("html", {"status": 504}, 2),
    "a gateway that refuses": ("html", {"status": 403}, 2),
    "an answer that cannot be read": ("broken", {"how": "truncated"}, 2),
    "no answer": ("close_before_apply", {}, 2),
}


@pytest.mark.parametrize("between", BETWEEN)
def test_only_who_accepted_our_credentials_between_401s_starts_the_count_again(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, between: str
) -> None:
    kind, options, counted = BETWEEN[between]
    coinmena.fault("envelope", match=POST, status=401, code=401, times=2)
    for amount in ("1.00", "2.00"):
        sent(deposit(maya, noura, usd, amount))
    coinmena.fault(kind, match=POST, **options)
    sent(deposit(maya, noura, usd, "3.00"))
    assert Gate.objects.get().unauthorised_in_a_row == counted

    coinmena.fault("envelope", match=POST, status=401, code=401)
    sent(deposit(maya, noura, usd, "4.00"))

    assert (Gate.objects.get().halted_at is not None) is bool(counted)


def test_a_clock_that_is_off_halts_sending(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    coinmena.clock(30)
    sent(deposit(maya, noura, usd))

    assert "clock" in Gate.objects.get().halted_because
    assert Entry.objects.filter(event="funding.halted", who=WORKER).count() == 1

"""What only people can settle is settled by two of them, on evidence, and by what is known when they sign."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.services import check_before_proof
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.closing.attachments import Attachment
from backoffice.funding.closing.findings import findings_of
from backoffice.funding.closing.pages import findings_checks
from backoffice.funding.closing.policies import (
    CannotBeTheReason,
    CannotClose,
    NotLookedUp,
    can_ask_to_close,
    check_can_ask_to_close,
)
from backoffice.funding.models import Closing, ClosingEvidence, LateOrder, Lookup, Operation
from backoffice.funding.policies import why_not_copy
from backoffice.funding.services.closing import check_plausible
from backoffice.funding.services.late_orders import settle, watch
from backoffice.funding.services.moving import NO_LEASE
from backoffice.funding.services.resolving import check_now
from backoffice.funding.states import State
from backoffice.mirror.incidents import report_vanished
from backoffice.mirror.limits import DatabaseBucket
from backoffice.orders.services import ORDERS, look_up_order
from backoffice.partner.errors import RateLimited
from tests.funding.cast import approved_by, deposit, looked_up, now, sent, withdrawal
from tests.funding.closings import asked, being_looked_up, claim, in_review, landed, reviewed, signed, signed_closing
from tests.funding.doubt import LOOKUPS, ask_another_environment
from tests.funding.test_absence import hide
from tests.funding.test_states import fresh, step
from tests.partners import Partners
from tests.people import give_role


@pytest.fixture
def reviewing(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Operation:
    """A deposit in review that the partner knows nothing of."""
    return in_review(coinmena, maya, noura, usd)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)


# Who and when -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["maya", "omar", "vera", "adam"])
@pytest.mark.parametrize("state", list(State))
def test_finance_alone_asks_and_only_in_review(
    db: None, request: pytest.FixtureRequest, noura: Client, usd: Asset, name: str, state: State
) -> None:
    person = request.getfixturevalue(name)
    asker = person if name == "maya" else request.getfixturevalue("maya")
    manager = person if name == "omar" else request.getfixturevalue("omar")
    operation = now(fresh(asker, manager, noura, usd, state))

    assert can_ask_to_close(person, operation) is (name == "maya" and state is State.REVIEW)
    with pytest.raises((Refused, Conflict)) if not can_ask_to_close(person, operation) else nullcontext():
        check_can_ask_to_close(person, operation)


def test_two_people_close_it_as_failed(reviewing: Operation, maya: Person, omar: Person) -> None:
    closing = asked(reviewing, maya)
    assert now(reviewing).state == State.REVIEW

    ended = signed(closing, omar)

    assert ended.state == State.FAILED
    assert ended.closing == closing
    assert "Maya Haddad asked, Omar Saleh signed" in ended.failure_sentence
    assert closing.key in ended.failure_sentence
    assert ended.next_lookup_at is None
    entry = Entry.objects.filter(event="operation.failed", object_id=ended.reference).get()
    assert entry.after
    assert (entry.who, entry.before, entry.after["state"]) == ("Omar Saleh", {"state": "review"}, "failed")


def test_nobody_signs_what_they_asked_for(reviewing: Operation, maya: Person, omar: Person) -> None:
    closing = asked(reviewing, maya)
    give_role(maya, "manager")

    with pytest.raises(Refused, match="your own request"):
        signed(closing, maya)
    assert now(reviewing).state == State.REVIEW


@pytest.mark.parametrize("name", ["vera", "adam"])
def test_only_a_manager_signs(reviewing: Operation, maya: Person, request: pytest.FixtureRequest, name: str) -> None:
    with pytest.raises(Refused):
        signed(asked(reviewing, maya), request.getfixturevalue(name))
    assert now(reviewing).state == State.REVIEW


def test_one_closing_waits_at_a_time(reviewing: Operation, maya: Person) -> None:
    asked(reviewing, maya)

    with pytest.raises(Conflict, match="waits for a manager already"):
        asked(reviewing, maya)


@pytest.mark.parametrize("ending", ["reject", "cancel", "expire"])
def test_a_closing_that_was_not_signed_leaves_the_operation_in_review_and_another_may_be_asked_for(
    reviewing: Operation, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    closing = asked(reviewing, maya)
    if ending == "reject":
        approvals.reject(
            request_id=closing.approval_id,
            fingerprint=closing.fingerprint,
            reason_code="other",
            note="The letter names another client",
            by=omar,
        )
    elif ending == "cancel":
        approvals.cancel(request_id=closing.approval_id, by=maya)
    else:
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=8))
        assert approvals.expire_due() == 1

    assert now(reviewing).state == State.REVIEW
    assert Entry.objects.filter(event__startswith="closing.", object_id=reviewing.reference).count() == 2
    assert asked(reviewing, maya).key == f"{reviewing.reference}-closing-2"


# What speaks for and against it -------------------------------------------------------------------------------------


def test_it_refuses_completed_without_an_order_under_the_reference(
    coinmena: Partners, reviewing: Operation, maya: Person
) -> None:
    other = landed(coinmena, reviewing, reference="dep-2026-another0")

    with pytest.raises(CannotClose, match="No completed order is known under this reference"):
        asked(reviewing, maya, "completed", order_id=other)


def test_it_refuses_failed_while_a_completed_order_is_known(
    coinmena: Partners, reviewing: Operation, maya: Person
) -> None:
    order = landed(coinmena, reviewing)

    with pytest.raises(CannotClose, match=f"completed order under this reference, {order}"):
        asked(reviewing, maya)


def test_it_refuses_a_reason_that_says_the_opposite_of_the_claim(
    coinmena: Partners, reviewing: Operation, maya: Person
) -> None:
    landed(coinmena, reviewing)

    with pytest.raises(CannotBeTheReason, match="What was completed has an order at CoinMENA"):
        asked(reviewing, maya, "completed", reason_code=Closing.ReasonCode.ABSENT)


def test_it_refuses_no_such_order_as_the_reason_while_one_is_shown(
    coinmena: Partners, reviewing: Operation, maya: Person
) -> None:
    landed(coinmena, reviewing, status="on_hold")

    with pytest.raises(CannotBeTheReason, match="found an order at CoinMENA"):
        asked(reviewing, maya, reason_code=Closing.ReasonCode.ABSENT)
    assert asked(reviewing, maya).reason_code == Closing.ReasonCode.CONFIRMED


def test_what_coinmena_took_out_of_its_books_is_closed_as_failed_and_not_as_completed(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person
) -> None:
    order = landed(coinmena, reviewing)
    look_up_order(text=reviewing.reference, by=maya)
    hide(coinmena, reviewing)
    with pytest.raises(CannotClose, match="close it as completed"):
        asked(reviewing, maya)
    report_vanished(ORDERS, [order])

    with pytest.raises(CannotClose, match="No completed order is known"):
        asked(reviewing, maya, "completed", order_id=order)
    ended = signed(asked(reviewing, maya), omar)

    assert ended.state == State.FAILED
    watch()
    assert "could pay twice" in why_not_copy(ended), "a manager has to say first that it moved nothing"
    settle(late_order_id=LateOrder.objects.get().pk, settlement="CoinMENA deleted it.", by=omar)
    assert not why_not_copy(ended)


def test_an_order_that_is_shown_singly_is_no_less_there_for_a_list_that_leaves_it_out(
    coinmena: Partners, reviewing: Operation, maya: Person
) -> None:
    order = landed(coinmena, reviewing)
    look_up_order(text=reviewing.reference, by=maya)
    report_vanished(ORDERS, [order])

    with pytest.raises(CannotClose, match="close it as completed"):
        asked(reviewing, maya)


def by_a_gateway(coinmena: Partners, _settings: Settings) -> None:
    coinmena.fault("html", match=LOOKUPS, times=None, status=404)


def by_another_environment(_coinmena: Partners, settings: Settings) -> None:
    ask_another_environment(settings)


@pytest.mark.parametrize("answered", [by_a_gateway, by_another_environment])
def test_a_not_found_that_is_not_the_partners_word_about_our_request_is_not_told_to_those_who_close(
    coinmena: Partners, reviewing: Operation, maya: Person, settings: Settings, answered: Callable[..., None]
) -> None:
    answered(coinmena, settings)

    check_now(operation_id=reviewing.pk, by=maya)

    findings = findings_of(reviewing)
    assert (findings.is_shown, findings.looked_up_at) == (False, None)
    assert "No look-up has had a usable answer yet" in [str(check.text) for check in findings_checks(findings)]


@pytest.mark.parametrize("answered", [by_a_gateway, by_another_environment])
def test_what_was_shown_is_not_forgotten_for_a_not_found_that_is_not_the_partners(
    coinmena: Partners, reviewing: Operation, maya: Person, settings: Settings, answered: Callable[..., None]
) -> None:
    landed(coinmena, reviewing, status="on_hold")
    check_now(operation_id=reviewing.pk, by=maya)
    answered(coinmena, settings)

    with pytest.raises(CannotBeTheReason, match="found an order at CoinMENA"):
        asked(reviewing, maya, reason_code=Closing.ReasonCode.ABSENT)


def test_two_people_close_it_as_completed_with_the_order_that_turned_up(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person
) -> None:
    order = landed(coinmena, reviewing)
    assert looked_up(reviewing).state == State.REVIEW, "what is found is put before two people"

    ended = signed(asked(reviewing, maya, "completed"), omar)

    assert (ended.state, ended.partner_order_id, ended.failure_sentence) == (
        State.COMPLETED,
        order,
        reviewing.failure_sentence,
    )


def test_every_field_that_differs_is_named_in_what_both_people_saw(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person
) -> None:
    landed(coinmena, reviewing, amount="999.99")

    closing = asked(reviewing, maya, "completed")

    [order] = closing.findings["orders"]
    assert list(order["differences"]) == [{"field": "amount", "ours": "1000.00", "theirs": "999.99"}]
    assert signed(closing, omar).state == State.COMPLETED


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_an_order_that_failed_there_is_closed_as_failed(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person, status: str
) -> None:
    landed(coinmena, reviewing, status=status)

    with pytest.raises(CannotClose):
        asked(reviewing, maya, "completed")
    assert signed(asked(reviewing, maya), omar).state == State.FAILED


def test_what_turns_up_after_the_asking_stops_the_signing(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person
) -> None:
    closing = asked(reviewing, maya)
    landed(coinmena, reviewing)

    with pytest.raises(Conflict, match="Something new was found"):
        signed(closing, omar)

    assert now(reviewing).state == State.REVIEW
    assert Entry.objects.filter(event="approval.refused", result=Entry.Result.REFUSED).exists()
    assert signed(asked(reviewing, maya, "completed"), omar).state == State.COMPLETED


def test_an_order_that_changes_after_the_asking_stops_the_signing(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person
) -> None:
    order = landed(coinmena, reviewing)
    closing = asked(reviewing, maya, "completed")
    coinmena.change_order(order, amount="900.00")

    with pytest.raises(Conflict, match="Something new was found"):
        signed(closing, omar)


def test_another_not_found_changes_nothing_that_was_claimed(reviewing: Operation, maya: Person, omar: Person) -> None:
    closing = asked(reviewing, maya)
    check_now(operation_id=reviewing.pk, by=maya)

    assert signed(closing, omar).state == State.FAILED


def test_a_partner_that_is_down_does_not_keep_two_people_from_closing(
    coinmena: Partners, reviewing: Operation, maya: Person, omar: Person
) -> None:
    closing = asked(reviewing, maya)
    with coinmena.down():
        assert signed(closing, omar).state == State.FAILED


def test_nothing_is_asked_or_signed_while_our_own_look_up_keeps_another_from_being_made(
    reviewing: Operation, maya: Person, omar: Person, impatient: None
) -> None:
    closing = asked(reviewing, maya)
    being_looked_up(reviewing)
    made = Lookup.objects.count()

    with pytest.raises(NotLookedUp, match="being looked up at this moment"):
        signed(closing, omar)
    with pytest.raises(NotLookedUp):
        check_before_proof(request_id=closing.approval_id, fingerprint=closing.fingerprint, by=omar)
    approvals.cancel(request_id=closing.approval_id, by=maya)
    with pytest.raises(NotLookedUp):
        asked(reviewing, maya)
    with pytest.raises(NotLookedUp):
        check_plausible(reviewing.pk, claim())

    assert (now(reviewing).state, Closing.objects.count(), Lookup.objects.count()) == (State.REVIEW, 1, made)


def test_another_look_up_that_ends_in_time_is_waited_for(
    reviewing: Operation, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = asked(reviewing, maya)
    being_looked_up(reviewing)
    made = Lookup.objects.count()
    monkeypatch.setattr(clock, "sleep", lambda _seconds: Operation.objects.update(**NO_LEASE))

    assert signed(closing, omar).state == State.FAILED
    assert Lookup.objects.count() == made + 1


def test_a_look_up_that_our_own_budget_kept_from_leaving_is_none(
    reviewing: Operation, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = asked(reviewing, maya)

    def refuse(*_args: object) -> None:
        raise RateLimited

    monkeypatch.setattr(DatabaseBucket, "acquire", refuse)
    with pytest.raises(NotLookedUp, match="as often as we may"):
        signed(closing, omar)
    assert now(reviewing).state == State.REVIEW


@pytest.mark.parametrize("count", [0, 6])
def test_it_asks_for_one_to_five_files(reviewing: Operation, maya: Person, count: int) -> None:
    files = [Attachment(f"{n}.txt", "text/plain", f"letter {n}".encode()) for n in range(count)]

    with pytest.raises(CannotClose, match="Attach 1 to 5 files"):
        asked(reviewing, maya, evidence=files)


def test_evidence_is_kept_as_it_was_received(reviewing: Operation, maya: Person) -> None:
    closing = asked(reviewing, maya)

    [kept] = closing.evidence.all()
    assert bytes(kept.content) == b"%PDF-1.7 CoinMENA wrote this"
    assert kept.digest == Attachment("", "", bytes(kept.content)).digest
    with pytest.raises(DatabaseError), transaction.atomic():
        ClosingEvidence.objects.filter(pk=kept.pk).update(content=b"%PDF-another")


def test_evidence_added_after_the_asking_stops_the_signing(reviewing: Operation, maya: Person, omar: Person) -> None:
    closing = asked(reviewing, maya)
    ClosingEvidence.objects.create(
        closing=closing, name="more.txt", media_type="text/plain", content=b"more", size=4, digest="e" * 64
    )

    with pytest.raises(Conflict):
        signed(closing, omar)


# What the database holds, whichever code asks -----------------------------------------------------------------------


@pytest.mark.parametrize("missing", [{"evidence": False}, {"decided": False}])
def test_review_does_not_end_without_evidence_or_without_the_second_person(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset, missing: dict[str, Any]
) -> None:
    operation = fresh(maya, omar, noura, usd, State.REVIEW)
    closing = signed_closing(operation, State.FAILED, asked_by=maya, signed_by=omar, **missing)

    with pytest.raises(DatabaseError, match="not closed by two people"), transaction.atomic():
        Operation.objects.filter(pk=operation.pk).update(state=State.FAILED, closing=closing)


def test_review_does_not_end_by_nobody(db: None, maya: Person, omar: Person, noura: Client, usd: Asset) -> None:
    operation = fresh(maya, omar, noura, usd, State.REVIEW)

    with pytest.raises(DatabaseError, match="not closed by two people"), transaction.atomic():
        Operation.objects.filter(pk=operation.pk).update(state=State.FAILED)


def test_the_same_person_cannot_ask_and_sign(db: None, maya: Person, omar: Person, noura: Client, usd: Asset) -> None:
    operation = fresh(maya, omar, noura, usd, State.REVIEW)

    with pytest.raises(DatabaseError, match="nobody_decides_their_own_request"), transaction.atomic():
        signed_closing(operation, State.FAILED, asked_by=omar, signed_by=omar)


def test_review_does_not_end_by_another_operations_closing(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    one, other = fresh(maya, omar, noura, usd, State.REVIEW), deposit(maya, noura, usd, "7.00")
    step(other, State.SUBMITTING, omar)
    step(now(other), State.REVIEW, omar)
    closing = signed_closing(other, State.FAILED, asked_by=maya, signed_by=omar)

    with pytest.raises(DatabaseError, match="not closed by two people"), transaction.atomic():
        Operation.objects.filter(pk=one.pk).update(state=State.FAILED, closing=closing)


def test_review_does_not_end_otherwise_than_it_was_signed(
    db: None, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = fresh(maya, omar, noura, usd, State.REVIEW)
    closing = signed_closing(operation, State.FAILED, asked_by=maya, signed_by=omar)

    with pytest.raises(DatabaseError, match="not closed by two people"), transaction.atomic():
        changes = {"state": State.COMPLETED, "partner_order_id": 7, "closing": closing}
        Operation.objects.filter(pk=operation.pk).update(**changes)


def test_a_withdrawal_is_closed_the_same_way_even_by_the_manager_who_approved_it(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    coinmena.fault("close_before_apply", match={"method": "POST"})
    operation = reviewed(sent(approved_by(omar, withdrawal(maya, noura, usd))))

    assert signed(asked(operation, maya), omar).state == State.FAILED


def test_a_closing_is_asked_in_time(reviewing: Operation, maya: Person, omar: Person) -> None:
    closing = asked(reviewing, maya)
    waiting = Request.objects.get(pk=closing.approval_id)

    assert waiting.valid_until - timezone.now() > timedelta(days=6)
    assert waiting.amount is None, "the queue shows no sum that a click would move"

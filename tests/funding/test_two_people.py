"""The band that needs two others, an approval taken back, and what the database refuses beside them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from backoffice.accounts.models import Person
from backoffice.approvals import services
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding import who_funded
from backoffice.funding.columns import approvers_of as approvers_in_list
from backoffice.funding.models import Operation
from backoffice.funding.policies import why_not_in_force
from backoffice.funding.services.claiming import claim
from backoffice.funding.states import State
from backoffice.funding.timeline import approvers_of, events_of, story_of
from tests.approving import approve
from tests.funding.cast import WORKER, now, sent, withdrawal
from tests.partners import Partners
from tests.ruling import make_live, rule

LARGE = "12500.00"


@pytest.fixture
def two_needed(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> Operation:
    """Maya's withdrawal in the band of two."""
    make_live(rule("withdrawal"), rule("withdrawal", "Large", asset="USD", at_least=Decimal(10000), people_needed=2))
    coinmena.adjust("user_12345", "USD", change="50000.00")
    return withdrawal(maya, noura, usd, LARGE)


def request_of(operation: Operation) -> Request:
    return Request.objects.get(subject=operation.reference)


def test_it_is_sent_once_two_others_approved_and_not_before(two_needed: Operation, omar: Person, lina: Person) -> None:
    approve(request_of(two_needed), by=omar)
    assert now(two_needed).state == State.PENDING_APPROVAL
    assert sent(two_needed).state == State.PENDING_APPROVAL

    approve(request_of(two_needed), by=lina)

    done = sent(two_needed)
    assert done.state == State.COMPLETED and done.approved_by == lina
    assert approvers_of(story_of(done).decisions) == ["Omar Saleh", "Lina Aziz"]


def test_one_person_counts_once(two_needed: Operation, omar: Person) -> None:
    approve(request_of(two_needed), by=omar)
    with pytest.raises(Conflict):
        approve(request_of(two_needed), by=omar)
    assert now(two_needed).state == State.PENDING_APPROVAL


# What the database refuses --------------------------------------------------------------------------------------------


def forced(operation: Operation, **changes: Any) -> None:
    with transaction.atomic():
        Operation.objects.filter(pk=operation.pk, state=F("state")).update(version=F("version") + 1, **changes)


def test_the_database_lets_nothing_be_approved_by_too_few(two_needed: Operation, omar: Person) -> None:
    approve(request_of(two_needed), by=omar)
    with pytest.raises(DatabaseError, match="not approved by those it needs"):
        forced(two_needed, state=State.APPROVED, approved_by=omar, approved_at=clock.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        Request.objects.filter(subject=two_needed.reference).update(state="approved", closed_at=clock.now())


def test_the_database_lets_nothing_be_claimed_whose_approval_was_taken_back(
    two_needed: Operation, omar: Person, lina: Person
) -> None:
    for person in (omar, lina):
        approve(request_of(two_needed), by=person)
    with transaction.atomic():
        Decision.objects.filter(decided_by=omar).update(taken_back_at=clock.now())

    assert "not approved by other people" in why_not_in_force(now(two_needed), clock.now())
    assert claim(two_needed.pk, WORKER) is None
    lease = {"lease_token": uuid4(), "lease_until": clock.now()}
    with pytest.raises(DatabaseError, match="not approved by those it needs"):
        forced(two_needed, state=State.SUBMITTING, **lease)


def test_the_database_takes_no_other_operations_approval(
    two_needed: Operation, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    small = withdrawal(maya, noura, usd, "5.00")
    approve(request_of(small), by=omar)
    other = Operation.objects.get(pk=two_needed.pk)
    other.pk, other.reference, other.submission_token = None, "wd-2026-forged00", uuid4()
    other.approval, other.state = None, State.APPROVED
    with pytest.raises(DatabaseError), transaction.atomic():
        other.save(force_insert=True)
    other.approval, other.approved_by, other.approved_at = request_of(small), omar, clock.now()
    with pytest.raises(DatabaseError), transaction.atomic():
        other.save(force_insert=True)


# Taking an approval back ----------------------------------------------------------------------------------------------


@pytest.fixture
def approved(two_needed: Operation, omar: Person, lina: Person) -> Operation:
    """Approved by both, and not sent."""
    for person in (omar, lina):
        approve(request_of(two_needed), by=person)
    return now(two_needed)


def taken_back(operation: Operation, by: Person) -> Operation:
    services.take_back(request_id=request_of(operation).pk, by=by)
    return now(operation)


def test_an_approval_taken_back_before_sending_cancels_it_plainly(approved: Operation, omar: Person) -> None:
    ended = taken_back(approved, omar)

    assert ended.state == State.CANCELLED and request_of(approved).state == "taken_back"
    assert sent(approved).state == State.CANCELLED
    told = [event.what for event in events_of(story_of(ended))]
    assert "Approval taken back" in told and "Cancelled" in told
    assert Entry.objects.filter(event="operation.approval_taken_back", object_id=ended.reference).count() == 1


def test_what_was_taken_back_is_copied_and_approved_anew(
    approved: Operation, maya: Person, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    ended = taken_back(approved, lina)

    copy = withdrawal(maya, noura, usd, LARGE, copy_of=ended)

    assert copy.state == State.PENDING_APPROVAL and request_of(copy).people_needed == 2
    for person in (omar, lina):
        approve(request_of(copy), by=person)
    assert sent(copy).state == State.COMPLETED


def test_an_approval_taken_back_while_others_are_missing_leaves_the_request_waiting(
    two_needed: Operation, omar: Person, lina: Person
) -> None:
    approve(request_of(two_needed), by=omar)
    assert taken_back(two_needed, omar).state == State.PENDING_APPROVAL
    approve(request_of(two_needed), by=lina)
    assert now(two_needed).state == State.PENDING_APPROVAL
    approve(request_of(two_needed), by=omar)
    assert now(two_needed).state == State.APPROVED


def test_what_has_left_is_not_taken_back(approved: Operation, omar: Person) -> None:
    sent(approved)
    with pytest.raises(Conflict, match="It is too late"):
        taken_back(approved, omar)
    assert request_of(approved).state == "approved"


def test_a_claim_and_a_change_of_mind_never_both_win(approved: Operation, omar: Person) -> None:
    """The operation's row is locked by both, so one of them finds what the other did."""

    def change_of_mind() -> object:
        try:
            return taken_back(approved, omar)
        except Conflict as conflict:
            return conflict

    def closing(act: Callable[[], object]) -> object:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        claimed, mind = threads.map(closing, [lambda: claim(approved.pk, WORKER), change_of_mind])

    if claimed is None:
        assert now(approved).state == State.CANCELLED
    else:
        assert isinstance(mind, Conflict) and now(approved).state == State.SUBMITTING


# Who funded what ------------------------------------------------------------------------------------------------------


def test_whoever_approved_is_named_in_every_list_and_found_by_it(
    two_needed: Operation, omar: Person, lina: Person
) -> None:
    for person in (omar, lina):
        approve(request_of(two_needed), by=person)
    sent(two_needed)

    [row] = who_funded.completed()

    assert approvers_of(story_of(two_needed).decisions) == ["Omar Saleh", "Lina Aziz"]
    assert approvers_in_list(row) == "Omar Saleh, Lina Aziz"
    assert [who_funded.by_people(who_funded.completed(), [str(one.pk)]).count() for one in (omar, lina)] == [1, 1]

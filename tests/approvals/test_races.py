"""Deciding at the same moment: every order of the locks ends in one truth."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client as Browser

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals import services
from backoffice.approvals.absences import services as absences
from backoffice.approvals.absences.policies import NotPossible
from backoffice.approvals.models import Decision, Delegation, Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.funding.models import Operation
from backoffice.funding.services.claiming import claim
from backoffice.funding.states import State
from tests.approvals.conftest import absence
from tests.approving import approve, shown
from tests.funding.cast import approved_by, mirrored_asset, mirrored_client, withdrawal
from tests.holding import held_elsewhere
from tests.ruling import make_live, rule

pytestmark = pytest.mark.usefixtures("committed")


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment; what was refused comes back as the exception."""
    barrier = Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        try:
            barrier.wait()
            return one()
        except (Conflict, Refused, NotPossible) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


def asked_for(maya: Person, people: int) -> Request:
    make_live(rule("withdrawal", people_needed=people), rule("release"))
    return Request.objects.get(subject=withdrawal(maya, mirrored_client(), mirrored_asset()).reference)


def refusals(results: list[object]) -> int:
    return sum(isinstance(one, Exception) for one in results)


def test_two_who_approve_at_once_are_two(maya: Person, omar: Person, lina: Person) -> None:
    asked = asked_for(maya, people=2)

    results = at_once(lambda: approve(asked, omar), lambda: approve(asked, lina))

    assert refusals(results) == 0
    assert Operation.objects.get().state == State.APPROVED


def test_one_who_approves_twice_at_once_is_one(maya: Person, omar: Person) -> None:
    asked = asked_for(maya, people=2)

    results = at_once(lambda: approve(asked, omar), lambda: approve(asked, omar))

    assert refusals(results) == 1
    assert Decision.objects.filter(request=asked).count() == 1
    assert Operation.objects.get().state == State.PENDING_APPROVAL


def test_one_voice_used_by_two_at_once_is_one(maya: Person, omar: Person, lina: Person) -> None:
    asked = asked_for(maya, people=2)
    planned = absence(omar, lina)
    absences.hand_over(planned, by=omar, proof=shown(omar, absences.fingerprint_of(planned), planned.begins_at))

    results = at_once(lambda: approve(asked, omar), lambda: approve(asked, lina, for_person=omar))

    assert refusals(results) == 1
    assert Decision.objects.filter(request=asked).count() == 1


def test_a_second_approval_and_a_first_taken_back_never_leave_half(maya: Person, omar: Person, lina: Person) -> None:
    asked = asked_for(maya, people=2)
    approve(asked, omar)

    at_once(lambda: approve(asked, lina), lambda: services.take_back(request_id=asked.pk, by=omar))

    state = Operation.objects.get().state
    counted = Decision.objects.filter(request=asked, taken_back_at=None).count()
    assert (state, counted) in [(State.PENDING_APPROVAL, 1), (State.CANCELLED, 1)]


def test_taking_back_and_claiming_to_send_never_both_win(maya: Person, omar: Person) -> None:
    asked = asked_for(maya, people=1)
    operation = approved_by(omar, Operation.objects.get())

    taken, claimed = at_once(
        lambda: services.take_back(request_id=asked.pk, by=omar), lambda: claim(operation.pk, "worker 1")
    )

    state = Operation.objects.get().state
    if isinstance(taken, Conflict):
        assert claimed is not None and state == State.SUBMITTING
    else:
        assert claimed is None and state == State.CANCELLED


def test_two_hand_overs_of_one_person_at_once_are_one(maya: Person, omar: Person, lina: Person) -> None:
    asked_for(maya, people=1)
    rami = Person.objects.get(email="rami@example.com")

    def hand_over(stand_in: Person) -> Delegation:
        planned = absence(omar, stand_in)
        proof = shown(omar, absences.fingerprint_of(planned), planned.begins_at)
        return absences.hand_over(planned, by=omar, proof=proof)

    results = at_once(lambda: hand_over(lina), lambda: hand_over(rami))

    assert refusals(results) == 1
    assert Delegation.objects.count() == 1


def test_a_hand_over_ended_while_it_is_used_ends_after_or_before(maya: Person, omar: Person, lina: Person) -> None:
    asked = asked_for(maya, people=1)
    planned = absence(omar, lina)
    made = absences.hand_over(planned, by=omar, proof=shown(omar, absences.fingerprint_of(planned), planned.begins_at))

    decided, _ended = at_once(
        lambda: approve(asked, lina, for_person=omar), lambda: absences.end(delegation_id=made.pk, by=omar)
    )

    made.refresh_from_db()
    assert made.ended_at is not None
    given = Decision.objects.filter(request=asked).first()
    assert isinstance(decided, Refused) if given is None else given.decided_at <= made.ended_at


def test_a_decision_that_others_keep_waiting_is_told_that_it_was_not_taken(
    maya: Person, omar: Person, client: Browser
) -> None:
    asked = asked_for(maya, people=1)
    client.force_login(maya)

    with held_elsewhere(lambda: Request.objects.select_for_update().get(pk=asked.pk), patience="200ms"):
        answer = client.post(f"/approvals/{asked.subject}/cancel/")

    assert answer.status_code == 409
    assert "Others kept this waiting for too long, and it was not done." in answer.content.decode()
    assert Request.objects.get(pk=asked.pk).state == RequestState.WAITING

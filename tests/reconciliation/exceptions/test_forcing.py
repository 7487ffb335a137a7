"""Ends although both sides differ: asked by one person, agreed to by a manager, overtaken by a run."""

from decimal import Decimal

import pytest

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.approvals.states import RequestState
from backoffice.audit.models import Entry
from backoffice.orders.models import Order
from backoffice.reconciliation.models import ExceptionItem, ExceptionState, Resolution
from backoffice.reconciliation.services import exceptions as services
from tests.approving import approve
from tests.reconciliation.exceptions.world import item, taken

pytestmark = pytest.mark.django_db


def asked(subject: ExceptionItem, by: Person, how: Resolution = Resolution.ACCEPTED) -> Request:
    (result,) = services.ask_to_force([subject.pk], resolution=how, text="They corrected a fee.", by=by)
    assert result.is_done, result.sentence
    return Request.objects.filter(subject__startswith=f"exception-{subject.pk}-").order_by("-id")[0]


def test_it_ends_when_a_manager_agrees(short: ExceptionItem, maya: Person, omar: Person) -> None:
    request = asked(short, maya)
    assert (request.kind, request.subject) == ("resolution", f"exception-{short.pk}-1")
    assert item("operation:dep-1").state == ExceptionState.WAITING
    approve(request, by=omar, note="Seen the letter.")
    ended = item("operation:dep-1")
    assert (ended.state, ended.resolution, ended.resolved_by) == ("resolved", "accepted", maya)
    assert ended.resolution_text == "They corrected a fee."
    entry = Entry.objects.get(event="exception.resolved")
    assert (entry.who, (entry.after or {})["asked_by"]) == ("Omar Saleh", "Maya Haddad")


def test_a_request_writes_the_difference_as_the_pages_do(short: ExceptionItem, maya: Person) -> None:
    assert asked(short, maya).title == f"Exception {short.pk}, amount differs by −0.50 USD: accepted"


def test_an_order_made_elsewhere_is_adopted_by_two_people(extra: ExceptionItem, maya: Person, omar: Person) -> None:
    approve(asked(extra, maya, Resolution.MADE_ELSEWHERE), by=omar)
    extra.refresh_from_db()
    assert (extra.state, extra.resolution, extra.difference) == ("resolved", "made_elsewhere", Decimal("500.00"))


def test_what_we_made_was_not_made_elsewhere(short: ExceptionItem, maya: Person) -> None:
    (result,) = services.ask_to_force([short.pk], resolution=Resolution.MADE_ELSEWHERE, text="So.", by=maya)
    assert (result.is_done, "stands behind it" in result.sentence) == (False, True)


def test_nobody_agrees_to_what_they_asked(short: ExceptionItem, omar: Person) -> None:
    request = asked(short, omar)
    with pytest.raises(Refused):
        approve(request, by=omar)
    assert item("operation:dep-1").state == ExceptionState.WAITING


def test_it_is_not_asked_twice_at_a_time(short: ExceptionItem, maya: Person) -> None:
    asked(short, maya)
    (again,) = services.ask_to_force([short.pk], resolution=Resolution.ACCEPTED, text="Again.", by=maya)
    assert (again.is_done, Request.objects.count()) == (False, 1 + fixture_requests())


def fixture_requests() -> int:
    """The requests that the rows of these tests came with."""
    return Request.objects.exclude(kind="resolution").count()


def test_a_run_that_finds_it_changed_overtakes_the_request(short: ExceptionItem, maya: Person, omar: Person) -> None:
    request = asked(short, maya)
    Order.objects.update(debit=Decimal("499.00"))
    taken()
    assert item("operation:dep-1").state == ExceptionState.OPEN
    with pytest.raises(Conflict):
        approve(request, by=omar)
    assert item("operation:dep-1").state == ExceptionState.OPEN
    approve(asked(item("operation:dep-1"), maya), by=omar)
    assert item("operation:dep-1").state == ExceptionState.RESOLVED


def test_a_run_that_sees_the_same_overtakes_nothing(short: ExceptionItem, maya: Person, omar: Person) -> None:
    request = asked(short, maya)
    taken()
    approve(request, by=omar)
    assert item("operation:dep-1").state == ExceptionState.RESOLVED


def test_a_run_that_clears_it_leaves_nothing_to_agree_to(short: ExceptionItem, maya: Person, omar: Person) -> None:
    request = asked(short, maya)
    Order.objects.update(debit=Decimal("500.00"))
    taken()
    with pytest.raises(Conflict):
        approve(request, by=omar)
    assert item("operation:dep-1").state == ExceptionState.CLEARED


def test_a_rejection_opens_it_again(short: ExceptionItem, maya: Person, omar: Person) -> None:
    request = asked(short, maya)
    approvals.reject(
        request_id=request.pk, fingerprint=request.fingerprint, reason_code="other", note="Show the letter.", by=omar
    )
    again = item("operation:dep-1")
    assert (again.state, again.resolution, again.approval) == ("open", "", None)
    assert Entry.objects.filter(event="exception.resolution_rejected").count() == 1
    assert again.events.order_by("-id")[0].text.endswith("Show the letter.")


def test_whoever_asked_takes_it_back(short: ExceptionItem, maya: Person) -> None:
    approvals.cancel(request_id=asked(short, maya).pk, by=maya)
    assert item("operation:dep-1").state == ExceptionState.OPEN
    assert Entry.objects.filter(event="exception.resolution_cancelled").count() == 1


def test_nobody_decides_in_time_and_it_is_open_again(
    short: ExceptionItem, maya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(short, maya)
    monkeypatch.setattr(approvals, "is_expired", lambda request, now: True)
    assert approvals.expire(request.pk)
    request.refresh_from_db()
    assert (request.state, item("operation:dep-1").state) == (RequestState.EXPIRED, ExceptionState.OPEN)
    assert Entry.objects.filter(event="exception.resolution_expired").count() == 1


def test_an_overtaken_request_that_is_rejected_leaves_the_new_one_alone(
    short: ExceptionItem, maya: Person, omar: Person
) -> None:
    old = asked(short, maya)
    Order.objects.update(debit=Decimal("499.00"))
    taken()
    asked(item("operation:dep-1"), maya)
    approvals.cancel(request_id=old.pk, by=maya)
    assert item("operation:dep-1").state == ExceptionState.WAITING

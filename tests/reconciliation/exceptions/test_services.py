"""What people do to exceptions: one or many, each with a result; no amount changes by any of it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.orders.models import Order
from backoffice.reconciliation.exceptions.acting import MOST_AT_ONCE, Result
from backoffice.reconciliation.exceptions.opening import take_in
from backoffice.reconciliation.models import ExceptionEvent, ExceptionItem, ExceptionState, Resolution, Severity
from backoffice.reconciliation.services import exceptions as services
from tests.approving import approve
from tests.funding.closings import signed_closing
from tests.partners import Partners
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import item, run_over, taken
from tests.reconciliation.rows import Ours, Theirs

pytestmark = pytest.mark.django_db
Does = Callable[[list[int], Person], list[Result]]


def entries(event: str) -> list[Entry]:
    return list(Entry.objects.filter(event=event).order_by("number"))


def after(event: str) -> dict[str, Any]:
    """What the only entry of an event says of what it changed."""
    (entry,) = entries(event)
    return entry.after or {}


DOINGS: dict[str, Does] = {
    "exception.assigned": lambda ids, by: services.assign(ids, owner=by, by=by),
    "exception.weighed": lambda ids, by: services.set_severity(ids, severity=Severity.HIGH, by=by),
    "exception.noted": lambda ids, by: services.note(ids, text="Asked them.", by=by),
    "exception.referred": lambda ids, by: services.refer(ids, address="https://example.com/1", by=by),
    "exception.carried": lambda ids, by: services.carry(ids, text="Booked tomorrow.", by=by),
    "exception.raised": lambda ids, by: services.raise_with_partner(ids, ticket="77120", text="A fee?", by=by),
    "exception.resolution_asked": lambda ids, by: services.ask_to_force(
        ids, resolution=Resolution.ACCEPTED, text="They corrected a fee.", by=by
    ),
}


@pytest.mark.parametrize("event", DOINGS)
def test_each_act_is_done_told_and_written_down_and_changes_no_amount(
    short: ExceptionItem, maya: Person, event: str
) -> None:
    before = (short.difference, short.at_risk, Order.objects.get().debit, short.operation.amount)  # type: ignore[union-attr]
    (result,) = DOINGS[event]([short.pk], maya)
    assert (result.is_done, len(entries(event))) == (True, 1)
    assert ExceptionEvent.objects.filter(exception=short, by=maya).exists()
    short.refresh_from_db()
    assert before == (short.difference, short.at_risk, Order.objects.get().debit, short.operation.amount)  # type: ignore[union-attr]


@pytest.mark.parametrize("event", DOINGS)
@pytest.mark.parametrize("who", ["vera", "adam"])
def test_those_who_read_or_administer_do_none_of_it(
    short: ExceptionItem, event: str, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(Refused, match="Only finance and managers"):
        DOINGS[event]([short.pk], request.getfixturevalue(who))
    assert not ExceptionEvent.objects.exists()


def test_many_are_worked_at_once_each_with_a_result_of_its_own(
    short: ExceptionItem, extra: ExceptionItem, maya: Person
) -> None:
    services.carry([extra.pk], text="Tomorrow.", by=maya)
    ExceptionItem.objects.filter(pk=extra.pk).update(state="cleared", ended_at=timezone.now())
    done = services.carry([short.pk, extra.pk, 999_999, short.pk], text="Booked tomorrow.", by=maya)
    assert [one.is_done for one in done] == [True, False, False]
    assert done[1].sentence.startswith("It has ended already.")
    assert item("operation:dep-1").state == ExceptionState.CARRIED


def test_so_many_at_once_are_refused_as_a_whole(short: ExceptionItem, maya: Person) -> None:
    with pytest.raises(Conflict, match="At most 200"):
        services.note(range(1, MOST_AT_ONCE + 2), text="All.", by=maya)


def test_only_those_who_work_exceptions_are_given_one(short: ExceptionItem, maya: Person, vera: Person) -> None:
    with pytest.raises(ValueError, match="works exceptions"):
        services.assign([short.pk], owner=vera, by=maya)
    services.assign([short.pk], owner=maya, by=maya)
    services.assign([short.pk], owner=None, by=maya)
    assert item("operation:dep-1").owner is None


def test_a_graver_one_is_due_sooner_from_when_it_was_first_seen(short: ExceptionItem, maya: Person) -> None:
    services.set_severity([short.pk], severity=Severity.HIGH, by=maya)
    graver = item("operation:dep-1")
    assert graver.due_at == short.opened_at + timedelta(hours=4)
    assert list(graver.events.order_by("id").values_list("kind", flat=True)) == ["severity", "due"]


def test_a_link_is_an_https_address(short: ExceptionItem, maya: Person) -> None:
    with pytest.raises(ValueError, match="https"):
        services.refer([short.pk], address="javascript:alert(1)", by=maya)


def test_words_of_blanks_are_no_words(short: ExceptionItem, maya: Person) -> None:
    with pytest.raises(ValueError, match="needs words"):
        services.carry([short.pk], text="  ", by=maya)


def test_what_is_raised_keeps_the_ticket_and_is_carried_forward(short: ExceptionItem, maya: Person) -> None:
    services.raise_with_partner([short.pk], ticket="77120", text="A fee of 0.50?", by=maya)
    raised = item("operation:dep-1")
    assert (raised.state, raised.resolution, raised.ticket) == ("carried", "raised", "77120")


def test_a_note_can_still_be_written_when_it_has_ended(short: ExceptionItem, maya: Person) -> None:
    Order.objects.update(debit=Decimal("500.00"))
    taken()
    assert services.note([short.pk], text="They told us why.", by=maya)[0].is_done


# Linking --------------------------------------------------------------------------------------------------------------


def test_an_order_is_linked_to_the_operation_in_doubt_that_made_it(extra: ExceptionItem, maya: Person) -> None:
    doubtful = rows.operation(Ours(reference="dep-9", state=State.REVIEW))
    (result,) = services.link([extra.pk], reference="dep-9", text="Same minute.", by=maya)
    extra.refresh_from_db()
    assert (result.is_done, extra.state, extra.resolution) == (True, "resolved", "linked")
    assert (extra.operation, extra.resolved_by) == (doubtful, maya)
    assert after("exception.resolved")["operation"] == "dep-9"
    take_in(run_over())
    extra.refresh_from_db()
    assert (extra.state, extra.operation) == ("resolved", doubtful)


@pytest.mark.parametrize(
    ("ours", "sentence"),
    [
        ({"state": State.COMPLETED}, "is not in doubt"),
        ({"amount": Decimal("500.01")}, "not of the same amount"),
        ({"asset": "BHD"}, "not of the same amount"),
        ({"client": "user_2"}, "two clients"),
        ({"kind": "withdrawal"}, "The order is a deposit"),
    ],
)
def test_an_order_is_linked_to_nothing_that_differs(
    extra: ExceptionItem, maya: Person, ours: dict[str, object], sentence: str
) -> None:
    rows.operation(Ours(**{"reference": "dep-9", "state": State.REVIEW, **ours}))  # type: ignore[arg-type]
    (result,) = services.link([extra.pk], reference="dep-9", text="Same minute.", by=maya)
    assert (result.is_done, sentence in result.sentence) == (False, True)
    extra.refresh_from_db()
    assert extra.state == ExceptionState.OPEN


@pytest.mark.parametrize("state", [State.SUBMITTING, State.UNKNOWN])
def test_an_order_is_not_linked_to_what_may_still_be_sent_again(
    extra: ExceptionItem, maya: Person, state: State
) -> None:
    operation = rows.operation(Ours(reference="dep-9", state=state))
    (result,) = services.link([extra.pk], reference="dep-9", text="They say it is this one.", by=maya)
    extra.refresh_from_db()
    assert (result.is_done, extra.state, extra.operation) == (False, ExceptionState.OPEN, None)
    assert result.sentence.startswith("dep-9 may still be sent again. Have the client frozen")
    rows.move(operation, State.REVIEW, Ours(reference="dep-9"))
    (result,) = services.link([extra.pk], reference="dep-9", text="They say it is this one.", by=maya)
    assert (result.is_done, "It stays in review until two people close it" in result.sentence) == (True, True)


def test_two_orders_are_not_linked_to_one_operation(extra: ExceptionItem, short: ExceptionItem, maya: Person) -> None:
    with pytest.raises(Conflict, match="one by one"):
        services.link([extra.pk, short.pk], reference="dep-9", text="Both.", by=maya)


def test_one_operation_hides_one_order_and_not_a_second(extra: ExceptionItem, maya: Person) -> None:
    rows.operation(Ours(reference="dep-9", state=State.REVIEW))
    other = rows.order(Theirs(reference=None))
    take_in(run_over())
    second = item(f"order:{other.pk}")
    assert services.link([extra.pk], reference="dep-9", text="Same minute.", by=maya)[0].is_done
    (result,) = services.link([second.pk], reference="dep-9", text="This one too.", by=maya)
    assert (result.is_done, "is linked to dep-9 already" in result.sentence) == (False, True)
    with pytest.raises(DatabaseError, match="one_order_linked"), transaction.atomic():
        said = {"resolution": "linked", "resolution_text": "This one too.", "resolved_by": maya}
        linked = ExceptionItem.objects.filter(pk=second.pk)
        linked.update(operation=item(extra.key).operation, state="resolved", ended_at=timezone.now(), **said)


@pytest.mark.parametrize("ending", [State.FAILED, State.COMPLETED])
def test_an_order_comes_back_when_the_operation_it_was_linked_to_ended_without_it(
    extra: ExceptionItem, maya: Person, omar: Person, ending: State
) -> None:
    operation = rows.operation(Ours(reference="dep-9", state=State.REVIEW))
    services.link([extra.pk], reference="dep-9", text="Same minute.", by=maya)
    assert take_in(run_over()).changed == 0
    closing = signed_closing(operation, ending, asked_by=maya, signed_by=omar)
    ended = {"closing": closing, "partner_order_id": closing.order_id, "ended_at": timezone.now()}
    Operation.objects.filter(pk=operation.pk).update(state=ending, **ended)
    assert take_in(run_over()).changed == 1
    extra.refresh_from_db()
    assert (extra.state, extra.operation, extra.resolution) == ("open", None, "")
    assert extra.events.order_by("-id").first().kind == "reopened"  # type: ignore[union-attr]


def test_what_has_an_operation_of_ours_is_linked_to_no_other(short: ExceptionItem, maya: Person) -> None:
    rows.operation(Ours(reference="dep-9", state=State.REVIEW))
    assert not services.link([short.pk], reference="dep-9", text="That one.", by=maya)[0].is_done


# Reading again --------------------------------------------------------------------------------------------------------


def test_reading_again_clears_what_the_partner_has_put_right(maya: Person, partners: Partners) -> None:
    partners.make_client("user_1")
    rows.operation(Ours(reference="dep-1"))
    at = f"{rows.NOON:%Y-%m-%dT%H:%M:%SZ}"
    made = partners.make_order("user_1", amount="500.00", reference="dep-1", created_at=at)
    rows.order(Theirs(id=made["id"], reference="dep-1", at=rows.NOON, amount=Decimal("499.50")))
    taken()
    (result,) = services.read_again([item("operation:dep-1").pk], by=maya)
    assert (result.is_done, result.sentence) == (True, "Read again: both sides agree now, so it is cleared.")
    assert item("operation:dep-1").state == ExceptionState.CLEARED
    assert after("exception.read_again")["state"] == "cleared"


def test_reading_again_says_so_when_the_partner_cannot_be_asked(
    short: ExceptionItem, maya: Person, partners: Partners
) -> None:
    with partners.down():
        (result,) = services.read_again([short.pk], by=maya)
    assert (result.is_done, "did not answer" in result.sentence) == (False, True)
    assert item("operation:dep-1").state == ExceptionState.OPEN


def test_few_are_read_again_at_once(short: ExceptionItem, maya: Person) -> None:
    with pytest.raises(Conflict, match="At most 10"):
        services.read_again(range(11), by=maya)


# What the database holds ----------------------------------------------------------------------------------------------


def test_the_database_refuses_an_end_without_words(short: ExceptionItem) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ExceptionItem.objects.filter(pk=short.pk).update(state="resolved", ended_at=timezone.now())


def test_the_database_refuses_a_forced_end_that_nobody_agreed_to(short: ExceptionItem, maya: Person) -> None:
    ended = {"resolution": "accepted", "resolution_text": "So be it.", "resolved_by": maya}
    with pytest.raises(DatabaseError, match="nobody agreed"), transaction.atomic():
        ExceptionItem.objects.filter(pk=short.pk).update(state="resolved", ended_at=timezone.now(), **ended)


def test_what_was_agreed_once_ends_nothing_a_second_time(short: ExceptionItem, maya: Person, omar: Person) -> None:
    services.ask_to_force([short.pk], resolution=Resolution.ACCEPTED, text="Theirs stands.", by=maya)
    agreed = Request.objects.get(kind="resolution")
    approve(agreed, by=omar)
    Order.objects.update(debit=Decimal("499.00"))
    take_in(run_over())
    assert item("operation:dep-1").state == ExceptionState.OPEN
    again = {"resolution": "accepted", "resolution_text": "As before.", "resolved_by": maya, "approval": agreed}
    for state in ("resolved", "waiting"):
        ended = timezone.now() if state == "resolved" else None
        with pytest.raises(DatabaseError, match="nobody"), transaction.atomic():
            ExceptionItem.objects.filter(pk=short.pk).update(state=state, ended_at=ended, **again)


def test_what_was_agreed_is_ended_as_that_and_nothing_else(short: ExceptionItem, maya: Person) -> None:
    services.ask_to_force([short.pk], resolution=Resolution.ACCEPTED, text="Theirs stands.", by=maya)
    with pytest.raises(DatabaseError, match="something else"), transaction.atomic():
        ExceptionItem.objects.filter(pk=short.pk).update(resolution="made_elsewhere")


@pytest.mark.parametrize(("first", "then"), [("linked", "accepted"), ("timing", ""), ("raised", "")])
def test_no_other_word_gets_around_the_second_person(short: ExceptionItem, maya: Person, first: str, then: str) -> None:
    ended = {"state": "resolved", "ended_at": timezone.now(), "resolution_text": "So.", "resolved_by": maya}
    with pytest.raises(DatabaseError, match="nobody agreed|ends_by_what"), transaction.atomic():
        ExceptionItem.objects.filter(pk=short.pk).update(resolution=first, **ended)
        ExceptionItem.objects.filter(pk=short.pk).update(resolution=then)

"""Nobody decides on what they asked for; whoever may, decides once, on what they were shown (security.md S4, S5)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals import queries, services
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.policies import Conflict, why_not_decide
from backoffice.approvals.states import MOVES, RequestState
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from tests import approving
from tests.funding.cast import withdrawal
from tests.people import give_role

pytestmark = pytest.mark.usefixtures("db")


def approve(asked: Request, by: Person, fingerprint: str = "") -> Request:
    return approving.approve(asked, by, fingerprint=fingerprint, note="Checked.")


def reject(asked: Request, by: Person) -> Request:
    return services.reject(
        request_id=asked.pk, fingerprint=asked.fingerprint, reason_code="wrong_amount", note="Should be 50.", by=by
    )


def state_of(operation: Operation) -> str:
    return Operation.objects.values_list("state", flat=True).get(pk=operation.pk)


def test_another_person_approves_and_the_log_says_so(asked: Request, operation: Operation, omar: Person) -> None:
    approve(asked, omar)

    assert state_of(operation) == State.APPROVED
    assert Decision.objects.get().decided_by == omar
    entry = Entry.objects.get(event="operation.approved")
    assert (entry.person, entry.object_id, entry.reason) == (omar, operation.reference, "Checked.")


def test_a_rejection_ends_it_with_its_reason(asked: Request, operation: Operation, omar: Person) -> None:
    reject(asked, omar)

    assert state_of(operation) == State.REJECTED
    assert Entry.objects.get(event="operation.rejected").reason == "Wrong amount: Should be 50."


@pytest.mark.parametrize(("code", "note"), [("nonsense", "Words"), ("other", " ")])
def test_a_rejection_without_a_reason_is_no_rejection(asked: Request, omar: Person, code: str, note: str) -> None:
    with pytest.raises(ValueError, match="reason"):
        services.reject(request_id=asked.pk, fingerprint=asked.fingerprint, reason_code=code, note=note, by=omar)


# Self-approval (S4) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decide", [approve, reject])
def test_s4_nobody_decides_on_their_own_request(
    asked: Request, operation: Operation, maya: Person, omar: Person, decide: Callable[..., Request]
) -> None:
    with pytest.raises(Refused, match="your own request.*Omar Saleh"):
        decide(asked, maya)

    assert state_of(operation) == State.PENDING_APPROVAL
    refusal = Entry.objects.get(event="approval.refused")
    assert (refusal.person, refusal.result, refusal.object_id) == (maya, "refused", operation.reference)


def test_s4_a_role_gained_later_changes_nothing(asked: Request, maya: Person, operation: Operation) -> None:
    give_role(maya, Role.MANAGER)

    with pytest.raises(Refused, match="your own request"):
        approve(asked, maya)
    assert state_of(operation) == State.PENDING_APPROVAL


def test_s4_the_database_refuses_it_through_the_orm(asked: Request, maya: Person) -> None:
    with pytest.raises(IntegrityError, match="nobody_decides_their_own_request"):
        Decision.objects.create(
            request=asked,
            requested_by=maya,
            decided_by=maya,
            verdict="approved",
            fingerprint=asked.fingerprint,
            proof=approving.shown(maya, asked.fingerprint, timezone.now()),
            decided_at=timezone.now(),
        )


def test_s4_the_database_refuses_a_forged_requester(asked: Request, maya: Person, lina: Person) -> None:
    """Naming somebody else as the person who asked does not help: the pair must exist."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            request=asked,
            requested_by=lina,
            decided_by=maya,
            verdict="approved",
            fingerprint=asked.fingerprint,
            proof=approving.shown(maya, asked.fingerprint, timezone.now()),
            decided_at=timezone.now(),
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_s4_the_database_refuses_it_in_raw_sql(asked: Request, operation: Operation, maya: Person) -> None:
    for sql in (
        "INSERT INTO approvals_decision (request_id, requested_by_id, decided_by_id, verdict, reason_code, note,"
        " fingerprint, decided_at) SELECT id, requested_by_id, requested_by_id, 'rejected', '', 'No', fingerprint,"
        " now()"
        " FROM approvals_request",
        "UPDATE funding_operation SET state = 'approved', approved_by_id = requested_by_id, approved_at = now()",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert state_of(operation) == State.PENDING_APPROVAL


# Who else may not, and why --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vera", "adam"])
def test_only_managers_decide_and_the_refusal_names_them(
    asked: Request, omar: Person, lina: Person, name: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(Refused, match="Only managers decide.*Lina Aziz or Omar Saleh can, until"):
        approve(asked, request.getfixturevalue(name))


def test_a_manager_whose_account_was_closed_meanwhile_is_refused(asked: Request, omar: Person) -> None:
    Person.objects.filter(pk=omar.pk).update(is_active=False)

    with pytest.raises(Refused):
        approve(asked, omar)


def test_where_nobody_can_the_refusal_says_so(asked: Request, maya: Person) -> None:
    with pytest.raises(Refused, match="an administrator has to invite a manager"):
        approve(asked, maya)


# Out of order (S5) ----------------------------------------------------------------------------------------------------


def test_s5_a_second_decision_comes_too_late(asked: Request, operation: Operation, omar: Person, lina: Person) -> None:
    approve(asked, omar)
    for decide in (approve, reject):
        with pytest.raises(Conflict, match="Omar Saleh has approved this already"):
            decide(asked, lina)

    assert state_of(operation) == State.APPROVED
    assert Entry.objects.filter(event="approval.refused", person=lina).count() == 2


def test_s5_a_cancelled_request_is_not_approved(
    asked: Request, operation: Operation, maya: Person, omar: Person
) -> None:
    services.cancel(request_id=asked.pk, by=maya)
    with pytest.raises(Conflict, match="Maya Haddad has cancelled"):
        approve(asked, omar)

    assert state_of(operation) == State.CANCELLED


def test_s5_an_expired_request_is_not_approved_even_before_it_was_moved(
    asked: Request, operation: Operation, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = timezone.now() + timedelta(hours=24, seconds=1)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)
    with pytest.raises(Conflict, match="expired"):
        approve(asked, omar)

    assert state_of(operation) == State.PENDING_APPROVAL
    assert not Decision.objects.exists()


def test_s5_a_decision_on_other_content_than_was_shown_is_refused(
    asked: Request, operation: Operation, omar: Person
) -> None:
    with pytest.raises(Conflict, match="not what is stored now"):
        approve(asked, omar, fingerprint="0" * 64)

    assert state_of(operation) == State.PENDING_APPROVAL


def test_s5_content_that_changed_in_the_database_is_not_approved(
    asked: Request, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Triggers keep it from changing; should they be gone, the fingerprint still tells."""
    monkeypatch.setattr("backoffice.funding.subject.fingerprint_of", lambda _operation: "1" * 64)

    with pytest.raises(Conflict, match="not what is stored now"):
        approve(asked, omar)


def test_only_the_person_who_asked_takes_it_back(asked: Request, omar: Person) -> None:
    with pytest.raises(Refused, match="Maya Haddad, who asked for it"):
        services.cancel(request_id=asked.pk, by=omar)


# The table and the queue ----------------------------------------------------------------------------------------------


def decision(asked: Request, by: Person, verdict: Decision.Verdict, fingerprint: str = "") -> Decision:
    """Write down a decision as raw SQL could, without the engine."""
    now, content = timezone.now(), fingerprint or asked.fingerprint
    return Decision.objects.create(
        request=asked,
        requested_by=asked.requested_by,
        decided_by=by,
        verdict=verdict,
        note="x",
        fingerprint=content,
        proof=approving.shown(by, content, now),
        decided_at=now,
    )


@pytest.mark.parametrize("state", [RequestState.APPROVED, RequestState.REJECTED])
@pytest.mark.parametrize("made", ["none", "the other verdict", "of other content"])
def test_s4_no_request_is_decided_without_the_decision(
    asked: Request, omar: Person, state: RequestState, made: str
) -> None:
    other = {"approved": Decision.Verdict.REJECTED, "rejected": Decision.Verdict.APPROVED}[state]
    if made == "the other verdict":
        decision(asked, omar, other)
    elif made == "of other content":
        decision(asked, omar, Decision.Verdict(state), fingerprint="f" * 64)
    with pytest.raises(DatabaseError, match="by those it needs"):
        Request.objects.filter(pk=asked.pk).update(state=state, closed_at=timezone.now())


@pytest.mark.parametrize("before", RequestState)
@pytest.mark.parametrize("after", RequestState)
def test_the_database_allows_exactly_the_moves_of_the_table(
    asked: Request, omar: Person, lina: Person, before: RequestState, after: RequestState
) -> None:
    decision(asked, omar, Decision.Verdict.APPROVED)
    decision(asked, lina, Decision.Verdict.REJECTED)

    def move(to: RequestState) -> None:
        closed_at = None if to is RequestState.WAITING else timezone.now()
        with transaction.atomic():
            if to is RequestState.TAKEN_BACK:
                Decision.objects.filter(decided_by=omar, taken_back_at=None).update(taken_back_at=timezone.now())
            Request.objects.filter(pk=asked.pk).update(state=to, closed_at=closed_at)

    for step in ways_to(before):
        move(step)
    if before is after is RequestState.WAITING or after in MOVES[before]:
        move(after)
    else:
        with pytest.raises(DatabaseError):
            move(after)


def ways_to(state: RequestState) -> list[RequestState]:
    """Name the moves that lead to ``state``: only what was approved can be taken back."""
    if state is RequestState.WAITING:
        return []
    return [RequestState.APPROVED, state] if state is RequestState.TAKEN_BACK else [state]


def test_the_database_takes_nothing_back_that_nobody_takes_back(asked: Request, omar: Person) -> None:
    approve(asked, omar)

    with pytest.raises(DatabaseError, match="nobody has taken an approval"):
        Request.objects.filter(pk=asked.pk).update(state=RequestState.TAKEN_BACK)


def test_when_a_request_was_closed_never_changes(asked: Request) -> None:
    row = Request.objects.filter(pk=asked.pk)
    row.update(state=RequestState.CANCELLED, closed_at=timezone.now())
    with pytest.raises(DatabaseError, match="Cannot update"):
        row.update(closed_at=timezone.now())


@pytest.mark.parametrize("column", ["fingerprint", "amount", "subject", "rule_version", "people_needed", "valid_until"])
def test_what_was_asked_never_changes(asked: Request, column: str) -> None:
    other: dict[str, Any] = {"amount": 1, "rule_version": 9, "people_needed": 9, "valid_until": timezone.now()}
    with pytest.raises(DatabaseError):
        Request.objects.filter(pk=asked.pk).update(**{column: other.get(column, "other")})


def test_the_queue_of_a_manager_is_oldest_first_and_without_their_own(
    operation: Operation, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    second = withdrawal(maya, noura, usd, "2.00")
    now = timezone.now()

    waiting = list(queries.waiting_for(omar, now).values_list("subject", flat=True))
    assert waiting == [operation.reference, second.reference]
    assert not queries.waiting_for(maya, now).exists()


def test_after_a_decision_comes_the_next_younger_then_the_oldest(
    operation: Operation, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    references = [operation.reference, *(withdrawal(maya, noura, usd, f"{n}.00").reference for n in (2, 3))]
    requests = {one.subject: one for one in Request.objects.all()}

    def after(reference: str) -> str:
        following = queries.next_after(requests[reference], omar, timezone.now())
        assert following is not None
        return following.subject

    assert [after(reference) for reference in references] == [references[1], references[2], references[0]]


def test_button_server_and_log_ask_the_same_function(asked: Request, maya: Person, omar: Person) -> None:
    now = timezone.now()
    reason = why_not_decide(maya, asked, now)

    assert why_not_decide(omar, asked, now) is None
    assert reason is not None and reason.code == "own_request"
    with pytest.raises(Refused) as refused:
        approve(asked, maya)
    assert str(refused.value) == reason.sentence == Entry.objects.get(event="approval.refused").reason

"""The database moves an operation along the table's arrows and along no other, whichever code asks."""

from collections import deque
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.database import clock
from backoffice.funding.models import Kind, Operation
from backoffice.funding.models.operation import FROZEN
from backoffice.funding.states import FIRST_STATES, MOVES, TERMINAL_STATES, State
from tests.funding.cast import approved_by, deposit, withdrawal
from tests.funding.closings import signed_closing

pytestmark = pytest.mark.usefixtures("db")


def reach(operation: Operation, goal: State, omar: Person) -> None:
    """Walk a fresh deposit along allowed arrows until it is in ``goal``."""
    for state in path_to(State(operation.state), goal):
        step(operation, state, omar)


def path_to(start: State, goal: State) -> list[State]:
    waiting, before = deque([start]), dict[State, State]()
    while waiting:
        here = waiting.popleft()
        for there in MOVES[here]:
            if there not in before and there is not start:
                before[there] = here
                waiting.append(there)
    path = []
    while goal is not start:
        path.append(goal)
        goal = before[goal]
    return path[::-1]


def step(operation: Operation, to: State, omar: Person) -> None:
    """Try one move with everything else that the constraints ask of the new state."""
    details: dict[str, Any] = {"state": to, "version": operation.version + 1}
    if to is State.SUBMITTING:
        details |= {"lease_token": uuid4(), "lease_until": timezone.now() + timedelta(seconds=45)}
    if to in TERMINAL_STATES:
        details |= {"ended_at": timezone.now()}
    if to is State.COMPLETED:
        details |= {"partner_order_id": operation.pk}
    with transaction.atomic():
        if Operation.objects.get(pk=operation.pk).state == State.REVIEW and to in (State.COMPLETED, State.FAILED):
            details["closing"] = signed_closing(operation, to, asked_by=operation.requested_by, signed_by=omar)
        Operation.objects.filter(pk=operation.pk).update(**details)


def fresh(maya: Person, omar: Person, client: Client, asset: Asset, state: State) -> Operation:
    """Make an operation in ``state``; only one that waits for approval is born by hand, so that it may go anywhere."""
    operation = deposit(maya, client, asset)
    if state in (State.PENDING_APPROVAL, State.REJECTED):
        operation.pk, operation.reference, operation.submission_token = None, "dep-2026-00000000", uuid4()
        operation.state = State.PENDING_APPROVAL
        operation.save(force_insert=True)
    reach(operation, state, omar)
    return operation


@pytest.mark.parametrize(("before", "after"), list(product(State, State)), ids=str)
def test_the_database_allows_exactly_the_moves_of_the_table(
    maya: Person, omar: Person, noura: Client, usd: Asset, before: State, after: State
) -> None:
    operation = fresh(maya, omar, noura, usd, before)
    is_still_open = before not in TERMINAL_STATES
    if (before is after and is_still_open) or after in MOVES[before]:
        step(operation, after, omar)
    else:
        with pytest.raises(DatabaseError):
            step(operation, after, omar)


@pytest.mark.parametrize("state", sorted(set(State) - FIRST_STATES))
def test_no_operation_is_born_in_a_later_state(maya: Person, noura: Client, usd: Asset, state: State) -> None:
    operation = deposit(maya, noura, usd)
    operation.pk, operation.reference, operation.submission_token = None, "dep-2026-00000001", uuid4()
    operation.state, operation.partner_order_id = state, 1
    operation.lease_token, operation.lease_until = uuid4(), timezone.now()
    with pytest.raises(DatabaseError):
        operation.save(force_insert=True)


OTHER_VALUES: dict[str, Any] = {
    "reference": "dep-2026-zzzzzzzz",
    "submission_token": uuid4(),
    "kind": Kind.WITHDRAWAL,
    "amount": Decimal("1000.01"),
    "reason": "another",
    "fingerprint": "0" * 64,
    "requested_at": timezone.now(),
    "confirmed_equal": True,
    "ungated_rule_version": 7,
}


@pytest.mark.parametrize("column", sorted(OTHER_VALUES))
def test_what_was_asked_for_never_changes(maya: Person, noura: Client, usd: Asset, column: str) -> None:
    operation = deposit(maya, noura, usd)
    with pytest.raises(DatabaseError):
        Operation.objects.filter(pk=operation.pk).update(**{column: OTHER_VALUES[column]})


def test_whose_money_in_what_asked_by_whom_never_changes(maya: Person, omar: Person, noura: Client, usd: Asset) -> None:
    operation = deposit(maya, noura, usd)
    other = {"client": Client.objects.create(**_like(noura)), "asset": Asset.objects.create(**_like_asset(usd))}
    for change in ({"client": other["client"]}, {"asset": other["asset"]}, {"requested_by": omar}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Operation.objects.filter(pk=operation.pk).update(**change)


def test_the_frozen_columns_are_all_tried_here() -> None:
    assert set(FROZEN) == set(OTHER_VALUES) | {"client", "asset", "requested_by", "copy_of", "approval"}


def test_an_approval_is_given_once_and_stays_whose_it_was(
    maya: Person, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd)
    row = Operation.objects.filter(pk=operation.pk)
    for permission in ({"approval": None}, {"ungated_rule_version": 1}):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.update(**permission)
    approved_by(omar, operation)
    changes: list[dict[str, Any]] = [{"approved_by": lina}, {"approved_by": None, "approved_at": None}]
    for change in [*changes, {"approved_at": timezone.now()}]:
        with pytest.raises(DatabaseError), transaction.atomic():
            row.update(**change)


@pytest.mark.parametrize("is_approved", [False, True], ids=["asked for", "approved"])
@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [
        (timedelta(hours=1), timedelta(hours=1, microseconds=1), True),
        (timedelta(hours=-1), timedelta(hours=1), True),
        (timedelta(hours=-2), timedelta(hours=-1), True),
        (None, timedelta(hours=1), True),
        (timedelta(hours=1), timedelta(hours=1), False),
        (timedelta(hours=1), timedelta(seconds=1), False),
        (timedelta(hours=1), None, False),
    ],
)
def test_until_when_it_may_be_sent_is_never_put_off(
    maya: Person,
    omar: Person,
    noura: Client,
    usd: Asset,
    is_approved: bool,
    before: timedelta | None,
    after: timedelta | None,
    is_refused: bool,
) -> None:
    now, operation = clock.now(), withdrawal(maya, noura, usd)
    if is_approved:
        approved_by(omar, operation)
    row = Operation.objects.filter(pk=operation.pk)
    row.update(valid_until=now + before if before is not None else None)

    with pytest.raises(DatabaseError, match="Cannot update") if is_refused else nullcontext():
        row.update(valid_until=now + after if after is not None else None)


@pytest.mark.parametrize("state", sorted(TERMINAL_STATES))
@pytest.mark.parametrize("change", [{"ended_at": timezone.now()}, {"partner_order_id": 7}, {"failure_code": "3005"}])
def test_what_has_ended_stays_as_it_ended(
    maya: Person, omar: Person, noura: Client, usd: Asset, state: State, change: dict[str, Any]
) -> None:
    operation = fresh(maya, omar, noura, usd, state)
    with pytest.raises(DatabaseError, match="Cannot update"):
        Operation.objects.filter(pk=operation.pk).update(**change)


def test_a_copy_needs_a_predecessor_that_ended_without_effect(maya: Person, noura: Client, usd: Asset) -> None:
    open_one = deposit(maya, noura, usd)
    copy = deposit(maya, noura, usd, "7.00")
    copy.pk, copy.reference, copy.submission_token, copy.copy_of = None, "dep-2026-00000002", uuid4(), open_one
    with pytest.raises(DatabaseError):
        copy.save(force_insert=True)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1.123456789", "100000000000000000000"])
def test_the_database_refuses_amounts_that_cannot_be_sent(maya: Person, noura: Client, usd: Asset, amount: str) -> None:
    operation = deposit(maya, noura, usd)
    columns = [str(field.column) for field in Operation._meta.concrete_fields if field.column not in ("id", "amount")]
    fixed = {"reference": "'dep-2026-00000003'", "submission_token": "gen_random_uuid()"}
    values = ", ".join(fixed.get(column, column) for column in columns)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO funding_operation (amount, {', '.join(columns)}) "  # noqa: S608
            f"SELECT %s::numeric, {values} FROM funding_operation WHERE id = %s",
            [amount, operation.pk],
        )


def test_terminal_states_lead_nowhere() -> None:
    ended = {State.COMPLETED, State.FAILED, State.REJECTED, State.CANCELLED, State.EXPIRED}
    assert ended == TERMINAL_STATES


def _like(client: Client) -> dict[str, Any]:
    same = {"name": client.name, "status": client.status, "active": True, "raw": b"{}", "read_at": timezone.now()}
    return {"partner_client_id": "user_20871", **same}


def _like_asset(asset: Asset) -> dict[str, Any]:
    return {"asset_id": "BHD", "name": asset.name, "raw": b"{}", "read_at": timezone.now()}


def test_s4_nobody_is_written_down_as_approver_without_having_decided(
    maya: Person, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd)
    approver = {"state": State.APPROVED, "approved_by": lina, "approved_at": timezone.now()}
    with pytest.raises(DatabaseError, match="not approved by that person"), transaction.atomic():
        Operation.objects.filter(pk=operation.pk).update(**approver)
    assert approved_by(omar, operation).approved_by == omar

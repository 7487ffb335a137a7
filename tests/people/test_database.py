"""What the code is made to skip, the database refuses: no role, no way back and no false change without two people."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from backoffice.accounts.models import Person, Role
from backoffice.people.models import AccountChange, ChangeKind
from backoffice.people.states import MOVES, ChangeState
from tests import factors
from tests.approving import approve
from tests.people import change_of, invitation_of, propose, role_of

TWO_PEOPLE = "changes by two people only"


@pytest.fixture
def waiting(db: None, omar: Person, lina: Person, adam: Person, maya: Person) -> AccountChange:
    """A change of Maya's role that nobody has decided on."""
    return propose(role_of(maya, Role.MANAGER, adam), adam)


def sql(statement: str, *values: str | int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_no_role_changes_by_hand(db: None, maya: Person, role: Role) -> None:
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET role = %s WHERE id = %s", role, maya.pk)


def test_no_closed_account_opens_by_hand(db: None, maya: Person) -> None:
    sql("UPDATE accounts_person SET is_active = false WHERE id = %s", maya.pk)
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET is_active = true WHERE id = %s", maya.pk)


def test_closing_an_account_and_what_people_choose_themselves_stay_possible(db: None, maya: Person) -> None:
    sql("UPDATE accounts_person SET is_active = false, time_zone = 'UTC' WHERE id = %s", maya.pk)


@pytest.mark.parametrize("role", list(Role))
def test_s4_nobody_begins_by_hand_once_accounts_are_asked_for(waiting: AccountChange, role: Role) -> None:
    """Whoever could write a person into the table would have a second person of their own."""
    with pytest.raises(IntegrityError, match="nobody was invited"), transaction.atomic():
        Person.objects.create_person(email="second@example.com", name="Second", role=role)


def test_s4_an_invitation_that_waits_lets_nobody_begin(waiting: AccountChange, adam: Person) -> None:
    propose(invitation_of("Nora Petrov", Role.MANAGER, adam), adam)
    with pytest.raises(IntegrityError, match="nobody was invited"), transaction.atomic():
        Person.objects.create_person(email="nora@example.com", name="Nora Petrov", role=Role.MANAGER)


def test_s4_an_invitation_in_force_lets_one_begin_and_no_second(waiting: AccountChange, adam: Person) -> None:
    manager = Person.objects.get(email="omar@example.com")
    approve(propose(invitation_of("Nora Petrov", Role.MANAGER, adam), adam).approval, manager)
    assert Person.objects.get(email="nora@example.com").role == Role.MANAGER
    with pytest.raises(IntegrityError, match="nobody was invited"), transaction.atomic():
        Person.objects.create_person(email="other@example.com", name="Nora Petrov", role=Role.MANAGER)


def test_a_change_that_waits_changes_no_role(waiting: AccountChange, maya: Person) -> None:
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET role = 'manager' WHERE id = %s", maya.pk)


def test_a_change_nobody_approved_is_not_put_into_force(waiting: AccountChange) -> None:
    with pytest.raises(IntegrityError, match="was not approved by a second person"), transaction.atomic():
        AccountChange.objects.update(state=ChangeState.APPLIED, applied_at=timezone.now())


@pytest.mark.parametrize(
    "forged",
    [{"applied_in": 1}, {"applied_at": timezone.now()}],
    ids=["the transaction", "the moment"],
)
def test_a_change_is_not_said_to_be_in_force_by_half(waiting: AccountChange, forged: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountChange.objects.update(**forged)


@pytest.mark.parametrize(
    "column", ["role_after", "role_before", "kind", "email", "reason", "fingerprint", "proposed_by_id", "key"]
)
def test_what_was_proposed_is_frozen(waiting: AccountChange, omar: Person, column: str) -> None:
    other = omar.pk if column == "proposed_by_id" else "auditor" if column.startswith("role") else "other"
    with pytest.raises(DatabaseError), transaction.atomic():
        AccountChange.objects.update(**{column: other})


def test_whose_account_it_is_stays(waiting: AccountChange, omar: Person) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        AccountChange.objects.update(person=omar)


def test_a_change_in_force_opens_nothing_later(committed: str) -> None:
    """The transaction that put it into force is over: the same role cannot be taken again with it."""
    maya, adam, omar, _lina = (
        Person.objects.create_person(email=f"{name}@example.com", name=name, role=role)
        for name, role in (("m", "finance"), ("a", "administrator"), ("o", "manager"), ("l", "manager"))
    )
    approve(propose(role_of(maya, Role.MANAGER, adam), adam).approval, omar)
    maya.refresh_from_db()
    approve(propose(role_of(maya, Role.FINANCE, adam), adam).approval, omar)

    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET role = 'manager' WHERE id = %s", maya.pk)
    maya.refresh_from_db()
    assert maya.role == Role.FINANCE


def test_an_approved_change_opens_no_other_account(
    db: None, maya: Person, vera: Person, adam: Person, omar: Person, lina: Person
) -> None:
    approve(propose(role_of(maya, Role.MANAGER, adam), adam).approval, omar)
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET role = 'manager' WHERE id = %s", vera.pk)


def test_an_approved_role_is_not_another_one(db: None, maya: Person, adam: Person, omar: Person, lina: Person) -> None:
    approve(propose(role_of(maya, Role.AUDITOR, adam), adam).approval, omar)
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET role = 'administrator' WHERE id = %s", maya.pk)


def test_an_approved_role_opens_no_closed_account(
    db: None, maya: Person, adam: Person, omar: Person, lina: Person
) -> None:
    approve(propose(role_of(maya, Role.AUDITOR, adam), adam).approval, omar)
    sql("UPDATE accounts_person SET is_active = false WHERE id = %s", maya.pk)
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET is_active = true WHERE id = %s", maya.pk)


def copied(change: AccountChange, **other: object) -> AccountChange:
    """A change like another one, with a request of its own like the other's."""
    request = change.approval
    request.pk, request.subject, request.asked_with = None, "account-copy", None
    for name in ("barred", "asked_with", "requested_by"):
        if name in other:
            setattr(request, name, other[name])
    request._state.adding = True
    request.save(force_insert=True)
    change.pk, change.key, change.approval = None, "account-copy", request
    for name, value in other.items():
        if name not in ("barred", "asked_with", "requested_by"):
            setattr(change, name, value)
    change._state.adding = True
    change.save(force_insert=True)
    return change


def test_nobody_changes_their_own_account_in_the_database_either(waiting: AccountChange, adam: Person) -> None:
    with pytest.raises(IntegrityError, match="nobody_changes_their_own_account"), transaction.atomic():
        copied(waiting, person=adam)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("reason", "", "account_change_says_why"),
        ("role_after", "finance", "account_change_says_what"),
        ("role_after", "owner", "account_change_to_a_known_role"),
        ("kind", "promotion", "account_change_kind_known"),
        ("kind", "factor_reset", "account_change_says_what"),
    ],
)
def test_a_change_says_what_and_why(waiting: AccountChange, field: str, value: str, rule: str) -> None:
    AccountChange.objects.update(state=ChangeState.CANCELLED)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        copied(waiting, **{field: value, "state": ChangeState.WAITING})


def test_one_change_of_an_account_waits_at_a_time_in_the_database_too(waiting: AccountChange) -> None:
    with pytest.raises(IntegrityError, match="one_waiting_change_per_person"), transaction.atomic():
        copied(waiting)


def test_a_change_begins_as_waiting(waiting: AccountChange) -> None:
    with pytest.raises(IntegrityError, match="may not begin as"), transaction.atomic():
        copied(waiting, state=ChangeState.REJECTED)


@pytest.mark.parametrize("verb", ["DELETE FROM people_accountchange", "TRUNCATE people_accountchange"])
def test_changes_are_kept(waiting: AccountChange, verb: str) -> None:
    with pytest.raises(DatabaseError):
        sql(verb)


ENDS = [state for state in ChangeState if not MOVES[state]]


@pytest.mark.parametrize("after", list(ChangeState))
@pytest.mark.parametrize("before", [state for state in ENDS if state != ChangeState.APPLIED])
def test_a_change_that_ended_stays_ended(waiting: AccountChange, before: ChangeState, after: ChangeState) -> None:
    AccountChange.objects.update(state=before)
    with pytest.raises(DatabaseError), transaction.atomic():
        AccountChange.objects.update(state=after)


def test_a_reset_opens_no_role(db: None, maya: Person, adam: Person, omar: Person, lina: Person) -> None:
    factors.enrol(maya)
    approve(propose(change_of(maya, ChangeKind.FACTOR_RESET, adam), adam).approval, omar)
    with pytest.raises(IntegrityError, match=TWO_PEOPLE):
        sql("UPDATE accounts_person SET role = 'manager' WHERE id = %s", maya.pk)

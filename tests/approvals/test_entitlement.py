"""Whoever approves is entitled to it until the decision is committed (reliability.md §12, I7)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from backoffice import failpoints
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals.queries import people_who_can_decide
from backoffice.failpoints import Failpoint
from backoffice.funding.states import State
from tests.funding.cast import approved_by, mirrored_asset, mirrored_client, now, withdrawal


def close_the_account(person: Person) -> Exception | None:
    """Try to, as another process would, but do not wait for a lock."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
            Person.objects.filter(pk=person.pk).update(is_active=False)
    except OperationalError as error:
        return error
    finally:
        connection.close()
    return None


def test_an_account_closed_while_it_approves_is_closed_after_the_decision(
    committed: str, maya: Person, omar: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, waited = withdrawal(maya, mirrored_client(), mirrored_asset()), list[Exception | None]()

    def reached(point: Failpoint) -> None:
        if point is Failpoint.C2:
            with ThreadPoolExecutor(1) as other:
                waited.append(other.submit(close_the_account, omar).result())

    monkeypatch.setattr(failpoints, "reached", reached)

    assert approved_by(omar, operation).state == State.APPROVED
    assert isinstance(waited[0], OperationalError)


def test_an_account_closed_before_it_approves_does_not(committed: str, maya: Person, omar: Person) -> None:
    operation = withdrawal(maya, mirrored_client(), mirrored_asset())
    assert close_the_account(omar) is None

    with pytest.raises(Refused):
        approved_by(omar, operation)
    assert now(operation).state == State.PENDING_APPROVAL


def test_a_manager_who_is_invited_and_never_came_is_not_counted_on(db: None, omar: Person, lina: Person) -> None:
    invited = Person.objects.create_person(email="noor@example.com", name="Noor Adel", role=Role.MANAGER)
    assert people_who_can_decide(omar.pk) == [lina]
    Person.objects.filter(pk=invited.pk).update(last_login=timezone.now())
    assert people_who_can_decide(omar.pk) == [lina, invited]

"""An operation is created once, for whoever may ask, with everything that belongs to it or not at all."""

import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg.errors import AdminShutdown, DeadlockDetected, LockNotAvailable, QueryCanceled
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.accounts.policies import Refused
from backoffice.approvals.matching import live_version
from backoffice.approvals.models import Request
from backoffice.approvals.policies import Conflict
from backoffice.audit import services as audit
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.funding.fingerprint import fingerprint_of
from backoffice.funding.models import Kind, Operation
from backoffice.funding.references import LENGTH, PATTERN, mint, new_token, reference_of, year_of
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import EqualRequest, NotFundable
from backoffice.funding.services.expiring import expire_due
from backoffice.funding.states import State
from backoffice.funding.subject import OperationSubject
from backoffice.orders.models import MintedReference
from backoffice.worker.turns import one_by_one
from tests.funding.cast import approved_by, deposit, mirrored_asset, mirrored_client, now, withdrawal
from tests.ruling import make_live, rule

pytestmark = pytest.mark.usefixtures("db")


def test_a_deposit_is_ready_to_be_sent(maya: Person, noura: Client, usd: Asset) -> None:
    operation = deposit(maya, noura, usd, "1000.00")

    assert operation.state == State.APPROVED
    assert operation.ungated_rule_version == 1
    assert str(operation.amount) == "1000.00"
    assert ProcrastinateJob.objects.filter(task_name="funding.send", args={"operation_id": operation.pk}).exists()


def test_a_deposit_names_the_rules_that_asked_for_nobody_and_not_those_that_came_into_force_meanwhile(
    maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mint_while_rules_change(*args: Any, **details: Any) -> str:
        make_live(rule("deposit", people_needed=2), rule("withdrawal"), rule("release"), rule("account"))
        return mint(*args, **details)

    monkeypatch.setattr("backoffice.funding.services.creating.mint", mint_while_rules_change)

    operation = deposit(maya, noura, usd, "1000.00")

    assert (operation.state, operation.ungated_rule_version, live_version()) == (State.APPROVED, 1, 2)


def test_a_withdrawal_waits_for_another_person(maya: Person, noura: Client, usd: Asset) -> None:
    operation = withdrawal(maya, noura, usd)

    assert operation.state == State.PENDING_APPROVAL
    assert operation.approval is not None
    assert operation.approval.fingerprint == operation.fingerprint == fingerprint_of(operation)
    assert not ProcrastinateJob.objects.filter(task_name="funding.send").exists()


def test_a_reference_is_minted_and_kept(maya: Person, noura: Client, usd: Asset) -> None:
    references = {deposit(maya, noura, usd, f"{n + 1}").reference for n in range(5)}

    assert all(re.fullmatch(PATTERN, reference) for reference in references)
    assert set(MintedReference.objects.values_list("reference", flat=True)) == references


def test_a_reference_follows_from_its_token(maya: Person, noura: Client, usd: Asset) -> None:
    token = uuid4()

    operation = deposit(maya, noura, usd, submission_token=token)

    year = operation.requested_at.year
    assert operation.reference == reference_of(Kind.DEPOSIT, token, year)
    others = {reference_of(Kind.WITHDRAWAL, token, year), reference_of(Kind.DEPOSIT, uuid4(), year)}
    assert not {one[-LENGTH:] for one in others} & {operation.reference[-LENGTH:]}


def test_a_reference_that_is_taken_is_refused_and_never_another_one_drawn(
    maya: Person, noura: Client, usd: Asset
) -> None:
    token = uuid4()
    taken = reference_of(Kind.DEPOSIT, token, timezone.now().year)
    MintedReference.objects.create(reference=taken, minted_at=timezone.now())

    with pytest.raises(Conflict, match="Another operation has the reference"):
        deposit(maya, noura, usd, submission_token=token)
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("environment", "is_demo", "beginning"),
    [("live", False, "dep-"), ("sandbox", False, "test-dep-"), ("sandbox", True, "dep-")],
)
def test_f39_a_reference_of_a_test_is_known_at_sight(
    maya: Person, noura: Client, usd: Asset, settings: Settings, environment: str, is_demo: bool, beginning: str
) -> None:
    settings.COINMENA_ENVIRONMENT, settings.DEMO = environment, is_demo

    reference = deposit(maya, noura, usd).reference

    assert reference.startswith(beginning)
    assert re.fullmatch(PATTERN, reference)


@pytest.mark.parametrize("role", ["omar", "vera", "adam"])
def test_only_finance_asks(role: str, noura: Client, usd: Asset, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(role)
    with pytest.raises(Refused, match="Only finance"):
        deposit(person, noura, usd)
    assert not Operation.objects.exists()


def test_the_same_form_again_lands_on_the_same_operation(maya: Person, noura: Client, usd: Asset) -> None:
    token = uuid4()
    first = deposit(maya, noura, usd, submission_token=token)

    assert deposit(maya, noura, usd, submission_token=token) == first
    assert Entry.objects.filter(event="operation.created").count() == 1


def test_a_form_is_not_used_by_somebody_else(maya: Person, noura: Client, usd: Asset) -> None:
    token = uuid4()
    deposit(maya, noura, usd, submission_token=token)
    other = Person.objects.create_person(email="nadia@example.com", name="Nadia Karim", role="finance")

    with pytest.raises(Conflict):
        deposit(other, noura, usd, submission_token=token)


def test_an_equal_request_must_be_confirmed_and_the_confirmation_is_kept(
    maya: Person, noura: Client, usd: Asset
) -> None:
    first = deposit(maya, noura, usd, "10.00")
    with pytest.raises(EqualRequest) as refused:
        deposit(maya, noura, usd, "10")

    assert [one.key for one in refused.value.equal] == [first.reference]
    assert deposit(maya, noura, usd, "10", confirmed_equal=True).confirmed_equal


def test_a_cancelled_request_is_no_equal_one(maya: Person, noura: Client, usd: Asset) -> None:
    cancel_operation(operation_id=deposit(maya, noura, usd).pk, by=maya)

    assert deposit(maya, noura, usd).state == State.APPROVED


@pytest.mark.parametrize(
    ("client", "asset", "sentence"),
    [
        ({"active": False}, {}, "deactivated"),
        ({"status": "pending"}, {}, "not verified"),
        ({}, {"depositable": False}, "cannot be deposited"),
        ({}, {"published": False}, "not published"),
    ],
)
def test_what_cannot_be_funded_is_refused(
    maya: Person, client: dict[str, Any], asset: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NotFundable, match=sentence):
        deposit(maya, mirrored_client(**client), mirrored_asset(**asset))


def test_without_its_audit_entry_nothing_is_created(
    maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_details: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(audit, "append", fail)
    with pytest.raises(OSError, match="disk"):
        deposit(maya, noura, usd)

    assert not Operation.objects.exists()
    assert not MintedReference.objects.exists()
    assert not ProcrastinateJob.objects.filter(task_name="funding.send").exists()


# Copies, cancelling, expiry -------------------------------------------------------------------------------------------


def test_what_ended_without_effect_is_copied_once(maya: Person, noura: Client, usd: Asset) -> None:
    first = deposit(maya, noura, usd)
    cancel_operation(operation_id=first.pk, by=maya)
    copy = deposit(maya, noura, usd, copy_of=now(first))

    assert copy.reference != first.reference
    with pytest.raises(Conflict, match="copied already"):
        deposit(maya, noura, usd, copy_of=now(first), confirmed_equal=True)


def test_what_is_still_open_is_not_copied(maya: Person, noura: Client, usd: Asset) -> None:
    first = deposit(maya, noura, usd)
    with pytest.raises(Conflict, match="still open"):
        deposit(maya, noura, usd, copy_of=first, confirmed_equal=True)


def test_only_the_person_who_asked_cancels(maya: Person, omar: Person, noura: Client, usd: Asset) -> None:
    with pytest.raises(Refused, match="Maya Haddad"):
        cancel_operation(operation_id=deposit(maya, noura, usd).pk, by=omar)


def test_cancelling_a_request_closes_both(maya: Person, noura: Client, usd: Asset) -> None:
    operation = cancel_operation(operation_id=withdrawal(maya, noura, usd).pk, by=maya)

    assert (operation.state, Request.objects.get().state) == (State.CANCELLED, "cancelled")
    assert Entry.objects.filter(event="operation.cancelled", person=maya).count() == 1


def test_what_nobody_decides_on_expires(
    maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = withdrawal(maya, noura, usd)
    later = timezone.now() + timedelta(hours=24, seconds=1)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)

    assert expire_due() == 1
    assert (now(operation).state, Request.objects.get().state) == (State.EXPIRED, "expired")
    assert expire_due() == 0


def test_one_that_cannot_be_ended_keeps_no_other_from_expiring(
    maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, other = withdrawal(maya, noura, usd, "1.00"), withdrawal(maya, noura, usd, "2.00")
    later = timezone.now() + timedelta(hours=24, seconds=1)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)
    unguarded = OperationSubject.on_expired

    def guarded(subject: OperationSubject, request: Request, at: datetime) -> None:
        if request == refused.approval:
            raise IntegrityError
        unguarded(subject, request, at)

    monkeypatch.setattr(OperationSubject, "on_expired", guarded)

    assert expire_due() == 1
    assert (now(refused).state, now(other).state) == (State.PENDING_APPROVAL, State.EXPIRED)


@pytest.mark.parametrize(
    ("trouble", "is_its_own"),
    [(LockNotAvailable, True), (DeadlockDetected, True), (QueryCanceled, True), (AdminShutdown, False)],
)
def test_a_lock_that_somebody_holds_keeps_no_other_waiting_but_a_database_that_is_away_does(
    trouble: type[Exception], is_its_own: bool
) -> None:
    done: list[int] = []

    def do(number: int) -> bool:
        if number == 1:
            raise OperationalError from trouble()
        done.append(number)
        return True

    with nullcontext() if is_its_own else pytest.raises(OperationalError):
        assert one_by_one([1, 2], do, failed="not done") == 1
    assert done == ([2] if is_its_own else [])


OPENED = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opened", "sent_at", "year"),
    [
        (OPENED, OPENED, 2026),
        (OPENED, OPENED + timedelta(minutes=2), 2026),
        (OPENED, OPENED + timedelta(days=366), 2028),
        (OPENED + timedelta(minutes=2), OPENED, 2026),
    ],
    ids=["in its year", "after New Year", "a year too old", "opened ahead"],
)
def test_a_form_keeps_the_year_of_its_reference_over_new_year(opened: datetime, sent_at: datetime, year: int) -> None:
    assert year_of(new_token(opened), sent_at) == year


@given(number=st.integers(0, 2**128 - 1))
def test_no_forged_token_names_a_year_but_this_and_the_last(number: int) -> None:
    assert year_of(UUID(int=number), OPENED) in (2025, 2026)


def test_tokens_of_forms_opened_at_once_differ() -> None:
    assert len({new_token(OPENED) for _form in range(1000)}) == 1000


def test_what_cannot_be_sent_in_time_expires(
    maya: Person, omar: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr("backoffice.database.clock.now", lambda: later)

    assert expire_due() == 1
    assert now(operation).state == State.EXPIRED

"""Eight at once, and exactly one wins: submits, approvals, sends (reliability.md §9)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar
from uuid import uuid4

from django.db import connection

from backoffice.accounts.models import Person, Role
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Attempt, Operation
from backoffice.funding.services.cancelling import cancel_operation
from backoffice.funding.services.creating import EqualRequest
from backoffice.funding.services.sending import send
from backoffice.funding.states import State
from backoffice.orders.models import MintedReference
from tests.funding.cast import approved_by, deposit, now, withdrawal
from tests.partners import Partners

RACERS = 8
Result = TypeVar("Result")


def race(do: Callable[[int], Result]) -> list[Result | Exception]:
    """Let eight threads do the same at the same moment, each over a connection of its own."""
    start = Barrier(RACERS)

    def run(number: int) -> Result | Exception:
        start.wait()
        try:
            return do(number)
        except (Conflict, EqualRequest) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_eight_submits_of_one_form_make_one_operation(committed: str, maya: Person, noura: Client, usd: Asset) -> None:
    token = uuid4()
    made = race(lambda _number: deposit(maya, noura, usd, submission_token=token))

    assert {operation.reference for operation in made if isinstance(operation, Operation)} == {
        Operation.objects.get().reference
    }
    assert MintedReference.objects.count() == 1


def test_eight_people_who_key_one_payment_are_asked_whether_it_is_another(
    committed: str, maya: Person, noura: Client, usd: Asset
) -> None:
    made = race(lambda _number: deposit(maya, noura, usd))

    assert sum(isinstance(one, Operation) for one in made) == 1
    assert sum(isinstance(one, EqualRequest) for one in made) == RACERS - 1


def test_eight_approvers_and_one_decision(committed: str, maya: Person, noura: Client, usd: Asset) -> None:
    managers = [
        Person.objects.create_person(email=f"m{n}@example.com", name=f"Manager {n}", role=Role.MANAGER)
        for n in range(RACERS)
    ]
    operation = withdrawal(maya, noura, usd)
    request = Request.objects.get()

    decided = race(
        lambda number: approvals.approve(request_id=request.pk, fingerprint=request.fingerprint, by=managers[number])
    )

    assert sum(isinstance(one, Request) for one in decided) == 1
    assert Decision.objects.count() == 1
    assert now(operation).state == State.APPROVED


def test_approve_reject_and_cancel_at_once_end_in_one_of_them(
    committed: str, maya: Person, omar: Person, lina: Person, noura: Client, usd: Asset
) -> None:
    operation = withdrawal(maya, noura, usd)
    request = Request.objects.get()

    def act(number: int) -> object:
        if number % 3 == 0:
            return approvals.approve(request_id=request.pk, fingerprint=request.fingerprint, by=omar)
        if number % 3 == 1:
            return approvals.reject(
                request_id=request.pk, fingerprint=request.fingerprint, reason_code="other", note="No.", by=lina
            )
        return approvals.cancel(request_id=request.pk, by=maya)

    results = race(act)

    assert sum(not isinstance(one, Exception) for one in results) == 1
    request.refresh_from_db()
    assert request.state == now(operation).state


def test_eight_senders_and_one_request(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operation = deposit(maya, noura, usd)

    claimed = race(lambda number: send(operation.pk, holder=f"worker {number}"))

    assert claimed.count(True) == 1
    assert Attempt.objects.count() == 1
    assert len(coinmena.ledger(reference=operation.reference)["arrivals"]) == 1
    assert now(operation).state == State.COMPLETED


def test_a_send_and_a_cancel_never_both_happen(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))

    race(
        lambda number: (
            send(operation.pk, holder="worker 1")
            if number % 2
            else cancel_operation(operation_id=operation.pk, by=maya)
        )
    )

    is_cancelled = now(operation).state == State.CANCELLED
    assert len(coinmena.orders_under(operation.reference)) == (0 if is_cancelled else 1)
    assert now(operation).state in (State.CANCELLED, State.COMPLETED)


def test_one_client_has_one_request_in_flight(coinmena: Partners, maya: Person, noura: Client, usd: Asset) -> None:
    operations = [deposit(maya, noura, usd, f"{number + 1}.00") for number in range(RACERS)]
    coinmena.settings(latency_ms=200)

    race(lambda number: send(operations[number].pk, holder=f"worker {number}"))

    assert Operation.objects.filter(state=State.COMPLETED).count() == 1
    assert Operation.objects.filter(state=State.APPROVED).count() == RACERS - 1

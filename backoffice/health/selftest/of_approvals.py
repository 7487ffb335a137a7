"""Trials of what stands between a wish and its payment: another person, who decides once, on exactly what leaves."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Proof
from backoffice.accounts.models.proof import PROOF_VALID_FOR
from backoffice.approvals import policies
from backoffice.approvals import services as approvals
from backoffice.approvals.models import Decision, Request
from backoffice.database import clock
from backoffice.funding.models import Operation
from backoffice.funding.policies import why_not_in_force
from backoffice.funding.services import creating
from backoffice.funding.states import State
from backoffice.health.selftest import stage
from backoffice.health.selftest.stage import Stage, request_of, set_stage
from backoffice.health.selftest.trials import SERVICE, Stopped, Trial
from backoffice.orders.models import MintedReference

ENTITLED = "decided_by_somebody_entitled"


def self_approval() -> Iterator[Trial]:
    """Whoever asked approves."""
    acting = set_stage()
    operation, asker = acting.asked(), acting.requester
    request, proof = request_of(operation), proofs.write_down(asker, operation.fingerprint)
    yield Trial("own_policy", ("own_request",), lambda: refuse_by_policy(request, asker))
    yield Trial("own_service", (SERVICE,), lambda: stage.approve(operation, by=asker, proof=proof))
    yield Trial("own_decision", ("nobody_decides_their_own_request",), lambda: decide(request, asker, proof))
    yield Trial(
        "own_state",
        ("approved_by_who_decided", "sent_as_it_was_decided", "operation_not_approved_by_requester"),
        lambda: change(operation, state=State.APPROVED, approved_by=asker, approved_at=clock.now()),
    )


def replayed_approval() -> Iterator[Trial]:
    """A second factor shown once is used again: for another request, twice for one, by somebody else, late."""
    acting = set_stage()
    first, second = acting.asked(), acting.asked()
    used, request = stage.approve(first, by=acting.manager), request_of(first)
    yield Trial("proof_elsewhere", (ENTITLED,), lambda: stage.approve(second, by=acting.manager, proof=used))
    Decision.objects.filter(request=request, decided_by=acting.manager).update(taken_back_at=clock.now())
    yield Trial("proof_twice", ("proof_decides_once_per_request",), lambda: decide(request, acting.manager, used))
    if len(acting.managers) > 1:
        yield Trial("proof_of_another", (ENTITLED,), lambda: decide(request, acting.managers[1], used))
    old = late_proof(acting.manager, second)
    yield Trial("proof_late", (ENTITLED,), lambda: decide(request_of(second), acting.manager, old))


def altered_content() -> Iterator[Trial]:
    """What was approved is no longer what would be sent."""
    acting = set_stage()
    waiting, operation = acting.asked(), acting.approved()
    yield Trial("altered_unseen", (SERVICE,), lambda: approve_unseen(waiting, acting))
    yield Trial("altered_amount", ("content_is_frozen",), lambda: change(operation, amount=operation.amount + 1))
    yield Trial("altered_client", ("content_is_frozen",), lambda: change(operation, client=stage.client()))
    yield Trial("altered_asked", ("content_is_frozen",), lambda: change_request(operation))
    yield Trial("altered_sent", ("not_in_force",), lambda: send_altered(operation))


def duplicate_reference() -> Iterator[Trial]:
    """One reference for two movements, one form for two operations."""
    acting = set_stage()
    operation = acting.asked()
    yield Trial("reference_twice", ("funding_operation_reference",), lambda: doubled(operation).save(force_insert=True))
    yield Trial("reference_minted", ("orders_mintedreference",), lambda: mint_again(operation))
    yield Trial("form_twice", ("one_operation",), lambda: send_form_twice(acting))


def refuse_by_policy(request: Request, person: Person) -> None:
    reason = policies.why_not_decide(person, request, clock.now())
    if reason is not None:
        raise Stopped(reason.code)


def decide(request: Request, by: Person, proof: Proof) -> None:
    """Write an approval past the service."""
    Decision.objects.create(
        request=request,
        requested_by_id=request.requested_by_id,
        decided_by=by,
        verdict=Decision.Verdict.APPROVED,
        fingerprint=request.fingerprint,
        proof=proof,
        decided_at=clock.now(),
    )


def late_proof(person: Person, operation: Operation) -> Proof:
    """A second factor shown a moment longer ago than one is good for."""
    made_at = clock.now() - PROOF_VALID_FOR - timedelta(seconds=1)
    covers = [operation.fingerprint]
    return Proof.objects.create(person=person, covers=covers, method=Proof.Method.CODE, made_at=made_at)


def change(operation: Operation, **values: object) -> None:
    Operation.objects.filter(pk=operation.pk).update(**values)


def change_request(operation: Operation) -> None:
    Request.objects.filter(pk=request_of(operation).pk).update(amount=operation.amount + 1)


def approve_unseen(operation: Operation, acting: Stage) -> None:
    """Approve what was shown, while something else is stored."""
    shown = "0" * 64
    proof = proofs.write_down(acting.manager, shown)
    request_id = request_of(operation).pk
    approvals.approve(request_id=request_id, fingerprint=shown, by=acting.manager, proof=proof)


def send_altered(operation: Operation) -> None:
    """Ask what a worker asks before it sends, of the operation as approved and with another amount."""
    now, altered = clock.now(), Operation.objects.select_related("client", "approval").get(pk=operation.pk)
    altered.amount += Decimal(1)
    if why_not_in_force(altered, now) and not why_not_in_force(operation, now):
        raise Stopped("not_in_force")


def doubled(operation: Operation) -> Operation:
    """The same operation once more, apart from its form and its request."""
    other = Operation.objects.get(pk=operation.pk)
    other.pk, other.submission_token, other.approval = None, uuid4(), None
    return other


def mint_again(operation: Operation) -> None:
    MintedReference.objects.create(reference=operation.reference, minted_at=clock.now())


def send_form_twice(acting: Stage) -> None:
    intent = acting.intent()
    first, second = (creating.create(intent, by=acting.requester) for _ in range(2))
    if first.pk == second.pk:
        raise Stopped("one_operation")

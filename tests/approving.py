"""Approving as people do: with a second factor shown for exactly this request."""

from datetime import datetime

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Proof
from backoffice.approvals import services
from backoffice.approvals.models import Request
from backoffice.funding.models import Closing, Freeze, Operation
from backoffice.funding.services import closing, releasing


def approve(
    request: Request, by: Person, *, fingerprint: str = "", note: str = "", for_person: Person | None = None
) -> Request:
    """Approve ``request`` as ``by``, who has just shown a code for what they were shown; for whoever is away."""
    shown = fingerprint or request.fingerprint
    proof = proofs.write_down(by, shown)
    return services.approve(
        request_id=request.pk, fingerprint=shown, by=by, proof=proof, note=note, for_person=for_person
    )


def ask_to_close(operation: Operation, claim: closing.ClaimedOutcome, by: Person) -> Closing:
    """Ask for the closing of ``operation`` as ``by``, who has just shown a code for exactly that claim."""
    proof = proofs.write_down(by, closing.fingerprint_to_prove(operation, claim, by))
    return closing.ask_to_close(operation_id=operation.pk, claim=claim, by=by, proof=proof)


def ask_for_release(freeze: Freeze, by: Person, reason: str = "Now.") -> Request:
    """Ask for the release of ``freeze`` as ``by``, who has just shown a code for exactly that."""
    proof = proofs.write_down(by, releasing.fingerprint_of(freeze))
    return releasing.ask_for_release(freeze_id=freeze.pk, reason=reason, by=by, proof=proof)


def shown(person: Person, fingerprint: str, at: datetime) -> Proof:
    """Return a proof as if ``person`` had shown a code for ``fingerprint`` then."""
    return Proof.objects.create(person=person, covers=[fingerprint], method=Proof.Method.CODE, made_at=at)

"""Approving as people do: with a second factor shown for exactly this request."""

from datetime import datetime

from backoffice.accounts import proofs
from backoffice.accounts.models import Person, Proof
from backoffice.approvals import services
from backoffice.approvals.models import Request


def approve(request: Request, by: Person, *, fingerprint: str = "", note: str = "") -> Request:
    """Approve ``request`` as ``by``, who has just shown a code for what they were shown."""
    shown = fingerprint or request.fingerprint
    proof = proofs.write_down(by, shown)
    return services.approve(request_id=request.pk, fingerprint=shown, by=by, proof=proof, note=note)


def shown(person: Person, fingerprint: str, at: datetime) -> Proof:
    """Return a proof as if ``person`` had shown a code for ``fingerprint`` then."""
    return Proof.objects.create(person=person, covers=[fingerprint], method=Proof.Method.CODE, made_at=at)

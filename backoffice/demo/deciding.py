"""Requests and decisions of the demo's past, as the rules demanded them: as many people, each with a factor shown."""

from datetime import datetime

from backoffice.accounts.models import Person, Proof
from backoffice.approvals.models import Decision, Request, Rule
from backoffice.approvals.states import RequestState
from backoffice.demo.story import Deed
from backoffice.funding.models import Operation
from backoffice.funding.services.creating import SUBJECT_KIND, title_of

#: In which order managers decide where two of them have to: the one named by the deed decides last.
OTHER_MANAGER = {"omar": "lina", "lina": "omar"}
REJECTED_BECAUSE = "The client did not ask for this payout."


def request_for(operation: Operation, rule: Rule) -> Request:
    """Write down that others have to agree to ``operation``."""
    return Request.objects.create(
        kind=SUBJECT_KIND,
        subject=operation.reference,
        title=title_of(operation),
        client=operation.client.partner_client_id,
        amount=operation.amount,
        asset=operation.asset_id,
        reason=operation.reason,
        fingerprint=operation.fingerprint,
        rule=rule.name,
        rule_version=rule.version,
        people_needed=rule.people_needed,
        requested_by=operation.requested_by,
        requested_at=operation.requested_at,
        valid_until=operation.requested_at + rule.validity,
    )


def decide(request: Request, deed: Deed, people: dict[str, Person]) -> Person | None:
    """Write down what managers decided, and return who made it final; None where others are still missing."""
    if deed.ending == "rejected":
        rejected(request, people[deed.manager], deed.decided_at)
        return people[deed.manager]
    deciders = [OTHER_MANAGER[deed.manager], deed.manager][-request.people_needed :]
    if deed.ending == "half_approved":
        approved(request, people[deciders[0]], deed.first_decided_at)
        return None
    for name in deciders:
        is_last = name == deed.manager
        approved(request, people[name], deed.decided_at if is_last else deed.first_decided_at)
    close(request, RequestState.APPROVED, deed.decided_at)
    return people[deed.manager]


def approved(request: Request, by: Person, at: datetime) -> None:
    decided(request, by, at, Decision.Verdict.APPROVED, proof=shown_at(at, by, request.fingerprint))


def rejected(request: Request, by: Person, at: datetime) -> None:
    decided(request, by, at, Decision.Verdict.REJECTED, reason_code="not_justified", note=REJECTED_BECAUSE)
    close(request, RequestState.REJECTED, at)


def decided(request: Request, by: Person, at: datetime, verdict: Decision.Verdict, **details: object) -> None:
    Decision.objects.create(
        request=request,
        requested_by=request.requested_by,
        decided_by=by,
        verdict=verdict,
        fingerprint=request.fingerprint,
        decided_at=at,
        **details,
    )


def close(request: Request, state: RequestState, at: datetime) -> None:
    Request.objects.filter(pk=request.pk).update(state=state, closed_at=at)


def shown_at(moment: datetime, person: Person, fingerprint: str) -> Proof:
    """Return a proof as if ``person`` had shown a code for ``fingerprint`` then."""
    return Proof.objects.create(person=person, covers=[fingerprint], method=Proof.Method.CODE, made_at=moment)

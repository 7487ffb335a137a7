"""Close an operation in review by two people: finance claims with evidence, a manager signs (reliability.md §7).

The database asks for both and for the evidence itself (`review_ends_by_two_people`); no role can do it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import Actor
from backoffice.accounts.models import Person, Proof
from backoffice.accounts.proofs import check_proves
from backoffice.approvals.matching import Facts, rule_demanded
from backoffice.approvals.models import Request, RuleKind
from backoffice.approvals.services import ask_for_approval
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.funding.closing.attachments import FEWEST, MOST, Attachment
from backoffice.funding.closing.findings import Findings, findings_of
from backoffice.funding.closing.policies import (
    CannotClose,
    NotLookedUp,
    check_can_ask_to_close,
    check_can_conclude,
    check_reason,
)
from backoffice.funding.fingerprint import claim_fingerprint, closing_fingerprint
from backoffice.funding.models import Closing, ClosingEvidence, Operation
from backoffice.funding.purposes import BEFORE_ASKING
from backoffice.funding.services.lookups import Heard
from backoffice.funding.services.moving import NO_LEASE, locked, move
from backoffice.funding.services.resolving import look_now
from backoffice.funding.states import State

SUBJECT_KIND: Final = "closing"
CLOSED_BY_PEOPLE: Final = "closed"
#: How long another look-up is waited for. It may take longer, up to its lease; nobody waits that long for a page.
TRIES: Final = 8
BETWEEN_TRIES_SECONDS: Final = 0.5


@dataclass(frozen=True)
class ClaimedOutcome:
    """What finance says became of an operation, and on what evidence. ``order_id`` only for a completed one."""

    outcome: Closing.Outcome
    reason_code: Closing.ReasonCode
    statement: str
    evidence: Sequence[Attachment]
    order_id: int | None = None


def ask_to_close(*, operation_id: int, claim: ClaimedOutcome, by: Person, proof: Proof) -> Closing:
    """Look the reference up once more, then ask a manager to sign ``claim``.

    :param proof: the second factor ``by`` has just shown for `fingerprint_to_prove`.
    :raises Refused: for anybody but finance, and without such a factor.
    :raises Conflict: unless the operation is in review and no other closing waits; `NotLookedUp` as `look_before`.
    :raises CannotClose: when what is known speaks against the claim, or the evidence is missing.
    """
    operation = Operation.objects.get(pk=operation_id)
    check_can_ask_to_close(by, operation)
    _check_evidence(claim.evidence)
    check_proves(proof, by, fingerprint_to_prove(operation, claim, by))
    look_before(operation_id, holder=BEFORE_ASKING)
    with transaction.atomic():
        operation = locked(operation_id)
        check_can_ask_to_close(by, operation)
        findings = findings_of(operation)
        claim = check_claim(claim, findings)
        closing = _insert(operation, claim, findings, by, proof)
        _record_asking(closing, operation, claim, by)
    return closing


def check_plausible(operation_id: int, claim: ClaimedOutcome) -> None:
    """Look the reference up and refuse what is known to be otherwise, before a second factor is used up for it.

    :raises CannotClose: naming the field that is wrong.
    :raises NotLookedUp: as `look_before`.
    """
    _check_evidence(claim.evidence)
    look_before(operation_id, holder=BEFORE_ASKING)
    check_claim(claim, findings_of(Operation.objects.get(pk=operation_id)))


def look_before(operation_id: int, *, holder: str) -> None:
    """Look the reference up, so that nobody asks for or signs what is known to be otherwise. Reads only.

    Another look-up that is under way is waited for: what it brings must be known too, and it is no look-up of ours.
    A partner that was asked and does not answer keeps nobody from going on (ADR 12).

    :raises NotLookedUp: when the partner was not asked: the other look-up takes longer, or our budget is used up.
    """
    for patience in range(TRIES):
        if patience:
            clock.sleep(BETWEEN_TRIES_SECONDS)
        heard = look_now(operation_id, holder=holder)
        if heard is not None:
            _check_asked(heard)
            return
        if not Operation.objects.get(pk=operation_id).is_in_doubt:
            return  # nothing to look up: whatever is asked for or signed meets the policies
    raise NotLookedUp(_("It is being looked up at this moment. Try again in a minute."))


def _check_asked(heard: Heard) -> None:
    """Refuse to go on where the request never left, for reasons of ours."""
    if heard.exchange is None:
        raise NotLookedUp(_(heard.trouble))


def check_claim(claim: ClaimedOutcome, findings: Findings) -> ClaimedOutcome:
    """Refuse what is known to be otherwise; return the claim with the order it can only mean.

    :raises CannotClose: naming the field that is wrong.
    """
    claim = _with_order(claim, findings)
    check_can_conclude(claim.outcome, claim.order_id, findings)
    check_reason(claim.outcome, claim.reason_code, findings)
    return claim


def fingerprint_to_prove(operation: Operation, claim: ClaimedOutcome, by: Person) -> str:
    """Return the fingerprint of what ``by`` claims, which a second factor is shown for before it is asked."""
    return claim_fingerprint(
        reference=operation.reference,
        outcome=str(claim.outcome),
        reason_code=str(claim.reason_code),
        statement=claim.statement,
        order_id=claim.order_id,
        evidence=[one.digest for one in claim.evidence],
        asked_by=by,
    )


def conclude(request: Request, by: Person, note: str) -> None:
    """Close the operation as both people say, inside the transaction that signs; the engine compared the fingerprint.

    :raises CannotClose: when what is known speaks against it after all.
    """
    closing = closing_of(request.subject)
    operation = locked(closing.operation_id)
    check_can_conclude(Closing.Outcome(closing.outcome), closing.order_id, findings_of(operation))
    changes: dict[str, Any] = {"closing": closing, "next_lookup_at": None, **NO_LEASE}
    if closing.outcome == Closing.Outcome.COMPLETED:
        changes["partner_order_id"] = closing.order_id
    else:
        changes |= {"failure_code": CLOSED_BY_PEOPLE, "failure_sentence": sentence_of(closing, by)}
    move(operation, State(closing.outcome), by=by, reason=note, said=sentence_of(closing, by), **changes)


def let_go(request: Request, event: str, by: Actor, note: str = "") -> None:
    """Write down that a closing ended without effect: the operation stays in review and another may be asked for."""
    operation = locked(closing_of(request.subject).operation_id)
    partner_client_id = operation.client.partner_client_id
    record(event, by=by, obj=operation, client=partner_client_id, after={"closing": request.subject}, reason=note)


def closing_of(key: str) -> Closing:
    """Return one closing with its operation and its people."""
    return Closing.objects.select_related("operation__client", "asked_by", "approval").get(key=key)


def current_fingerprint(key: str) -> str:
    """Compute the digest of a closing and of what is known now."""
    closing = closing_of(key)
    digests = closing.evidence.values_list("digest", flat=True)
    return closing_fingerprint(closing, digests, findings_of(closing.operation))


def sentence_of(closing: Closing, signed_by: Person) -> str:
    """Say who closed it and on what ground. Stored, so in no reader's language."""
    return (
        f"Closed by two people ({closing.key}): {closing.asked_by.name} asked, {signed_by.name} signed. "
        f"{Closing.ReasonCode(closing.reason_code).name.capitalize()}: {closing.statement}"
    )


def _check_evidence(evidence: Sequence[Attachment]) -> None:
    if not FEWEST <= len(evidence) <= MOST:
        raise CannotClose.for_evidence()


def _with_order(claim: ClaimedOutcome, findings: Findings) -> ClaimedOutcome:
    """Book with the one order that can be meant, where nobody had to choose."""
    if claim.outcome == Closing.Outcome.FAILED:
        return replace(claim, order_id=None)
    if claim.order_id is None and len(findings.closable) == 1:
        return replace(claim, order_id=findings.closable[0].id)
    return claim


def _insert(operation: Operation, claim: ClaimedOutcome, findings: Findings, by: Person, proof: Proof) -> Closing:
    now = clock.now()
    key = f"{operation.reference}-closing-{operation.closings.count() + 1}"
    closing = Closing(
        key=key,
        operation=operation,
        outcome=claim.outcome,
        reason_code=claim.reason_code,
        statement=claim.statement,
        order_id=claim.order_id,
        findings=findings.as_json(),
        asked_by=by,
        asked_at=now,
    )
    closing.fingerprint = closing_fingerprint(closing, [one.digest for one in claim.evidence], findings)
    closing.approval = _request(closing, by, proof, now)
    closing.save(force_insert=True)
    for one in claim.evidence:
        ClosingEvidence.objects.create(
            closing=closing,
            name=one.name,
            media_type=one.media_type,
            content=one.content,
            size=one.size,
            digest=one.digest,
        )
    return closing


def _request(closing: Closing, by: Person, proof: Proof, now: datetime) -> Request:
    operation = closing.operation
    return ask_for_approval(
        kind=SUBJECT_KIND,
        subject=closing.key,
        title=f"Close {operation.kind} of {operation.money} for {operation.client} as {closing.outcome}",
        fingerprint=closing.fingerprint,
        rule=rule_demanded(Facts(kind=RuleKind.CLOSING)),
        by=by,
        now=now,
        client=operation.client.partner_client_id,
        reason=closing.statement,
        asked_with=proof,
    )


def _record_asking(closing: Closing, operation: Operation, claim: ClaimedOutcome, by: Person) -> None:
    record(
        "closing.asked",
        by=by,
        obj=operation,
        client=operation.client.partner_client_id,
        after={
            "closing": closing.key,
            "outcome": str(claim.outcome),
            "reason_code": str(claim.reason_code),
            "order_id": closing.order_id,
            "evidence": [one.digest for one in claim.evidence],
            "findings": closing.findings,
            "fingerprint": closing.fingerprint,
        },
        reason=claim.statement,
    )

"""Ask another person, decide, take back, let expire.

Every decision is one conditional UPDATE of a waiting request: one row changed wins, everybody else gets a `Conflict`.
What follows from it, the audit entry included, happens in the same transaction, done by the subject.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.policies import Refused
from backoffice.approvals import queries
from backoffice.approvals.models import Decision, Request, Rule
from backoffice.approvals.policies import Conflict, check_can_cancel, check_can_decide, is_expired, why_not_decide
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import ChangedByThePartner, subject_of
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint

REJECTION_REASONS = {
    "not_justified": gettext_lazy("The reason given is not enough"),
    "wrong_amount": gettext_lazy("Wrong amount"),
    "wrong_client": gettext_lazy("Wrong client"),
    "duplicate": gettext_lazy("Already done or asked twice"),
    "suspicious": gettext_lazy("Looks suspicious"),
    "other": gettext_lazy("Something else"),
}


def ask_for_approval(
    *,
    kind: str,
    subject: str,
    title: str,
    fingerprint: str,
    rule: Rule,
    by: Person,
    now: datetime,
    client: str = "",
    amount: Decimal | None = None,
    asset: str = "",
    reason: str = "",
    barred: Person | None = None,
    asked_with: Proof | None = None,
) -> Request:
    """Record that ``by`` wants ``subject`` done and that ``rule`` demands others for it.

    Called inside the transaction that creates the subject, which also writes the audit entry.

    :param barred: whose act it would undo; that person may not decide on it either.
    :param asked_with: the second factor it was asked with, where asking demands one.
    """
    return Request.objects.create(
        kind=kind,
        subject=subject,
        title=title,
        client=client,
        amount=amount,
        asset=asset,
        reason=reason,
        fingerprint=fingerprint,
        rule=rule.name,
        rule_version=rule.version,
        people_needed=rule.people_needed,
        requested_by=by,
        requested_at=now,
        barred=barred,
        asked_with=asked_with,
        valid_until=now + rule.validity,
    )


def approve(*, request_id: int, fingerprint: str, by: Person, proof: Proof, note: str = "") -> Request:
    """Approve the content with ``fingerprint``, the one that was shown to ``by``.

    :param proof: the second factor ``by`` has just shown for this very fingerprint.
    :raises Refused: when this person may not.
    :raises Conflict: when the request was decided, cancelled or expired meanwhile, or its content changed.
    """
    _refresh(Request.objects.get(pk=request_id), by)
    with _refusals_recorded(request_id, by), transaction.atomic():
        request, now = _locked(request_id), clock.now()
        check_can_decide(_entitled_now(by), request, now, fingerprint)
        _write_down(request, by, Decision.Verdict.APPROVED, note, now, proof=proof)
        if queries.approvals_of(request).count() < request.people_needed:
            record("approval.given", by=by, obj=request, client=request.client, reason=note)
            return request
        _close(request, RequestState.APPROVED, now)
        subject_of(request).on_approved(request, by, note, now)
        failpoint(Failpoint.C2)
    failpoint(Failpoint.C3)
    return request


def reject(*, request_id: int, fingerprint: str, reason_code: str, note: str, by: Person) -> Request:
    """Reject with one of `REJECTION_REASONS` and a text; one rejection ends the request.

    :raises Refused, Conflict: as `approve`.
    """
    if reason_code not in REJECTION_REASONS or not note.strip():
        raise ValueError("a rejection has a coded reason and a text")
    with _refusals_recorded(request_id, by), transaction.atomic():
        request, now = _locked(request_id), clock.now()
        check_can_decide(_entitled_now(by), request, now, fingerprint)
        _write_down(request, by, Decision.Verdict.REJECTED, note, now, reason_code=reason_code)
        _close(request, RequestState.REJECTED, now)
        subject_of(request).on_rejected(request, by, f"{REJECTION_REASONS[reason_code]}: {note}", now)
        return request


def cancel(*, request_id: int, by: Person) -> Request:
    """Take back a request that still waits.

    :raises Refused: for anybody but the person who asked.
    :raises Conflict: when it no longer waits.
    """
    with _refusals_recorded(request_id, by), transaction.atomic():
        request, now = _locked(request_id), clock.now()
        check_can_cancel(by, request, now)
        _close(request, RequestState.CANCELLED, now)
        subject_of(request).on_cancelled(request, by, now)
        return request


def expire_due() -> int:
    """Move every request whose time is over, and return how many moved. Safe to repeat and to run side by side."""
    return sum(expire(request_id) for request_id in queries.due_to_expire(clock.now()).values_list("id", flat=True))


def expire(request_id: int) -> bool:
    """Move one request whose time is over; False if it was decided or moved meanwhile."""
    with transaction.atomic():
        request, now = _locked(request_id), clock.now()
        if request.state != RequestState.WAITING or not is_expired(request, now):
            return False
        _close(request, RequestState.EXPIRED, now)
        subject_of(request).on_expired(request, now)
        return True


def _locked(request_id: int) -> Request:
    """Lock the subject's rows, then the request's, and return the request as it is now."""
    request = Request.objects.get(pk=request_id)
    subject_of(request).lock(request.subject)
    return Request.objects.select_for_update(of=("self",)).select_related("requested_by", "barred").get(pk=request_id)


def _refresh(request: Request, by: Person) -> None:
    """Have the partner asked before the decision where it depends on that; not for somebody who may not decide."""
    subject = subject_of(request)
    if isinstance(subject, ChangedByThePartner) and why_not_decide(by, request, clock.now()) is None:
        subject.refresh(request.subject)


def _entitled_now(by: Person) -> Person:
    """Read the person again: a role lost or an account closed since the page was opened counts.

    The row stays locked until the decision is committed, so whoever is entitled to it is so at that moment.
    """
    return Person.objects.select_for_update(no_key=True).get(pk=by.pk)


def _write_down(
    request: Request,
    by: Person,
    verdict: Decision.Verdict,
    note: str,
    now: datetime,
    *,
    reason_code: str = "",
    proof: Proof | None = None,
) -> None:
    Decision.objects.create(
        request=request,
        requested_by_id=request.requested_by_id,
        decided_by=by,
        verdict=verdict,
        reason_code=reason_code,
        note=note,
        fingerprint=request.fingerprint,
        proof=proof,
        decided_at=now,
    )


def _close(request: Request, state: RequestState, now: datetime) -> None:
    changed = Request.objects.filter(pk=request.pk, state=RequestState.WAITING).update(state=state, closed_at=now)
    if changed != 1:
        raise Conflict(_("This request no longer waits. Read the page again."))
    request.state, request.closed_at = state, now


@contextmanager
def _refusals_recorded(request_id: int, by: Person) -> Iterator[None]:
    """Write a refusal to the audit log after the refused transaction is undone."""
    try:
        yield
    except (Refused, Conflict) as refusal:
        request = Request.objects.get(pk=request_id)
        record(
            "approval.refused",
            by=by,
            obj=request,
            client=request.client,
            reason=str(refusal),
            result=Entry.Result.REFUSED,
        )
        raise

"""Ask another person, decide, take an approval back, cancel, let expire.

Every decision is one conditional UPDATE of a waiting request: one row changed wins, everybody else gets a `Conflict`.
What follows from it, the audit entry included, happens in the same transaction, done by the subject.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.policies import Refused
from backoffice.approvals import queries
from backoffice.approvals.models import Decision, Delegation, Request, Rule
from backoffice.approvals.policies import (
    Conflict,
    check_can_cancel,
    check_can_decide,
    check_can_take_back,
    check_is_known,
    is_expired,
    why_not_decide,
)
from backoffice.approvals.rejections import REJECTION_REASONS
from backoffice.approvals.states import RequestState
from backoffice.approvals.subjects import ChangedByThePartner, TakesEffectLater, subject_of
from backoffice.audit.models import Entry
from backoffice.audit.services import record, speaking_for
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.worker.turns import one_by_one


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


def check_before_proof(*, request_id: int, fingerprint: str, by: Person, for_person: Person | None = None) -> None:
    """Refuse an approval that may not be given, and write the refusal down, before a code is used up for it.

    Where it depends on the partner, the partner is asked first: what that brings, or that it is not possible now, is
    told before the code as well.

    :raises Refused, Conflict: as `approve`.
    """
    with _refusals_recorded(request_id, by, for_person):
        request = queries.requests().get(pk=request_id)
        check_can_decide(by, request, clock.now(), fingerprint, for_person=for_person, approving=True)
        check_is_known(request)
        if _refresh(request):
            check_can_decide(by, request, clock.now(), fingerprint, for_person=for_person, approving=True)


def approve(
    *,
    request_id: int,
    fingerprint: str,
    by: Person,
    proof: Proof,
    note: str = "",
    for_person: Person | None = None,
    flags: Sequence[str] = (),
) -> Request:
    """Approve the content with ``fingerprint``, the one that was shown to ``by``.

    :param proof: the second factor ``by`` has just shown for this very fingerprint.
    :param for_person: who is away and has handed over to ``by``, where their voice is used.
    :param flags: what is odd about how it was approved, for the audit log (`pace.flags_of`).
    :raises Refused: when this person may not.
    :raises Conflict: when the request was decided, cancelled or expired meanwhile, or its content changed; `NotYet`
        when the partner has to be asked first and cannot be at this moment, or while nobody knows whether what is asked
        for has happened already.
    """
    with _refusals_recorded(request_id, by, for_person, proof):
        request = Request.objects.get(pk=request_id)
        # Not for somebody who may not decide: the partner is not asked for a refusal.
        if why_not_decide(by, request, clock.now(), for_person=for_person) is None:
            _refresh(request)
    with _refusals_recorded(request_id, by, for_person, proof), speaking_for(for_person), transaction.atomic():
        request, now = _locked(request_id), clock.now()
        by, away = _entitled_now(by, for_person)
        # What is approved together with one proof was read on one page: it is one act, however many rows it has.
        is_new_act = not Decision.objects.filter(proof=proof).exists()
        check_can_decide(by, request, now, fingerprint, for_person=away, approving=is_new_act)
        check_is_known(request)
        _write_down(request, by, Decision.Verdict.APPROVED, note, now, proof=proof, for_person=away)
        given = queries.approvals_of(request).count()
        if given >= request.people_needed:
            _close(request, RequestState.APPROVED, now)
            subject_of(request).on_approved(request, by, note, now)
        _record_approval(request, by, given, proof, note, flags)
        failpoint(Failpoint.C2)
    failpoint(Failpoint.C3)
    return request


def reject(
    *, request_id: int, fingerprint: str, reason_code: str, note: str, by: Person, for_person: Person | None = None
) -> Request:
    """Reject with one of `REJECTION_REASONS` and a text; one rejection ends the request.

    :raises Refused, Conflict: as `approve`.
    """
    if reason_code not in REJECTION_REASONS or not note.strip():
        raise ValueError("a rejection has a coded reason and a text")
    with _refusals_recorded(request_id, by, for_person), speaking_for(for_person), transaction.atomic():
        request, now = _locked(request_id), clock.now()
        by, away = _entitled_now(by, for_person)
        check_can_decide(by, request, now, fingerprint, for_person=away)
        _write_down(request, by, Decision.Verdict.REJECTED, note, now, reason_code=reason_code, for_person=away)
        _close(request, RequestState.REJECTED, now)
        subject_of(request).on_rejected(request, by, f"{REJECTION_REASONS[reason_code]}: {note}", now)
        return request


def take_back(*, request_id: int, by: Person) -> Request:
    """Take back the approval that ``by`` gave: it counts no more, and stays in the record.

    While the request waits for others, ``by`` may decide anew. When it was complete and nothing has come of it yet,
    the request ends as taken back, and so does its subject.

    :raises Refused: for whoever has not approved it.
    :raises Conflict: when what was approved has begun, or the request ended otherwise.
    """
    with _refusals_recorded(request_id, by), transaction.atomic():
        request, now = _locked(request_id), clock.now()
        check_can_take_back(by, request, now)
        given = Decision.objects.select_related("for_person").get(request=request, decided_by=by, taken_back_at=None)
        Decision.objects.filter(pk=given.pk).update(taken_back_at=now)
        with speaking_for(given.for_person):
            if request.state == RequestState.APPROVED:
                _undo(request, by, now)
            record("approval.taken_back", by=by, obj=request, client=request.client, after={"state": request.state})
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
    due = queries.due_to_expire(clock.now()).values_list("id", flat=True)
    return one_by_one(due, expire, failed="approvals_not_expired")


def expire(request_id: int) -> bool:
    """Move one request whose time is over; False if it was decided or moved meanwhile."""
    with transaction.atomic():
        request, now = _locked(request_id), clock.now()
        if request.state != RequestState.WAITING or not is_expired(request, now):
            return False
        _close(request, RequestState.EXPIRED, now)
        subject_of(request).on_expired(request, now)
        return True


def end_changed(request: Request, *, now: datetime) -> None:
    """End a waiting request whose subject is no longer what was asked about, so that it can be asked for anew at once.

    Called inside the transaction that changes the subject, with the subject's rows locked; it writes the audit entry
    too. The request has expired before its time, which is how `policies.why_over` knows it.

    :raises Conflict: when it no longer waits.
    """
    _close(request, RequestState.EXPIRED, now)


def _locked(request_id: int) -> Request:
    """Lock the subject's rows, then the request's, and return the request as it is now."""
    request = Request.objects.get(pk=request_id)
    subject_of(request).lock(request.subject)
    return Request.objects.select_for_update(of=("self",)).select_related("requested_by", "barred").get(pk=request_id)


def _refresh(request: Request) -> bool:
    """Have the partner asked before the decision where it depends on that; False where it does not.

    :raises NotYet: when the partner cannot be asked at this moment.
    """
    subject = subject_of(request)
    if not isinstance(subject, ChangedByThePartner):
        return False
    subject.refresh(request.subject)
    return True


def _entitled_now(by: Person, for_person: Person | None) -> tuple[Person, Person | None]:
    """Read the people again: a role lost or an account closed since the page was opened counts.

    Their rows stay locked until the decision is committed, so whoever is entitled to it is so at that moment; so does
    the handing over, which ends after the decision or before it.
    """
    pks = [by.pk, *([for_person.pk] if for_person else [])]
    people = {one.pk: one for one in Person.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")}
    if for_person:
        handed_over = Delegation.objects.filter(away=for_person, stand_in=by, ended_at=None).order_by("pk")
        list(handed_over.select_for_update(no_key=True).values_list("pk"))
    return people[by.pk], people[for_person.pk] if for_person else None


def _write_down(
    request: Request,
    by: Person,
    verdict: Decision.Verdict,
    note: str,
    now: datetime,
    *,
    reason_code: str = "",
    proof: Proof | None = None,
    for_person: Person | None = None,
) -> None:
    Decision.objects.create(
        request=request,
        requested_by_id=request.requested_by_id,
        decided_by=by,
        for_person=for_person,
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


def _undo(request: Request, by: Person, now: datetime) -> None:
    """End a request whose approvals were complete, and its subject, before anything came of it."""
    subject = subject_of(request)
    if not isinstance(subject, TakesEffectLater):  # the policy has said so before
        raise TypeError(f"{request.kind} takes effect at once")
    approved = Request.objects.filter(pk=request.pk, state=RequestState.APPROVED)
    if approved.update(state=RequestState.TAKEN_BACK) != 1:
        raise Conflict(_("This request has moved on. Read the page again."))
    request.state = RequestState.TAKEN_BACK
    subject.on_taken_back(request, by, now)


def _record_approval(request: Request, by: Person, given: int, proof: Proof, note: str, flags: Sequence[str]) -> None:
    after = {"approvals": f"{given} of {request.people_needed}", "factor": proof.method, "proof": proof.pk}
    if flags:
        after["flags"] = list(flags)
    record("approval.given", by=by, obj=request, client=request.client, after=after, reason=note)


@contextmanager
def _refusals_recorded(
    request_id: int, by: Person, for_person: Person | None = None, proof: Proof | None = None
) -> Iterator[None]:
    """Write a refusal to the audit log after the refused transaction is undone.

    Whoever is posted as the voice may be anybody: the entry says "for" them only where they have handed over.
    """
    try:
        yield
    except (Refused, Conflict) as refusal:
        request = Request.objects.get(pk=request_id)
        after: dict[str, Any] = {"proof": proof.pk} if proof else {}
        stands_in = for_person is not None and queries.stands_in_for(by, for_person, clock.now())
        if for_person is not None and not stands_in:
            after["spoken_for"] = for_person.name
        record(
            "approval.refused",
            by=by,
            obj=request,
            client=request.client,
            after=after or None,
            reason=str(refusal),
            result=Entry.Result.REFUSED,
            delegate_of=for_person if stands_in else None,
        )
        raise

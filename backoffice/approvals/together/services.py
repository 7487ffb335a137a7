"""Approve several requests with one proof, each in a transaction of its own."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.db import connection
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Proof
from backoffice.accounts.policies import Refused
from backoffice.approvals import pace, services
from backoffice.approvals.models import Decision, Request
from backoffice.approvals.policies import Conflict, Slowed, check_is_known, why_too_many
from backoffice.approvals.together.sets import Alike, Together, together
from backoffice.database import clock
from backoffice.worker.bells import DATABASE_TROUBLE

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Shown:
    """One row as it was on the page."""

    subject: str
    fingerprint: str


def check_before_proof(alike: Alike, shown: Sequence[Shown], *, by: Person) -> Together:
    """Refuse a set that is not what ``by`` was shown, before a code is used up for it.

    :return: the set as it is now, which holds at least all that was shown.
    :raises Conflict: when a row was decided meanwhile, has changed, or has become odd; `Slowed` when ``by`` approves
        faster than anybody reads; `NotYet` while nobody knows whether any of it has happened already.
    """
    now = clock.now()
    if too_many := why_too_many(by, now):
        raise Slowed(too_many.sentence)
    check_is_known(Request(kind=alike.kind))
    current = together(by, alike, now)
    there = {(one.subject, one.fingerprint) for one in current.rows} if current else set()
    gone = [one for one in shown if (one.subject, one.fingerprint) not in there]
    if current is None or gone or not shown:
        raise Conflict(_("These requests are not what you were shown any more, so none was approved. Read them again."))
    return current


def approve_together(
    shown: Sequence[Shown], *, by: Person, proof: Proof, note: str = "", flags: Sequence[str] = ()
) -> int:
    """Approve each of ``shown`` with one proof that covers them all, and return how many were approved.

    What becomes of each is its own: a row that cannot be approved any more leaves the others as they are, and its
    refusal is in the audit log. One that the database stumbles over waits as before, or is approved where only the
    answer to its commit was lost: they are counted as they stand.
    """
    requests = {one.subject: one for one in Request.objects.filter(subject__in=[one.subject for one in shown])}
    told = [*flags, f"one of {len(shown)} together"]
    for one in shown:
        _approve(requests[one.subject], one, by=by, proof=proof, note=note, flags=told)
    return Decision.objects.filter(proof=proof).count()


def _approve(request: Request, shown: Shown, *, by: Person, proof: Proof, note: str, flags: Sequence[str]) -> None:
    try:
        services.approve(
            request_id=request.pk, fingerprint=shown.fingerprint, by=by, proof=proof, note=note, flags=flags
        )
    except (Refused, Conflict):
        return
    except DATABASE_TROUBLE:
        log.exception("approvals_not_approved_together", subject=shown.subject)
        connection.close()


def flags_of(mark: str, shown: Sequence[Shown]) -> list[str]:
    """Say what is odd about how fast a set was approved (`pace.flags_of`)."""
    return pace.flags_of(mark, digest_of(shown), clock.now())


def digest_of(shown: Sequence[Shown]) -> str:
    """Name a set by its rows, for the mark of its page."""
    return hashlib.sha256(" ".join(one.fingerprint for one in shown).encode()).hexdigest()

"""Closings as pages, policies and services need them."""

from datetime import datetime

from django.db.models import Prefetch

from backoffice.approvals.states import RequestState
from backoffice.funding.closing.findings import findings_of
from backoffice.funding.fingerprint import closing_fingerprint
from backoffice.funding.models import Closing, ClosingEvidence, Operation


def closings_of(operation: Operation) -> list[Closing]:
    """Return every closing that was asked for, oldest first, with its people, decisions and the names of its files."""
    rows = operation.closings.select_related("asked_by", "approval__requested_by")
    files = Prefetch("evidence", ClosingEvidence.objects.defer("content").order_by("id"), to_attr="files")
    return list(rows.prefetch_related("approval__decisions__decided_by", files).order_by("id"))


def evidence_of(closing: Closing) -> list[ClosingEvidence]:
    """Return the files of a closing without their content; no query where `closings_of` read them."""
    known: list[ClosingEvidence] | None = getattr(closing, "files", None)
    return list(closing.evidence.defer("content").order_by("id")) if known is None else known


def evidence_by_digest(reference: str, digest: str) -> ClosingEvidence | None:
    """Return one file that was attached to a closing of the operation with this reference."""
    files = ClosingEvidence.objects.select_related("closing__operation__client")
    return files.filter(closing__operation__reference=reference, digest=digest).order_by("id").first()


def waiting_closing(operation: Operation, now: datetime) -> Closing | None:
    """Return the closing a manager can still sign: in time, and with nothing found since it was asked for."""
    waiting = {"approval__state": RequestState.WAITING, "approval__valid_until__gt": now}
    closings = operation.closings.select_related("approval", "operation__client", "asked_by").filter(**waiting)
    return next((one for one in closings.order_by("-id") if is_current(one)), None)


def is_current(closing: Closing) -> bool:
    """Tell whether what was known when the closing was asked for is still all that is known."""
    digests = closing.evidence.values_list("digest", flat=True)
    return closing.fingerprint == closing_fingerprint(closing, digests, findings_of(closing.operation))

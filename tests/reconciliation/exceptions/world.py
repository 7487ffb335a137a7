"""Runs over what rows.py makes, taken in at once, without asking the partner anything."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.reconciliation.comparing.digest import digest_of
from backoffice.reconciliation.comparing.matching import Comparison, match
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.exceptions.opening import Taken, take_in
from backoffice.reconciliation.models import ExceptionItem, Finding, ReferenceCheck, Run
from backoffice.reconciliation.services.writing import next_run_id
from tests.reconciliation.rows import DAY, READ

NEXT_DAY = DAY + timedelta(days=1)


def absence_of(reference: str) -> ReferenceCheck:
    """The partner's word that it has no order under a reference."""
    return ReferenceCheck.objects.create(
        reference=reference, environment="sandbox", asked_at=READ, found=False, http_status=404, sentence="None."
    )


def run_over(
    start: datetime = DAY,
    end: datetime = NEXT_DAY,
    *,
    absent: tuple[str, ...] = (),
    read_to: datetime | None = READ,
    is_complete: bool = True,
) -> Run:
    """Compare one window of operations, and keep the run without taking it in."""
    checks = [absence_of(reference).pk for reference in absent]
    comparison = Comparison(window=Window(start, end), client=None, read_to=read_to, started_at=READ)
    run_id = next_run_id()
    match(comparison, run_id=run_id, checks=checks)
    findings = Finding.objects.filter(run_id=run_id)
    return Run.objects.create(
        id=run_id,
        window_from=start,
        window_to=end,
        started_at=READ,
        finished_at=timezone.now(),
        mirror_read_to=read_to,
        is_complete=is_complete,
        ours_count=findings.filter(operation__isnull=False).count(),
        theirs_count=findings.filter(order_id__isnull=False).count(),
        counts={},
        totals=[],
        digest=digest_of(run_id),
    )


@transaction.atomic
def taken(start: datetime = DAY, end: datetime = NEXT_DAY, *, absent: tuple[str, ...] = ()) -> Taken:
    """Compare one window and take the run in."""
    return take_in(run_over(start, end, absent=absent))


def item(key: str) -> ExceptionItem:
    """The exception about one thing, as it is now."""
    return ExceptionItem.objects.get(key=key)

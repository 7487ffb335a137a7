"""A business day to be closed: runs of it, signatures on it, as people would make them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from backoffice.accounts import proofs
from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.reconciliation.days import fingerprints, queries
from backoffice.reconciliation.models import Day, DayReport, ExceptionItem, ExceptionState, Run, Severity
from backoffice.reconciliation.services import days
from backoffice.reconciliation.services.running import reconcile
from tests.reconciliation import rows
from tests.reconciliation.rows import Ours, Theirs

DATE = date(2026, 11, 18)
#: Noon of that day in the company's zone, three hours ahead of UTC.
NOON = datetime(2026, 11, 18, 9, tzinfo=UTC)
READ = datetime(2026, 11, 20, tzinfo=UTC)


def orders_read(at: datetime = READ) -> None:
    """Have CoinMENA's orders read to their end."""
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=at, finished_at=at, read_to=at
    )


def paid(reference: str, amount: str = "500.00", theirs: str | None = None) -> None:
    """Make one deposit of both sides at noon of the day; `theirs` is another amount at the partner."""
    rows.operation(Ours(reference=reference, at=NOON, amount=Decimal(amount)))
    rows.order(Theirs(reference=reference, at=NOON + timedelta(seconds=1), amount=Decimal(theirs or amount)))


def run_of(day: date = DATE) -> Run:
    """Compare the whole day."""
    window = queries.window_of(day)
    return reconcile(window_from=window.start, window_to=window.end, by=System("test"))


def reviewed(by: Person, day: date = DATE, note: str = "") -> Day:
    """Sign the review as `by`, who has just shown a code for what the page shows."""
    digest = fingerprints.review_fingerprint(queries.days().get(pk=day))
    return days.sign_review(date=day, digest=digest, by=by, proof=proofs.write_down(by, digest), note=note)


def closed(by: Person, day: date = DATE, note: str = "") -> DayReport:
    """Close the day as `by`, who has just shown a code for what the page shows."""
    digest = fingerprints.closing_fingerprint(queries.days().get(pk=day))
    return days.close(date=day, digest=digest, by=by, proof=proofs.write_down(by, digest), note=note)


def asked_to_reopen(by: Person, day: date = DATE, reason: str = "An order came late.") -> Request:
    """Ask for the day to be reopened as `by`, who has just shown a code for that."""
    standing = queries.days().get(pk=day)
    digest = fingerprints.reopening_fingerprint(standing, days.signed_report(standing))
    return days.ask_to_reopen(date=day, digest=digest, reason=reason, by=by, proof=proofs.write_down(by, digest))


def signed_day(maya: Person, omar: Person) -> DayReport:
    """A day of one matched deposit, prepared by Maya, reviewed and closed by Omar."""
    orders_read()
    paid("dep-1")
    run_of()
    days.prepare(date=DATE, by=maya)
    reviewed(omar)
    return closed(omar)


def resolved(item: ExceptionItem, by: Person, state: str = ExceptionState.RESOLVED) -> None:
    """Deal with an exception as its own services would leave it."""
    changes: dict[str, object] = {"resolution": "linked", "resolution_text": "Known.", "resolved_by": by}
    if state == ExceptionState.CARRIED:
        changes = {"resolution": "timing", "resolution_text": "Comes tomorrow."}
    ended = timezone.now() if state == ExceptionState.RESOLVED else None
    ExceptionItem.objects.filter(pk=item.pk).update(state=state, ended_at=ended, **changes)


def exception(run: Run, day: date = DATE, key: str = "") -> ExceptionItem:
    """An open exception of a day, as a run would open it."""
    return ExceptionItem.objects.create(
        source=run.source,
        key=key or f"order:{uuid4()}",
        verdict="amount_differs",
        day=day,
        at=run.window_from,
        asset="USD",
        difference=Decimal("-0.50"),
        at_risk=Decimal("0.50"),
        severity=Severity.MEDIUM,
        due_at=run.finished_at,
        first_run=run,
        last_run=run,
        opened_at=run.finished_at,
    )

"""From a confirmed file to one operation per row, in the order of the file; to be stopped and begun again anywhere.

Each row is its own transaction, under a lock on the file that no second worker waits for. A row that made its operation
is known by its submission token, a row that could not by its refusal: whoever comes next goes on behind both.

After a restore nothing is made until its lock is released: by then the mirror knows what the rows have come to since.
"""

from typing import Final

import structlog
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.accounts.actors import System
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint
from backoffice.funding.bulk import queries
from backoffice.funding.bulk.policies import why_gated, why_not_for
from backoffice.funding.freezing.freezes import is_locked_after_restore
from backoffice.funding.models import BulkFile, BulkRefusal, BulkRow, FileState, Kind
from backoffice.funding.references import reference_of_row
from backoffice.funding.services import creating
from backoffice.funding.services.gate import share_gate

#: How long one job works at a file before it gives the worker back; another job goes on.
SLICE_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


def create_operations(file_id: int, *, holder: str) -> bool:
    """Create what the rows of a confirmed file ask for, until all are dealt with or the time is up.

    :return: whether rows are left for another job. Safe to repeat, and to run twice at once.
    """
    until = clock.monotonic() + SLICE_SECONDS
    for row_id in list(queries.waiting_rows(file_id).values_list("pk", flat=True)):
        if clock.monotonic() >= until:
            return True
        if not _deal_with(row_id, file_id, holder):
            return False
        failpoint(Failpoint.C14)
    _finish(file_id, holder)
    return False


def _deal_with(row_id: int, file_id: int, holder: str) -> bool:
    """Make one row's operation, or write down why not; False when the file is in another worker's hands, or nothing is
    made now."""
    with transaction.atomic():
        share_gate()
        file = None if is_locked_after_restore() else _free(file_id)
        if file is None:
            return False
        row = queries.waiting_rows(file_id).select_related("client", "asset").filter(pk=row_id).first()
        if row is not None:
            _create(row, file, holder)
        return True


def _free(file_id: int) -> BulkFile | None:
    """Lock a confirmed file, with who confirmed it as they are now; None when a worker holds it or it has ended."""
    locked = queries.files().select_for_update(of=("self",), no_key=True, skip_locked=True)
    return locked.filter(pk=file_id, state=FileState.CONFIRMED).first()


def _create(row: BulkRow, file: BulkFile, holder: str) -> None:
    sentence = why_not_for(file.uploaded_by)
    if sentence:
        _refuse(row, file, sentence, holder)
        return
    try:
        creating.create(_intent(row, file), by=file.uploaded_by)
    except (Refused, creating.NotFundable, creating.EqualRequest, Conflict) as error:
        _refuse(row, file, str(error), holder)
    except (DataError, IntegrityError):
        # It would be refused again each time, and the rows behind it would never be reached.
        log.exception("funding_row_refused_by_database", file=file.pk, row=row.number)
        _refuse(row, file, _("The database refused this row. The worker's log says why."), holder)


def _intent(row: BulkRow, file: BulkFile) -> creating.Intent:
    is_confirmed = row.number in file.confirmed_equal
    is_of_before = is_confirmed and queries.was_confirmed_before_a_restore(file)
    return creating.Intent(
        kind=Kind(row.kind),
        client=row.client,
        asset=row.asset,
        amount=row.amount,
        reason=row.reason,
        submission_token=row.submission_token,
        confirmed_equal=is_confirmed,
        why_gated=why_gated(row, file, clock.now()),
        year=file.uploaded_at.year,
        file_id=file.pk,
        asked_at=file.confirmed_at,
        # What CoinMENA holds of the row itself is no other payment: sent again under its reference, it moves nothing.
        is_of_before_a_restore=is_of_before and not queries.is_at_the_partner(file, row),
    )


def _refuse(row: BulkRow, file: BulkFile, sentence: str, holder: str) -> None:
    if queries.is_at_the_partner(file, row):
        held = _(
            "CoinMENA holds an order of this row, %(reference)s: it was sent before a backup was restored. "
            "Never ask for it anew."
        )
        sentence = f"{sentence} {held % {'reference': reference_of_row(row, file)}}"
    BulkRefusal.objects.create(row=row, sentence=sentence, refused_at=clock.now())
    record(
        "bulk.row_refused",
        by=System(holder),
        obj=file,
        client=row.client.partner_client_id,
        after={"row": row.number, "kind": row.kind, "amount": row.amount, "asset": row.asset_id},
        reason=sentence,
        result=Entry.Result.REFUSED,
    )


def _finish(file_id: int, holder: str) -> None:
    with transaction.atomic():
        file = _free(file_id)
        if file is None or queries.waiting_rows(file_id).exists():
            return
        file.state, file.ended_at = FileState.DONE, clock.now()
        file.save(update_fields=["state", "ended_at"])
        progress = queries.progress_of(file)
        record("bulk.done", by=System(holder), obj=file, after={"made": progress.made, "refused": progress.refused})

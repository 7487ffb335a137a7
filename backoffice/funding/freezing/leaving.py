"""What leaves for the first time when the lock of a restore is released: CoinMENA holds no order of it, so nothing says
whether it was cancelled, rejected, taken back or frozen after the backup. People look at it before they release."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from backoffice.funding.bulk.waiting import rows_that_wait
from backoffice.funding.freezing.freezes import is_held
from backoffice.funding.models import BulkFile, BulkRow, FileState, Freeze, Operation
from backoffice.funding.references import reference_of_row
from backoffice.funding.states import State
from backoffice.orders.models import Order


@dataclass(frozen=True)
class LeavingFile:
    """A file of which ``rows`` rows are still to be made and were never sent."""

    file: BulkFile
    rows: int


def operations(lock: Freeze, now: datetime) -> QuerySet[Operation]:
    """Return what is approved, in time, held by no other freeze, and unknown to CoinMENA, oldest first."""
    at_the_partner = Order.objects.filter(partner_order_ref=OuterRef("reference"))
    approved = Operation.objects.filter(Q(valid_until__gt=now), state=State.APPROVED)
    leaving = approved.exclude(Exists(at_the_partner)).exclude(is_held(besides=lock))
    return leaving.select_related("client", "asset").order_by("requested_at", "id")


def files() -> list[LeavingFile]:
    """Return the files of which workers make rows that CoinMENA knows nothing of, oldest confirmation first."""
    by_reference = {reference_of_row(row, row.file): row.file for row in _rows_to_be_made()}
    known = Order.objects.filter(partner_order_ref__in=by_reference).values_list("partner_order_ref", flat=True)
    sent_before = set(known)
    count = Counter(file for reference, file in by_reference.items() if reference not in sent_before)
    return [LeavingFile(file, rows) for file, rows in count.items()]


def _rows_to_be_made() -> QuerySet[BulkRow]:
    waiting = rows_that_wait().filter(file__state=FileState.CONFIRMED).select_related("file").defer("file__content")
    return waiting.order_by("file__confirmed_at", "file_id", "number")

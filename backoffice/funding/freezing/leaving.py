"""What leaves for the first time when the lock of a restore is released: CoinMENA holds no order of it, so nothing says
whether it was cancelled, rejected, taken back or frozen after the backup. People look at it before they release."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from backoffice.funding.bulk.waiting import rows_that_wait
from backoffice.funding.freezing.freezes import is_held
from backoffice.funding.models import BulkFile, BulkRow, FileState, Freeze, Operation
from backoffice.funding.queries import NOTHING_MOVED
from backoffice.funding.references import reference_of_row
from backoffice.funding.states import State
from backoffice.orders.models import Order


@dataclass(frozen=True)
class LeavingFile:
    """A file of which ``rows`` rows are still to be made and were never sent.

    ``is_begun``: CoinMENA holds orders of other rows of it, so that nobody can end the file any more.
    """

    file: BulkFile
    rows: int
    is_begun: bool


def operations(lock: Freeze, now: datetime) -> QuerySet[Operation]:
    """Return what is approved, in time, held by no other freeze, and unknown to CoinMENA, oldest first."""
    return _never_sent(now).exclude(is_held(besides=lock))


def held_besides(lock: Freeze, now: datetime) -> QuerySet[Operation]:
    """Return what would leave as well if another freeze did not hold it: it leaves once that one is released."""
    return _never_sent(now).filter(is_held(besides=lock))


def _never_sent(now: datetime) -> QuerySet[Operation]:
    at_the_partner = Order.objects.filter(partner_order_ref=OuterRef("reference"))
    approved = Operation.objects.filter(Q(valid_until__gt=now), state=State.APPROVED).exclude(Exists(at_the_partner))
    return approved.select_related("client", "asset").order_by("requested_at", "id")


def files() -> list[LeavingFile]:
    """Return the files of which workers make rows that CoinMENA knows nothing of, oldest confirmation first. Three
    queries, however many."""
    to_be_made = {reference_of_row(row, row.file): row.file for row in _rows_to_be_made()}
    siblings = _with_files(BulkRow.objects.filter(file__in={file.pk for file in to_be_made.values()}))
    file_ids = {reference_of_row(row, row.file): row.file_id for row in siblings}
    orders = Order.objects.filter(partner_order_ref__in=file_ids).values_list("partner_order_ref", "status")
    at_the_partner = dict(orders)
    moved = {reference for reference, status in at_the_partner.items() if status not in NOTHING_MOVED}
    begun = {file_id for reference, file_id in file_ids.items() if reference in moved}
    count = Counter(file for reference, file in to_be_made.items() if reference not in at_the_partner)
    return [LeavingFile(file, rows, is_begun=file.pk in begun) for file, rows in count.items()]


def _rows_to_be_made() -> QuerySet[BulkRow]:
    waiting = _with_files(rows_that_wait().filter(file__state=FileState.CONFIRMED))
    return waiting.order_by("file__confirmed_at", "file_id", "number")


def _with_files(rows: QuerySet[BulkRow]) -> QuerySet[BulkRow]:
    return rows.select_related("file").defer("file__content")

"""What leaves for the first time when the lock of a restore is released: CoinMENA holds no order of it, so nothing says
whether it was cancelled, rejected, taken back or frozen after the backup, or failed and was tried again. People look at
it before they release."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from backoffice.funding.bulk.policies import why_never_taken_back
from backoffice.funding.bulk.waiting import rows_that_wait
from backoffice.funding.equal import GOES_ON, Content, lost_by_content, not_of_rows, since_when
from backoffice.funding.freezing.freezes import is_held
from backoffice.funding.models import BulkFile, BulkRow, FileState, Freeze, Operation
from backoffice.funding.queries import NOTHING_MOVED
from backoffice.funding.references import reference_of_row
from backoffice.funding.states import State
from backoffice.orders.models import GONE, Order


@dataclass(frozen=True)
class LeavingFile:
    """A file of which ``rows`` rows are still to be made and were never sent.

    ``why_kept``: why nobody can end the file any more; empty while its approval can be taken back. Without an approval
    (``is_gated``) no row leaves on its own: each waits for somebody, or is refused, when it is made.
    """

    file: BulkFile
    rows: int
    why_kept: str

    @property
    def is_gated(self) -> bool:
        return self.file.approval_id is None


@dataclass(frozen=True)
class Marked:
    """What leaves for the first time although CoinMENA holds ``orders`` of the same payment that nobody here has.

    It may have been refused after the backup, tried again under another reference, and paid.
    """

    operation: Operation
    orders: list[Order]


def operations(lock: Freeze, now: datetime) -> QuerySet[Operation]:
    """Return what is approved, in time, held by no other freeze, and unknown to CoinMENA, oldest first."""
    return _never_sent(now).exclude(is_held(besides=lock))


def held_besides(lock: Freeze, now: datetime) -> QuerySet[Operation]:
    """Return what would leave as well if another freeze did not hold it: it leaves once that one is released."""
    return _never_sent(now).filter(is_held(besides=lock))


def _never_sent(now: datetime) -> QuerySet[Operation]:
    at_the_partner = Order.objects.filter(partner_order_ref=OuterRef("reference")).exclude(GONE)
    approved = Operation.objects.filter(Q(valid_until__gt=now), state=State.APPROVED).exclude(Exists(at_the_partner))
    return approved.select_related("client", "asset").order_by("requested_at", "id")


def files() -> list[LeavingFile]:
    """Return the files of which workers make rows that CoinMENA knows nothing of, oldest confirmation first. Three
    queries, however many."""
    to_be_made = {reference_of_row(row, row.file): row.file for row in _rows_to_be_made()}
    siblings = _with_files(BulkRow.objects.filter(file__in={file.pk for file in to_be_made.values()}))
    file_ids = {reference_of_row(row, row.file): row.file_id for row in siblings}
    orders = list(Order.objects.filter(partner_order_ref__in=file_ids).defer("raw"))
    moved = {order.partner_order_ref for order in orders if order.status not in NOTHING_MOVED}
    begun = {file_id for reference, file_id in file_ids.items() if reference in moved}
    at_the_partner = {order.partner_order_ref for order in orders if not order.is_gone}
    waiting = Counter(file.pk for file in to_be_made.values())
    count = Counter(file for reference, file in to_be_made.items() if reference not in at_the_partner)
    return [
        LeavingFile(
            file,
            rows,
            why_never_taken_back(file, waiting=waiting[file.pk], is_at_the_partner=file.pk in begun),
        )
        for file, rows in count.items()
    ]


def marked(now: datetime) -> list[Marked]:
    """Return the operations that leave, held by another freeze or not, and equal an order that nobody here has, the
    oldest first. Three queries, however many; one where no order is lost.

    Rows are asked about when they are made. An order that a row which waits stands for is that row's.
    """
    lost = lost_by_content(None, since_when(None, now))
    if not lost:
        return []
    waiting = _with_files(rows_that_wait().filter(file__state__in=GOES_ON))
    rows = {reference_of_row(row, row.file) for row in waiting}
    free = {content: not_of_rows(orders, own=(), known=rows) for content, orders in lost.items()}
    clients, amounts = {client for _kind, client, *_rest in lost}, {amount for *_rest, amount in lost}
    equal = _never_sent(now).filter(client__in=clients, amount__in=amounts)
    return [Marked(one, orders) for one in equal if (orders := free.get(_content(one)))]


def _content(one: Operation) -> Content:
    return one.kind, one.client_id, one.asset_id, one.amount


def _rows_to_be_made() -> QuerySet[BulkRow]:
    waiting = _with_files(rows_that_wait().filter(file__state=FileState.CONFIRMED))
    return waiting.order_by("file__confirmed_at", "file_id", "number")


def _with_files(rows: QuerySet[BulkRow]) -> QuerySet[BulkRow]:
    return rows.select_related("file").defer("file__content")

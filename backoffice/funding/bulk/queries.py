"""Files and their rows, as pages, services and workers need them."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)

from backoffice.audit.models import Entry
from backoffice.funding.bulk.waiting import MADE, rows_that_wait
from backoffice.funding.equal import (
    GOES_ON,
    LISTED,
    EqualPayment,
    lost_by_content,
    not_of_rows,
    open_or_recent,
    operation_as_equal,
    order_as_equal,
    row_as_equal,
    since_when,
)
from backoffice.funding.freezing.freezes import is_held, is_locked_after_restore
from backoffice.funding.models import BulkFile, BulkRefusal, BulkRow, FileState, Freeze, Operation
from backoffice.funding.models.bulk import GIVEN_UP
from backoffice.funding.queries import NOTHING_MOVED, OPEN_STATES
from backoffice.funding.references import reference_of_row
from backoffice.funding.states import State
from backoffice.orders.models import Order

#: What moves on without anybody's help, so that a page that shows it should follow.
_MOVING = (State.APPROVED, State.SUBMITTING, State.UNKNOWN)


def files() -> QuerySet[BulkFile]:
    """Return every file without its bytes."""
    return BulkFile.objects.defer("content").select_related("uploaded_by", "approval")


def listed() -> QuerySet[BulkFile]:
    """Return every file with ``made``, while it is being created, ``refused``, and ``is_open``: all its rows are dealt
    with, and not all that they made has ended."""
    rows = BulkRow.objects.filter(Exists(MADE), file=OuterRef("pk")).order_by().values("file")
    refusals = BulkRefusal.objects.filter(row__file=OuterRef("pk")).order_by().values("row__file")
    made = Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    refused = Subquery(refusals.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return files().annotate(
        made=Case(When(state=FileState.CONFIRMED, then=made)),
        refused=refused,
        is_open=ExpressionWrapper(Q(state=FileState.DONE, pk__in=_with_open_payments()), BooleanField()),
    )


def _with_open_payments() -> QuerySet[BulkRow, Any]:
    """Name the files of open payments, from these to their rows: they are few, and the rows of all files are not."""
    tokens = Operation.objects.filter(state__in=OPEN_STATES).order_by().values("submission_token")
    return BulkRow.objects.filter(submission_token__in=tokens).order_by().values("file")


def with_digest(digest: str) -> BulkFile | None:
    """Return the file that had these bytes, unless it was given up and nothing of it was paid: what waited in a backup
    may have been sent since, and runs out after the restore."""
    same = files().filter(digest=digest)
    kept = same.exclude(state__in=GIVEN_UP).first()
    return kept or next((file for file in same.order_by("-pk") if is_at_the_partner(file)), None)


def same_name_before(file: BulkFile) -> BulkFile | None:
    """Return the newest other file of that name that was uploaded before, and not given up or paid all the same."""
    others = files().filter(name=file.name, pk__lt=file.pk).order_by("-pk")
    return next((one for one in others if one.state not in GIVEN_UP or is_at_the_partner(one)), None)


def rows_in_both(file: BulkFile, other: BulkFile) -> int:
    """Count the rows of a file that another one has as well: the same payment, whatever its reason."""
    return (_contents_of(file) & _contents_of(other)).total()


def _contents_of(file: BulkFile) -> "Counter[tuple[Any, ...]]":
    return Counter(_content(row) for row in BulkRow.objects.filter(file=file))


def _content(row: BulkRow) -> tuple[Any, ...]:
    return row.kind, row.client_id, row.asset_id, row.amount


def to_be_created() -> QuerySet[BulkFile]:
    """Return the files that workers have not come to the end of, oldest confirmation first; none after a restore."""
    if is_locked_after_restore():
        return BulkFile.objects.none()
    return files().filter(state=FileState.CONFIRMED).order_by("confirmed_at", "pk")


def is_at_the_partner(file: BulkFile, *rows: BulkRow) -> bool:
    """Tell whether the partner holds an order of one of these rows of a file, or of any, as far as the mirror knows.

    One that ended there without effect has moved nothing and counts as none.
    """
    references = [reference_of_row(row, file) for row in rows or BulkRow.objects.filter(file=file)]
    return Order.objects.filter(partner_order_ref__in=references).exclude(status__in=NOTHING_MOVED).exists()


def was_confirmed_before_a_restore(file: BulkFile) -> bool:
    """Tell whether a backup was restored since somebody confirmed a file: of what was lost then, nobody was asked.

    The numbers of the audit log tell; a moment that was written down while the clock ran ahead would lie.
    """
    locks = [str(pk) for pk in Freeze.objects.filter(backup_at__isnull=False).values_list("pk", flat=True)]
    if not locks:
        return False
    restored = Entry.objects.filter(
        object_type="freeze", object_id__in=locks, event__in=("freeze.made", "freeze.restored_again")
    )
    confirmed = Entry.objects.filter(object_type="bulkfile", object_id=str(file.pk), event="bulk.confirmed")
    last = restored.aggregate(number=Max("number"))["number"]
    return last is not None and not confirmed.filter(number__gt=last).exists()


def found_by(files: QuerySet[BulkFile], text: str) -> QuerySet[BulkFile]:
    """Keep the files whose name holds ``text``."""
    return files.filter(name__icontains=text)


# Rows ---------------------------------------------------------------------------------------------------------------


def rows() -> QuerySet[BulkRow]:
    """Return every row with its operation's reference, state and failure, and the sentence of its refusal."""
    of_operation = {
        name: Subquery(MADE.values(name)[:1]) for name in ("reference", "failure_sentence", "partner_order_id")
    }
    found = BulkRow.objects.select_related("file", "client", "asset").defer("file__content")
    refusal = Subquery(BulkRefusal.objects.filter(row=OuterRef("pk")).values("sentence")[:1])
    state = Subquery(MADE.values("state")[:1])
    return found.annotate(**of_operation, operation_state=state, refusal_sentence=refusal)


def rows_in_order(file: BulkFile) -> QuerySet[BulkRow]:
    """Return the rows of a file, as a page shows them."""
    return BulkRow.objects.filter(file=file).select_related("client", "asset").order_by("number")


def refused_rows(file: BulkFile) -> QuerySet[BulkRow]:
    """Return the rows of a file that made no operation, with their refusals."""
    found = BulkRow.objects.filter(file=file, refusal__isnull=False).select_related("refusal", "client", "asset")
    return found.order_by("number")


def waiting_rows(file_id: int) -> QuerySet[BulkRow]:
    """Return the rows of a file that made neither an operation nor a refusal yet, in the order of the file."""
    return rows_that_wait().filter(file=file_id).order_by("number")


def row_of(operation: Operation) -> BulkRow | None:
    """Return the row that made an operation; None for one that a person typed."""
    found = BulkRow.objects.select_related("file__approval").defer("file__content")
    return found.filter(submission_token=operation.submission_token).first()


def is_row_of_a_file(operation_id: int) -> bool:
    """Tell whether a row of a file made an operation, and not a person who typed it."""
    token = Operation.objects.filter(pk=operation_id).values("submission_token")
    return BulkRow.objects.filter(submission_token__in=token).exists()


@dataclass(frozen=True)
class Alike:
    """What asks for the same payment: rows of a file in its order, and what else may be that payment."""

    rows: list[BulkRow]
    requests: list[EqualPayment]

    @property
    def lines(self) -> list[int]:
        return [row.number for row in self.rows]

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.requests]


def equal_rows(file: BulkFile, now: datetime) -> list[Alike]:
    """List the rows that ask for the same as another row of the file, or as what the form would ask about: an operation
    that is open or of the last 24 hours, an order that no operation here has, or a row of another file that waits
    (`funding.equal`).

    For whoever confirms: when rows are made, those of two files would keep each other from it. Four queries, however
    many rows.
    """
    own: dict[tuple[Any, ...], list[BulkRow]] = defaultdict(list)
    for row in rows_in_order(file):
        own[_content(row)].append(row)
    since = since_when(None, now)
    clients = {client_id for _kind, client_id, *_rest in own}
    known: dict[tuple[Any, ...], list[EqualPayment]] = defaultdict(list)
    for one in open_or_recent(since, Q(client__in=clients)).only(*LISTED):
        known[one.kind, one.client_id, one.asset_id, one.amount].append(operation_as_equal(one))
    for content, lost in lost_by_content(clients, since).items():
        references = [reference_of_row(row, file) for row in own.get(content, [])]
        known[content] += [order_as_equal(one) for one in not_of_rows(lost, own=references, known=())]
    for row in _rows_of_others(file, clients, {amount for *_rest, amount in own}):
        known[_content(row)].append(row_as_equal(row))
    return [Alike(rows, known[content]) for content, rows in own.items() if len(rows) > 1 or known.get(content)]


def _rows_of_others(file: BulkFile, clients: Collection[int], amounts: Collection[Decimal]) -> QuerySet[BulkRow]:
    """Return the rows of other files that wait and are about these clients and amounts, those uploaded last first.

    They are compared by whoever asks: a database that knows nothing of new rows yet would compare each with each. Of a
    file only what is said of it is read with each row: what else it holds grows with its rows.
    """
    others = BulkFile.objects.filter(state__in=GOES_ON).exclude(pk=file.pk).values("pk")
    found = rows_that_wait().filter(file__in=others, client__in=clients, amount__in=amounts)
    said = ("name", "state", "uploaded_at", "uploaded_by__name")
    read = ("number", "kind", "client", "asset", "amount", *(f"file__{name}" for name in said))
    return found.select_related("file__uploaded_by").only(*read).order_by("-file__uploaded_at", "-file", "number")


def equal_lines(equal: list[Alike]) -> list[int]:
    """Return the numbers of all rows that equal something."""
    return sorted(line for one in equal for line in one.lines)


# How far it is ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """How many rows a file has, how many made an operation, in which state those are, how many were refused.

    ``held`` of them are approved, and a freeze keeps them from being sent; ``held_until`` is when the permission of the
    first of these runs out.
    """

    rows: int
    by_state: dict[str, int]
    refused: int
    held: int = 0
    held_until: datetime | None = None

    @property
    def made(self) -> int:
        return sum(self.by_state.values())

    @property
    def dealt_with(self) -> int:
        return self.made + self.refused

    @property
    def is_moving(self) -> bool:
        """Whether anything of it goes on by itself."""
        return any(self.by_state.get(state) for state in _MOVING)


def progress_of(file: BulkFile) -> Progress:
    """Count what became of the rows. Two queries."""
    made = operations_of(Operation.objects.all(), file.pk).order_by().values("state", held=is_held())
    by_state, held, until = Counter[str](), 0, None
    for one in made.annotate(n=Count("pk"), until=Min("valid_until")):
        by_state[one["state"]] += one["n"]
        if one["held"] and one["state"] == State.APPROVED:
            held, until = one["n"], one["until"]
    return Progress(file.row_count, by_state, BulkRefusal.objects.filter(row__file=file).count(), held, until)


def operations_of(operations: QuerySet[Operation], file_id: int) -> QuerySet[Operation]:
    """Keep the operations that rows of a file made."""
    tokens = BulkRow.objects.filter(file=file_id).values("submission_token")
    return operations.filter(Q(submission_token__in=tokens))

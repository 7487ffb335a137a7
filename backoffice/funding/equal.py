"""What is equal to a payment that is asked for: of the same client, asset, type and amount, so it may be the same one.

Three things can be that payment. An operation that is open, however long already, or of the last 24 hours. A *lost
order*, which CoinMENA holds under a reference of ours while no operation here has it: that operation was made after a
backup, and the backup was restored since. And, for what a person types or confirms, a row of a file that waits and has
no operation yet.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Least
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.clients.models import Asset, Client
from backoffice.funding.bulk.waiting import rows_that_wait
from backoffice.funding.models import BulkRow, FileState, Freeze, LateOrder, Operation
from backoffice.funding.queries import EQUAL_WITHIN, LET_GO, NOTHING_MOVED, OPEN_STATES
from backoffice.funding.references import PATTERN, reference_of_row
from backoffice.funding.states import WITHOUT_EFFECT, State
from backoffice.orders.models import Order

#: Type, client, asset and amount.
Content = tuple[Any, ...]
#: So many of each sort are listed, and a tick counts for what is listed.
MOST_LISTED: Final = 10
#: Whoever asks so shortly before something else is asked for may not have been shown it.
AT_ONCE: Final = timedelta(hours=1)
#: Of a file's name; whoever draws it names what is hidden in it.
LONGEST_NAME: Final = 60
#: What a page lists of an operation, and what it is found by.
LISTED: Final = ("kind", "client_id", "asset_id", "amount", "reference", "requested_at", "state", "requested_by__name")
#: What an order says that came after its operation had ended without effect.
TURNED_UP: Final = (LateOrder.Kind.COMPLETED, LateOrder.Kind.OPEN)
#: In these states a file's rows are still to be made.
GOES_ON: Final = (FileState.WAITING, FileState.CONFIRMED)


@dataclass(frozen=True)
class Wanted:
    """A payment that is asked for.

    ``chain``: the operations that are one payment with it, and said to be. ``reference``: its own, where one is known.
    ``file_id``: the file whose row it is; None for what a person typed. ``asked_at``: since when it waits, where it
    does: whoever asked then has seen what came before, and nobody what came since.
    """

    client: Client
    asset: Asset
    kind: str
    amount: Decimal
    chain: Collection[int] = ()
    reference: str = ""
    file_id: int | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True)
class EqualPayment:
    """One thing that may be the same payment, as every page lists it. ``key`` stands for it in what a tick confirms."""

    key: str
    text: str
    url: str
    who: str
    at: datetime
    state: str


class EqualOperation(EqualPayment):
    """An operation that is open or of the last 24 hours."""


class LostOrder(EqualPayment):
    """An order under a reference of ours that belongs to no operation here."""


class WaitingRow(EqualPayment):
    """A row of a file that goes on, with neither an operation nor a refusal yet."""


def since_when(asked_at: datetime | None, now: datetime) -> datetime:
    """Return since when something that is no longer open still counts as equal: for 24 hours, and against what waits
    since it was asked for, however long ago that is.

    Whoever asked was shown what came before, and nobody was asked about what came later.
    """
    recent = now - EQUAL_WITHIN
    return recent if asked_at is None else min(recent, asked_at - AT_ONCE)


def has_waited(asked_at: datetime | None, now: datetime) -> bool:
    """Tell whether what was asked for then is held against more than the last 24 hours."""
    return since_when(asked_at, now) < now - EQUAL_WITHIN


def equal_requests(wanted: Wanted, now: datetime) -> list[EqualPayment]:
    """List what may be the payment that is wanted, each sort newest first. Three queries.

    Rows that wait count against what is typed, and never against another row that is made: of two files, neither could
    be. Whoever confirms a file is shown those of the others (`bulk.queries.equal_rows`).
    """
    content = {"client": wanted.client, "asset": wanted.asset, "kind": wanted.kind, "amount": wanted.amount}
    since = since_when(wanted.asked_at, now)
    asked = open_or_recent(since, Q(**content)).exclude(pk__in=wanted.chain)[:MOST_LISTED]
    rows = list(_rows_beside(wanted).filter(**content))
    orders = lost_orders([wanted.client.pk], since).filter(
        type=wanted.kind, effect_asset_id=wanted.asset.pk, effect_amount__in=(wanted.amount, -wanted.amount)
    )
    lost = not_of_rows(orders, own={wanted.reference}, known={reference_of_row(row, row.file) for row in rows})
    return [
        *(operation_as_equal(one) for one in asked),
        *(order_as_equal(one) for one in lost[:MOST_LISTED]),
        *(row_as_equal(one) for one in rows[:MOST_LISTED] if wanted.file_id is None),
    ]


# The three sorts ----------------------------------------------------------------------------------------------------


def open_or_recent(since: datetime, about: Q) -> QuerySet[Operation]:
    """Return the operations ``about`` something that a new one may repeat, newest first.

    Those are: what is open, however long already, because it may still be paid; what was asked for or completed
    ``since`` (`since_when`); and what ended without effect although an order of it turned up, since then too or as long
    as nobody has settled that. What was rejected, cancelled or expired moved nothing and is left out, unless an order
    of it did or may yet move money; a failed one is named: its cause may last. As in `rolling`, each is a set of its
    own, found by an index.
    """
    found = Operation.objects.filter(about).order_by().values("pk")
    orders = Order.objects.filter(partner_order_ref=OuterRef("reference")).exclude(status__in=NOTHING_MOVED)
    late = LateOrder.objects.filter(operation=OuterRef("pk"), kind__in=TURNED_UP)
    asked = found.filter(requested_at__gt=since).exclude(Q(state__in=LET_GO) & ~Exists(orders))
    turned_up = LateOrder.objects.filter(Q(settled_at=None) | Q(seen_at__gt=since), kind__in=TURNED_UP)
    completed = found.filter(state=State.COMPLETED, ended_at__gt=since)
    any_of = asked.union(
        found.filter(state__in=OPEN_STATES), completed, found.filter(pk__in=turned_up.values("operation"))
    )
    listed = Operation.objects.filter(pk__in=any_of).annotate(has_turned_up=Q(Exists(orders) | Exists(late)))
    return listed.select_related("requested_by").order_by("-requested_at", "-id")


def lost_orders(clients: Collection[int] | None, since: datetime) -> QuerySet[Order]:
    """Return the lost orders of the clients of these ids, or of all, that did or may yet move money, newest first.

    They were made ``since`` (`since_when`) or, once backups were restored, since the earliest of them: a day before it
    is included, because the partner's clock may be behind. What one restore lost, no later one brings back.
    """
    backups = Freeze.objects.filter(backup_at__isnull=False).order_by("backup_at")
    earliest = Least(Value(since), Subquery(backups.values("backup_at")[:1]) - EQUAL_WITHIN)
    ours = Order.objects.filter(is_ours=False, partner_order_ref__regex=f"^{PATTERN}$", created_at__gt=earliest)
    if clients is not None:
        named = Client.objects.filter(pk__in=clients).values("partner_client_id")
        ours = ours.filter(partner_client_id__in=named)
    return ours.exclude(status__in=NOTHING_MOVED).defer("raw").order_by("-created_at", "-id")


def lost_by_content(clients: Collection[int] | None, since: datetime) -> dict[Content, list[Order]]:
    """Return the lost orders of these clients, or of all, by type, client, asset and amount. One query."""
    lost: dict[Content, list[Order]] = {}
    found = lost_orders(clients, since).filter(effect_amount__isnull=False).annotate(client_pk=F("known_client__id"))
    for one in found:
        content = one.type, one.client_pk, one.effect_asset_id, one.effect_amount.copy_abs()
        lost.setdefault(content, []).append(one)
    return lost


def not_of_rows(orders: Iterable[Order], *, own: Collection[str], known: Collection[str]) -> list[Order]:
    """Leave out the orders that rows of files here stand for, by the references that those rows get.

    :param own: the references of what is asked for. Where CoinMENA holds an order of each, they cannot be paid once
        more, so that no other order is theirs. :param known: those of the other rows, which are asked about themselves.
    """
    found = list(orders)
    if own and set(own) <= {one.partner_order_ref for one in found}:
        return []
    return [one for one in found if one.partner_order_ref not in own and one.partner_order_ref not in known]


def _rows_beside(wanted: Wanted) -> QuerySet[BulkRow]:
    """Return the rows that have references of their own: of the files that go on, or of the file it is of itself."""
    if wanted.file_id is None:
        rows = rows_that_wait().filter(file__state__in=GOES_ON)
    else:
        rows = BulkRow.objects.filter(file=wanted.file_id)
    ordered = rows.order_by("-file__uploaded_at", "-file", "number")
    return ordered.select_related("file__uploaded_by").defer("file__content")


# As pages list them -------------------------------------------------------------------------------------------------


def operation_as_equal(one: Any) -> EqualPayment:
    """Return one of `open_or_recent` as pages list it; of one that ended without effect, whether an order turned up."""
    state = str(State(one.state).label)
    if one.state in WITHOUT_EFFECT and one.has_turned_up:
        state = _("%(state)s, but an order of it turned up") % {"state": state}
    return EqualOperation(
        key=one.reference,
        text=one.reference,
        url=one.get_absolute_url(),
        who=one.requested_by.name,
        at=one.requested_at,
        state=state,
    )


def order_as_equal(one: Order) -> EqualPayment:
    return LostOrder(
        key=f"order {one.pk}",
        text=str(one),
        url=reverse("orders:detail", args=[one.pk]),
        who="CoinMENA",
        at=one.created_at,
        state=_("an order under %(reference)s, which is not known here") % {"reference": one.partner_order_ref},
    )


def row_as_equal(one: BulkRow) -> EqualPayment:
    words = {"file": one.file.name[:LONGEST_NAME], "n": one.number}
    return WaitingRow(
        key=f"row {one.pk}",
        text=_("%(file)s, line %(n)d") % words,
        url=reverse("funding:bulk_file", args=[one.file_id]),
        who=one.file.uploaded_by.name,
        at=one.file.uploaded_at,
        state=str(FileState(one.file.state).label),
    )


def sentence_of(equal: Iterable[EqualPayment], *, counts_older: bool = False) -> str:
    """Say what keeps an equal payment from being made unasked, the gravest first.

    :param counts_older: whether what is asked for has waited for more than a day, so that older ones count.
    """
    by_sort = {type(one): one for one in reversed(list(equal))}
    if lost := by_sort.get(LostOrder):
        return _(
            "CoinMENA holds the order %(order)s of an equal payment that is not known here: it may have been made "
            "before a backup was restored. Confirm that this is another payment."
        ) % {"order": lost.text}
    if WaitingRow in by_sort and EqualOperation not in by_sort:
        return _("A file that waits asks for the same. Confirm that this is another payment.")
    if counts_older:
        return older_sentence()
    return _("An equal request is open, or of the last 24 hours. Confirm that this is another payment.")


def older_sentence() -> str:
    """Say that what has waited for more than a day equals something."""
    return _("An equal request is open, or was asked for or completed about when this one was, or since.")

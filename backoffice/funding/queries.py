"""Operations as pages, policies and workers need them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.contrib.postgres.aggregates import StringAgg
from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models import CharField as TextOutput
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Concat
from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals.models import Decision
from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.funding.freezing.freezes import is_held
from backoffice.funding.models import BulkRow, Gate, Kind, LateOrder, Lookup, Operation
from backoffice.funding.models.evidence import Evidence
from backoffice.funding.states import IN_DOUBT, State
from backoffice.money import negated
from backoffice.orders.models import COMPLETED, GONE, TERMINAL_STATUSES, Order
from backoffice.ui.listing import Summary

EQUAL_WITHIN: Final = timedelta(hours=24)
CLOSING_EVIDENCE: Final = (Evidence.NOT_APPLIED, Evidence.NEVER_SENT)
#: What ended because nobody wants it any more: it moved nothing, so asking for the same again is no second payment.
LET_GO: Final = (State.REJECTED, State.CANCELLED, State.EXPIRED)
#: An order that ended so has moved nothing and never will.
NOTHING_MOVED: Final = tuple(status for status in TERMINAL_STATUSES if status != COMPLETED)
#: Six minutes are longer than any pause between two look-ups that is planned, with the look-up itself.
_ASKED_FOR: Final = """
    SELECT coalesce(sum(least(greatest(at - before, interval '0'), interval '6 minutes')), interval '0') FROM (
        SELECT at, lag(at) OVER (ORDER BY id NULLS LAST) AS before FROM (
            SELECT id, asked_at AS at FROM funding_lookup
            WHERE operation_id = %(operation)s AND id > %(after)s
                AND (%(since)s::timestamptz IS NULL OR asked_at >= %(since)s::timestamptz)
            UNION ALL SELECT NULL, %(now)s
        ) AS looks
    ) AS pauses
"""
#: What may still move money: it counts against a balance and against a total.
OPEN_STATES: Final = (State.PENDING_APPROVAL, State.APPROVED, State.SUBMITTING, State.UNKNOWN, State.REVIEW)


def operations() -> QuerySet[Operation]:
    """Return every operation with what its name and its people are drawn from."""
    return Operation.objects.select_related("client", "asset", "requested_by", "approved_by", "approval")


def with_approvers() -> QuerySet[Operation]:
    """Return every operation with ``approvers``, whose approvals count, in the order they were given; None where nobody
    approved it. What no rule gates by itself may have been approved with the file it was made from: ``approved_under``
    is the one request or the other."""
    row = BulkRow.objects.filter(submission_token=OuterRef("submission_token"))
    counting = Decision.objects.filter(
        request=OuterRef("approved_under"), verdict=Decision.Verdict.APPROVED, taken_back_at=None
    )
    name = Case(
        When(for_person=None, then=F("decided_by__name")),
        default=Concat("decided_by__name", Value(" for "), "for_person__name"),
        output_field=TextOutput(),
    )
    named = counting.order_by().values("request").annotate(names=StringAgg(name, ", ", order_by=("decided_at", "id")))
    under = Coalesce("approval", Subquery(row.values("file__approval")), output_field=BigIntegerField())
    return operations().annotate(approved_under=under).annotate(approvers=Subquery(named.values("names")))


def with_doubt(now: datetime) -> QuerySet[Operation]:
    """Return every operation with when its doubt began, for those that are in doubt."""
    return operations().annotate(doubt_began=doubt_began(now))


def doubt_began(now: datetime) -> Coalesce:
    """Tell of each operation of a query since when it is in doubt: by `happened_at` where that moment lies ahead."""
    known = Case(When(in_doubt_since=None, then="requested_at"), default="in_doubt_since")
    latest = now + clock.SET_BACK
    looked = Lookup.objects.filter(operation=OuterRef("pk"), asked_at__lte=latest).order_by("asked_at", "id")
    is_past = When(Q(in_doubt_since__lte=latest) | Q(in_doubt_since=None, requested_at__lte=latest), then=known)
    return Coalesce(Case(is_past), Subquery(looked.values("asked_at")[:1]), Value(now))


def happened_at(moment: datetime, operation: Operation, now: datetime) -> datetime:
    """Return when something of an operation happened. A moment that lies ahead was written while the database's clock
    ran ahead: it had happened by the oldest look-up that was not, and by now where there is none."""
    if moment <= now + clock.SET_BACK:
        return moment
    looked = operation.lookups.filter(asked_at__lte=now + clock.SET_BACK).aggregate(first=Min("asked_at"))["first"]
    return looked or now


def asked_for(operation: Operation, after: int | None, restored_at: datetime | None, now: datetime) -> timedelta:
    """Return for how long the partner was asked, from the first look-up after the one named to now.

    No pause counts for longer than one of ours is planned: a clock that was set in between makes a few minutes of it
    and no hour. What was asked before a restore does not count, unless it was dated by a clock that ran ahead.
    """
    since = happened_at(restored_at, operation, now) if restored_at is not None else None
    with connection.cursor() as cursor:
        cursor.execute(_ASKED_FOR, {"operation": operation.pk, "after": after or 0, "since": since, "now": now})
        length: timedelta = cursor.fetchone()[0]
    return length


def unsettled_late_orders() -> QuerySet[LateOrder]:
    """Return the orders that speak against an end and that no manager has settled, oldest first."""
    late = LateOrder.objects.filter(settled_at=None).select_related("operation__client", "incident")
    return late.order_by("seen_at", "id")


def by_reference(reference: str) -> Operation:
    """Return one operation.

    :raises Operation.DoesNotExist: for a reference that is not ours.
    """
    return operations().select_related("copy_of").get(reference=reference)


def is_made_with(submission_token: UUID) -> bool:
    """Tell whether a form with this token has made its operation."""
    return Operation.objects.filter(submission_token=submission_token).exists()


def gate() -> Gate:
    """Return the one row that says whether money flows."""
    return Gate.objects.get(pk=1)


_CHAIN: Final = """
    WITH RECURSIVE earlier AS (
        SELECT id, copy_of_id FROM funding_operation WHERE id = %s
        UNION ALL SELECT one.id, one.copy_of_id FROM funding_operation one JOIN earlier ON one.id = earlier.copy_of_id
    ), later AS (
        SELECT id FROM funding_operation WHERE copy_of_id = %s
        UNION ALL SELECT one.id FROM funding_operation one JOIN later ON one.copy_of_id = later.id
    )
    SELECT id FROM earlier UNION ALL SELECT id FROM later
"""


def chain_of(operation: Operation) -> QuerySet[Operation]:
    """Return an operation with all that it follows and all that follow it, oldest first. All but the last ended
    without effect, or there would be no next one."""
    chain = operations().select_related("copy_of").filter(pk__in=RawSQL(_CHAIN, [operation.pk, operation.pk]))  # noqa: S611
    return chain.order_by("id")


def ids_of_chain(operation: Operation) -> list[int]:
    """Return the ids of what is one payment with ``operation``, itself among them: no equal requests of each other."""
    return list(chain_of(operation).values_list("pk", flat=True))


def reserved(client: Client, asset_id: str, excluding: Operation | None = None) -> Decimal:
    """Add up the withdrawals of ``client`` that may still leave: asked, approved, on the way or in doubt."""
    open_ones = Operation.objects.filter(client=client, asset_id=asset_id, kind=Kind.WITHDRAWAL, state__in=OPEN_STATES)
    if excluding is not None:
        open_ones = open_ones.exclude(pk=excluding.pk)
    return open_ones.aggregate(total=Sum("amount"))["total"] or Decimal(0)


# Attempts -----------------------------------------------------------------------------------------------------------


_MADE: Final = """
    SELECT count(*), max(claimed_at) FILTER (WHERE claimed_at <= %s) FROM funding_attempt WHERE operation_id = %s
"""


def attempts_made(operation: Operation, now: datetime) -> tuple[int, datetime | None]:
    """Return how many attempts an operation has had, and when the last one was claimed; one claimed later than ``now``
    was while the database's clock ran ahead, so nobody can tell when."""
    with connection.cursor() as cursor:
        cursor.execute(_MADE, [now + clock.SET_BACK, operation.pk])
        count, last = cursor.fetchone()
    return count, last


def has_order_after_all(operation: Operation) -> bool:
    """Tell whether an order speaks against an end without effect, of this operation or of one that it follows: kept and
    not settled, settled and standing, or in the mirror and not kept as what it is now.

    Settling writes down what was done about an order and moves no money back: while the order stands, a copy could pay
    twice.
    """
    ended = Operation.objects.filter(pk__in=ids_of_chain(operation), pk__lte=operation.pk)
    late = LateOrder.objects.filter(operation__in=ended)
    if late.filter(Q(settled_at=None) | _stands()).exists():
        return True
    settled = set(late.values_list("order_id", "kind"))
    orders = Order.objects.filter(partner_order_ref__in=ended.values("reference")).exclude(status__in=NOTHING_MOVED)
    kinds = {COMPLETED: LateOrder.Kind.COMPLETED}
    return any(
        (order_id, kinds.get(status, LateOrder.Kind.OPEN)) not in settled
        for order_id, status in orders.values_list("pk", "status")
    )


def is_standing(late: LateOrder) -> bool:
    """Tell whether a late order that was settled keeps copies away all the same."""
    return LateOrder.objects.filter(_stands(), pk=late.pk).exists()


def _stands() -> Q:
    """Tell of each late order whether it may have moved money: all but one that ended without effect, or that the
    partner had no longer when a manager settled it. One that a list leaves out later frees nothing by itself."""
    moved_nothing = Q(status__in=NOTHING_MOVED) | GONE & Q(vanished_at__lte=OuterRef("settled_at"))
    return Q(~Exists(Order.objects.filter(moved_nothing, pk=OuterRef("order_id"))))


def attempts_that_left(operation: Operation) -> int:
    """Count the attempts of which a byte may have been sent."""
    return operation.attempts.exclude(outcomes__evidence=Evidence.NEVER_SENT).count()


# What waits for a worker --------------------------------------------------------------------------------------------


def waiting_to_be_sent(now: datetime) -> QuerySet[Operation]:
    """Return what is approved, still in time and not frozen, oldest approval first; the claim decides whether it goes.

    What is frozen is left out: many held operations would keep the sweep from the others.
    """
    approved = Operation.objects.filter(state=State.APPROVED).exclude(is_held())
    return approved.filter(Q(valid_until__gt=now) | _stands_at_the_partner()).order_by("approved_at", "id")


def free_to_be_sent(now: datetime) -> QuerySet[Operation]:
    """Return what waits to be sent and follows nothing of its client that is being sent: many of those, too, would keep
    the sweep from the others. Whoever ends the one that is being sent rings for the next."""
    being_sent = Operation.objects.filter(state=State.SUBMITTING, client_id=OuterRef("client_id"))
    return waiting_to_be_sent(now).exclude(Exists(being_sent))


def _stands_at_the_partner() -> Q:
    return Q(Exists(Order.objects.filter(partner_order_ref=OuterRef("reference")).exclude(GONE)))


def stands_at_the_partner(operation: Operation) -> bool:
    """Tell whether the partner holds an order under the reference of an operation, as far as the mirror knows: one that
    its list no longer has keeps nothing from being carried out anew under that reference."""
    return Order.objects.filter(partner_order_ref=operation.reference).exclude(GONE).exists()


def is_at_the_partner(operation: Operation) -> bool:
    """Tell whether the partner holds or ever held an order under the reference of an operation, as the mirror knows."""
    return Order.objects.filter(partner_order_ref=operation.reference).exists()


def may_have_been_paid(operation: Operation) -> bool:
    """Tell whether the mirror holds an order under the reference of an operation that moved money, or still may."""
    return Order.objects.filter(partner_order_ref=operation.reference).exclude(status__in=NOTHING_MOVED).exists()


def due_to_be_resolved(now: datetime, *, latest_lease: datetime, latest_plan: datetime) -> QuerySet[Operation]:
    """Return what is in doubt and due for a look-up, and what a dead worker left behind.

    A time past the latest that is ever written holds nobody: the clock ran ahead when it was. What was never looked up
    comes first: its worker died, and its client is paid nothing else meanwhile.
    """
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=latest_lease)
    is_time = Q(next_lookup_at__lte=now) | Q(next_lookup_at__gt=latest_plan)
    due = Q(is_time, state__in=IN_DOUBT) | Q(state=State.SUBMITTING)
    return Operation.objects.filter(due & free).order_by(F("next_lookup_at").asc(nulls_first=True), "id")


def in_doubt_of(client: Client) -> QuerySet[Operation]:
    """Return the operations of ``client`` that nobody knows the end of, the longest in doubt first."""
    return operations().filter(client=client, state__in=IN_DOUBT).order_by("in_doubt_since", "id")[:10]


def longest_in_doubt(now: datetime) -> tuple[Operation, datetime] | None:
    """Return the operation that has been in doubt for longest, and since when."""
    in_doubt = Operation.objects.filter(state__in=IN_DOUBT).annotate(doubt_began=doubt_began(now))
    oldest = in_doubt.order_by("doubt_began", "id").first()
    return None if oldest is None else (oldest, oldest.doubt_began)


def approved_too_long_ago(now: datetime) -> QuerySet[Operation]:
    """Return what was approved but could not be sent in time. What the partner holds already has been sent in time."""
    late = Operation.objects.filter(state=State.APPROVED, valid_until__lte=now).exclude(_stands_at_the_partner())
    return late.order_by("id")


# Lists --------------------------------------------------------------------------------------------------------------


def found_by(rows: QuerySet[Operation], text: str) -> QuerySet[Operation]:
    """Keep the operations whose reference begins with ``text``, or whose client is named or identified by it."""
    return rows.filter(
        Q(reference__startswith=text.lower()) | Q(client__partner_client_id=text) | Q(client__name__icontains=text)
    )


def summarise(rows: QuerySet[Operation]) -> Summary:
    """Count the filtered set and add up what it asks for, by asset and direction. One query."""
    groups = rows.order_by().values_list("asset_id", "kind").annotate(count=Count("id"), total=Sum("amount"))
    totals = groups.order_by("asset_id", "kind")
    sums: dict[str, dict[str, Decimal]] = {}
    for asset, kind, _count, total in totals:
        label, signed = (_("Deposits"), total) if kind == Kind.DEPOSIT else (_("Withdrawals"), negated(total))
        sums.setdefault(asset, {})[label] = signed
    return Summary(sum(count for _asset, _kind, count, _total in totals), sorted(sums.items()))


# Clients as people type them ----------------------------------------------------------------------------------------


def usual_asset(person: Person) -> str:
    """Return the asset ``person`` last funded in; empty where there is none, so that nobody is led into one."""
    last = Operation.objects.filter(requested_by=person).order_by("-requested_at", "-id")
    return last.values_list("asset_id", flat=True).first() or ""


def can_be_stored(text: str) -> bool:
    """Tell whether the database can even be asked about ``text``: PostgreSQL refuses a NUL."""
    return "\x00" not in text


def clients_meant_by(text: str) -> list[Client]:
    """Return whom ``text`` can mean: the client with that id, else those with that name; two are enough to ask back."""
    if not can_be_stored(text):
        return []
    _named, _comma, identifier = text.rpartition(",")
    for candidate in (text, identifier.strip()):
        found = list(Client.objects.filter(partner_client_id=candidate)) if candidate else []
        if found:
            return found
    return list(Client.objects.filter(name__iexact=text).order_by("id")[:2]) if text else []


def clients_like(text: str, limit: int = 12) -> list[Client]:
    """Return clients whose id or name begins with ``text``, as suggestions while it is typed."""
    if not can_be_stored(text):
        return []
    begins = Q(partner_client_id__istartswith=text) | Q(name__istartswith=text) | Q(name__icontains=f" {text}")
    return list(Client.objects.filter(begins).order_by("name", "id")[:limit])


def of_client(client: Client) -> QuerySet[Operation]:
    """Return the operations of one client, newest first."""
    return operations().filter(client=client).order_by("-requested_at", "-id")


def same_client(operation: Operation, limit: int = 5) -> QuerySet[Operation]:
    """Return the newest other operations of the same client."""
    return of_client(operation.client).exclude(pk=operation.pk)[:limit]


def reserved_by_asset(client: Client) -> dict[str, Decimal]:
    """Add up by asset what the client's pending withdrawals would take."""
    waiting = Operation.objects.filter(client=client, kind=Kind.WITHDRAWAL, state__in=OPEN_STATES)
    totals = waiting.order_by().values("asset_id").annotate(total=Sum("amount"))
    return {row["asset_id"]: row["total"] for row in totals}

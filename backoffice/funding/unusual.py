"""What of several movements somebody should read one by one before they are approved together."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final

from django.db.models import Aggregate, Case, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from backoffice.clients.models import Asset, BalanceReading, Client
from backoffice.database.fields import AmountField
from backoffice.funding.equal import (
    TURNED_UP,
    Content,
    has_waited,
    lost_by_content,
    older_sentence,
    open_or_recent,
    since_when,
)
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.policies import frozen_sentence
from backoffice.funding.models import Freeze, Kind, LateOrder, Operation, Scope
from backoffice.funding.policies import why_not_asset, why_not_client, why_not_flowing
from backoffice.funding.queries import OPEN_STATES, gate
from backoffice.funding.states import IN_DOUBT, State
from backoffice.money import Money, exact_sum, negated

#: An amount is far above what a client usually moves from so many times their median on.
FAR_ABOVE: Final = 10
MEDIAN_OVER: Final = timedelta(days=90)


@dataclass(frozen=True)
class Movement:
    """One movement that is asked for: an operation that waits, or a row of a file. ``key`` names it to whoever asks.

    ``operation_id``: the operation itself, which equals itself and counts among what its client has waiting.
    ``asked_at``: since when it waits, where it does (`funding.equal.since_when`).
    """

    key: str
    kind: str
    client: Client
    asset_id: str
    amount: Decimal
    operation_id: int | None = None
    asked_at: datetime | None = None

    @property
    def content(self) -> Content:
        return self.kind, self.client.pk, self.asset_id, self.amount


class Median(Aggregate):
    """The middle amount, one that really occurred: nothing is computed, so nothing is rounded."""

    function = "PERCENTILE_DISC"
    name = "median"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = AmountField()


class Known:
    """What is looked up once for all movements, each part when it is first asked for."""

    def __init__(self, movements: Collection[Movement], now: datetime) -> None:
        self._clients = {one.client.pk for one in movements}
        self._assets = {one.asset_id for one in movements}
        self._amounts = {one.amount for one in movements}
        self._since = min((since_when(one.asked_at, now) for one in movements), default=now)
        self.now = now

    @property
    def _operations(self) -> QuerySet[Operation]:
        return Operation.objects.filter(client__in=self._clients).order_by()

    @cached_property
    def assets(self) -> dict[str, Asset]:
        """What is moved, and whether it still can be."""
        return Asset.objects.defer("raw").in_bulk(self._assets, field_name="asset_id")

    @cached_property
    def in_doubt(self) -> set[int]:
        """Whose payments are in doubt."""
        return set(self._operations.filter(state__in=IN_DOUBT).values_list("client_id", flat=True))

    @cached_property
    def seasoned(self) -> set[int]:
        """For whom something was completed before."""
        return set(self._operations.filter(state=State.COMPLETED).values_list("client_id", flat=True).distinct())

    @cached_property
    def equal(self) -> dict[Content, list[tuple[int, datetime | None]]]:
        """What is open or recent for the movement that waits longest, by what it asks for; each with the moment that
        it counts until, None where it counts however long ago that was."""
        recent = open_or_recent(self._since, Q(client__in=self._clients, amount__in=self._amounts))
        late = Exists(LateOrder.objects.filter(operation=OuterRef("pk"), kind__in=TURNED_UP))
        always = Q(state__in=OPEN_STATES) | Q(late)
        completed = When(state=State.COMPLETED, then=Greatest("requested_at", "ended_at"))
        moment = Case(When(always, then=None), completed, default=F("requested_at"))
        found: dict[Content, list[tuple[int, datetime | None]]] = {}
        rows = recent.annotate(moment=moment).values_list("pk", "moment", "kind", "client_id", "asset_id", "amount")
        for pk, moment, *content in rows:
            found.setdefault(tuple(content), []).append((pk, moment))
        return found

    @cached_property
    def lost(self) -> set[Content]:
        """What orders at CoinMENA paid that no operation here has. The rows of a file are asked about them one by one
        when they are made: some of these orders may be theirs."""
        return set(lost_by_content(self._clients, self._since))

    @cached_property
    def medians(self) -> dict[tuple[str, int, str], Decimal]:
        """The middle amount of what was completed in 90 days, by type, client and asset."""
        usual = self._operations.filter(state=State.COMPLETED, ended_at__gt=self.now - MEDIAN_OVER)
        rows = usual.values_list("kind", "client_id", "asset_id").annotate(median=Median("amount"))
        return {(kind, client_id, asset_id): median for kind, client_id, asset_id, median in rows}

    @cached_property
    def left(self) -> dict[tuple[int, str], Decimal]:
        """The last balances that were read, less whatever may still leave."""
        readings = BalanceReading.objects.filter(client__in=self._clients, available_balance__isnull=False)
        leaving = self._operations.filter(kind=Kind.WITHDRAWAL, state__in=OPEN_STATES)
        rows = leaving.values_list("client_id", "asset_id").annotate(total=Sum("amount"))
        reserved = {(client, asset): total for client, asset, total in rows}
        return {
            (client, asset): exact_sum([available or Decimal(0), negated(reserved.get((client, asset), Decimal(0)))])
            for client, asset, available in readings.values_list("client_id", "asset_id", "available_balance")
        }

    @cached_property
    def freezes(self) -> list[Freeze]:
        return list(freezes.in_force())

    @cached_property
    def standstill(self) -> str:
        """Why nothing at all is sent now; empty while money flows."""
        return why_not_flowing(gate(), self.now)


def movement_of(operation: Operation) -> Movement:
    """Describe an operation; its client is read with it."""
    return Movement(
        key=operation.reference,
        kind=operation.kind,
        client=operation.client,
        asset_id=operation.asset_id,
        amount=operation.amount,
        operation_id=operation.pk,
        asked_at=operation.requested_at if operation.is_awaiting_approval else None,
    )


def sentences_of(movements: Sequence[Movement], now: datetime) -> dict[str, str]:
    """Say in one sentence each why some of ``movements`` are unlike the others; the rest are left out. A fixed number
    of queries, nothing is written and the partner is not asked."""
    known = Known(movements, now)
    told = ((one.key, _sentence(one, known)) for one in movements)
    return {key: sentence for key, sentence in told if sentence}


def unlike_before(movement: Movement, now: datetime) -> list[str]:
    """Say what is new or far above the usual about one movement, beside what every check says of it."""
    known = Known([movement], now)
    return [sentence for question in (_new, _far_above) if (sentence := question(movement, known))]


def _sentence(one: Movement, known: Known) -> str:
    return next(filter(None, (question(one, known) for question in _QUESTIONS)), "")


# The questions, the gravest first -------------------------------------------------------------------------------------


def _doubt(one: Movement, known: Known) -> str:
    return _("A payment of this client is in doubt.") if one.client.pk in known.in_doubt else ""


def _unverified(one: Movement, _known: Known) -> str:
    return why_not_client(one.client)


def _closed(one: Movement, known: Known) -> str:
    return why_not_asset(known.assets[one.asset_id], one.kind)


def _held(one: Movement, known: Known) -> str:
    holding = next((freeze for freeze in known.freezes if _holds(freeze, one)), None)
    return frozen_sentence(holding) if holding else known.standstill


def _equal(one: Movement, known: Known) -> str:
    if one.operation_id is not None and one.content in known.lost:
        return _("CoinMENA holds an order of an equal payment that is not known here.")
    since = since_when(one.asked_at, known.now)
    found = known.equal.get(one.content, [])
    if not any(pk != one.operation_id and (moment is None or moment > since) for pk, moment in found):
        return ""
    if has_waited(one.asked_at, known.now):
        return older_sentence()
    return _("An equal request is open, or of the last 24 hours.")


def _new(one: Movement, known: Known) -> str:
    return "" if one.client.pk in known.seasoned else _("Nothing was ever completed for this client before.")


def _far_above(one: Movement, known: Known) -> str:
    median = known.medians.get((one.kind, one.client.pk, one.asset_id))
    if median is None or one.amount <= median * FAR_ABOVE:
        return ""
    words = {"n": FAR_ABOVE, "median": Money(median, one.asset_id)}
    return _("More than %(n)d times what this client usually moves, %(median)s.") % words


def _overdrawn(one: Movement, known: Known) -> str:
    left = known.left.get((one.client.pk, one.asset_id))
    if one.kind != Kind.WITHDRAWAL or left is None:
        return ""
    rest = left if one.operation_id is not None else exact_sum([left, negated(one.amount)])
    return _("The last balance that was read does not cover it and what else waits.") if rest < 0 else ""


_QUESTIONS: Final[tuple[Callable[[Movement, Known], str], ...]] = (
    _doubt,
    _unverified,
    _closed,
    _held,
    _equal,
    _new,
    _far_above,
    _overdrawn,
)


def _holds(freeze: Freeze, one: Movement) -> bool:
    return (
        freeze.scope == Scope.EVERYTHING
        or (freeze.scope == Scope.MONEY_OUT and one.kind == Kind.WITHDRAWAL)
        or (freeze.asset_id is not None and freeze.asset_id == one.asset_id)
        or (freeze.client_id is not None and freeze.client_id == one.client.pk)
    )

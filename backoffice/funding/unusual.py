"""What of several movements somebody should read one by one before they are approved together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Aggregate, QuerySet, Sum
from django.utils.translation import gettext as _

from backoffice.clients.models import BalanceReading, Client
from backoffice.database.fields import AmountField
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.policies import frozen_sentence
from backoffice.funding.models import Freeze, Kind, Operation, Scope
from backoffice.funding.policies import why_not_client, why_not_flowing
from backoffice.funding.queries import EQUAL_WITHIN, LET_GO, OPEN_STATES, gate
from backoffice.funding.states import IN_DOUBT, State
from backoffice.money import Money, exact_sum

#: An amount is far above what a client usually moves from so many times their median on.
FAR_ABOVE: Final = 10
MEDIAN_OVER: Final = timedelta(days=90)


@dataclass(frozen=True)
class Movement:
    """One movement that is asked for: an operation that waits, or a row of a file. ``key`` names it to whoever asks.

    ``operation_id``: the operation itself, which equals itself and counts among what its client has waiting.
    """

    key: str
    kind: str
    client: Client
    asset_id: str
    amount: Decimal
    operation_id: int | None = None


class Median(Aggregate):
    """The middle amount, one that really occurred: nothing is computed, so nothing is rounded."""

    function = "PERCENTILE_DISC"
    name = "median"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = AmountField()


@dataclass(frozen=True)
class Known:
    """What was looked up once for all movements."""

    equal: dict[tuple[Any, ...], set[int]]
    in_doubt: set[int]
    seasoned: set[int]
    medians: dict[tuple[str, int, str], Decimal]
    left: dict[tuple[int, str], Decimal]
    freezes: list[Freeze]
    standstill: str


def sentences_of(movements: Sequence[Movement], now: datetime) -> dict[str, str]:
    """Say in one sentence each why some of ``movements`` are unlike the others; the rest are left out. A fixed number
    of queries, nothing is written and the partner is not asked."""
    known = _known({one.client.pk for one in movements}, now)
    told = ((one.key, _sentence(one, known)) for one in movements)
    return {key: sentence for key, sentence in told if sentence}


def _sentence(one: Movement, known: Known) -> str:
    return next(filter(None, (question(one, known) for question in _QUESTIONS)), "")


# The questions, the gravest first -------------------------------------------------------------------------------------


def _doubt(one: Movement, known: Known) -> str:
    return _("A payment of this client is in doubt.") if one.client.pk in known.in_doubt else ""


def _unverified(one: Movement, _known: Known) -> str:
    return why_not_client(one.client)


def _held(one: Movement, known: Known) -> str:
    holding = next((freeze for freeze in known.freezes if _holds(freeze, one)), None)
    return frozen_sentence(holding) if holding else known.standstill


def _equal(one: Movement, known: Known) -> str:
    others = known.equal.get((one.kind, one.client.pk, one.asset_id, one.amount), set()) - {one.operation_id}
    return _("An equal request was made in the last 24 hours.") if others else ""


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
    rest = left if one.operation_id is not None else exact_sum([left, -one.amount])
    return _("The last balance that was read does not cover it and what else waits.") if rest < 0 else ""


_QUESTIONS: Final[tuple[Callable[[Movement, Known], str], ...]] = (
    _doubt,
    _unverified,
    _held,
    _equal,
    _new,
    _far_above,
    _overdrawn,
)


# What is looked up ----------------------------------------------------------------------------------------------------


def _known(clients: set[int], now: datetime) -> Known:
    theirs = Operation.objects.filter(client__in=clients).order_by()
    return Known(
        equal=_equal_ones(theirs, now),
        in_doubt=set(theirs.filter(state__in=IN_DOUBT).values_list("client_id", flat=True)),
        seasoned=set(theirs.filter(state=State.COMPLETED).values_list("client_id", flat=True).distinct()),
        medians=_medians(theirs, now),
        left=_left(clients),
        freezes=list(freezes.in_force()),
        standstill=why_not_flowing(gate(), now),
    )


def _equal_ones(theirs: QuerySet[Operation], now: datetime) -> dict[tuple[Any, ...], set[int]]:
    recent = theirs.filter(requested_at__gt=now - EQUAL_WITHIN).exclude(state__in=LET_GO)
    found: dict[tuple[Any, ...], set[int]] = {}
    for pk, *content in recent.values_list("pk", "kind", "client_id", "asset_id", "amount"):
        found.setdefault(tuple(content), set()).add(pk)
    return found


def _medians(theirs: QuerySet[Operation], now: datetime) -> dict[tuple[str, int, str], Decimal]:
    usual = theirs.filter(state=State.COMPLETED, ended_at__gt=now - MEDIAN_OVER)
    rows = usual.values_list("kind", "client_id", "asset_id").annotate(median=Median("amount"))
    return {(kind, client_id, asset_id): median for kind, client_id, asset_id, median in rows}


def _left(clients: set[int]) -> dict[tuple[int, str], Decimal]:
    """Subtract from the last balances that were read whatever may still leave."""
    readings = BalanceReading.objects.filter(client__in=clients, available_balance__isnull=False)
    available = {(client, asset): amount for client, asset, amount in readings.values_list(*_BALANCE)}
    leaving = Operation.objects.filter(client__in=clients, kind=Kind.WITHDRAWAL, state__in=OPEN_STATES).order_by()
    reserved = {
        (client, asset): total
        for client, asset, total in leaving.values_list("client_id", "asset_id").annotate(total=Sum("amount"))
    }
    return {key: exact_sum([amount, -reserved.get(key, Decimal(0))]) for key, amount in available.items()}


_BALANCE: Final = ("client_id", "asset_id", "available_balance")


def _holds(freeze: Freeze, one: Movement) -> bool:
    return (
        freeze.scope == Scope.EVERYTHING
        or (freeze.scope == Scope.MONEY_OUT and one.kind == Kind.WITHDRAWAL)
        or (freeze.asset_id is not None and freeze.asset_id == one.asset_id)
        or (freeze.client_id is not None and freeze.client_id == one.client.pk)
    )

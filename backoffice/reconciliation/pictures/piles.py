"""What the pictures count: exceptions that have not ended and days that are not closed, by age, size and asset.

Each is one statement over an index or a small table; findings, of which a run may hold a million, are never read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Case, Count, IntegerField, Sum, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.database.fields import AmountField
from backoffice.money import exact_sum
from backoffice.reconciliation.days.list_page import first_day
from backoffice.reconciliation.exceptions.severity import LARGE
from backoffice.reconciliation.models import UNDONE, Day, DayState, ExceptionItem, ExceptionState

#: The oldest age in days of each band but the last.
AGE_LIMITS: Final = (1, 3, 7, 30)
AGE_LABELS: Final[Sequence[Promise]] = (
    _("Up to 1 day"),
    _("2 to 3 days"),
    _("4 to 7 days"),
    _("8 to 30 days"),
    _("Over 30 days"),
)
#: The least share of a large amount (`LARGE`) in each band but the last two.
SIZE_LIMITS: Final = (Decimal(1), Decimal("0.1"), Decimal("0.01"))
SIZE_LABELS: Final[Sequence[Promise]] = (
    _("10,000 USD or more"),
    _("1,000 to 10,000 USD"),
    _("100 to 1,000 USD"),
    _("Under 100 USD"),
    _("No amount, or no scale"),
)
SMALLEST, UNKNOWN = 3, 4
WAITING_TO_BE_SIGNED: Final = (DayState.PREPARED, DayState.REVIEWED)


@dataclass(frozen=True)
class Pile:
    """Exceptions of one age, size, asset and standing: how many, and the money in question, None where none is known.

    ``age`` and ``size`` are places in `AGE_LABELS` and `SIZE_LABELS`.
    """

    age: int
    size: int
    asset: str
    is_carried: bool
    count: int
    at_risk: Decimal | None


@dataclass(frozen=True)
class Pair:
    """How many are to be dealt with, and how many were put off: carried forward, or waiting for a signature."""

    first: int = 0
    second: int = 0

    @property
    def total(self) -> int:
        return self.first + self.second


@dataclass(frozen=True)
class Risk:
    """The money in question in one asset."""

    asset: str
    to_do: Decimal
    carried: Decimal
    count: int

    @property
    def total(self) -> Decimal:
        return self.to_do + self.carried

    @property
    def is_scaled(self) -> bool:
        """Whether anybody has said what a large amount of it is."""
        return self.asset in LARGE


def piles(today: date) -> list[Pile]:
    """Everything that has not ended, counted in one statement."""
    standing = ExceptionItem.objects.filter(state__in=[*UNDONE, ExceptionState.CARRIED]).order_by()
    sorted_out = standing.annotate(age=age_of(today), size=size()).values_list("age", "size", "asset", "state")
    counted = sorted_out.annotate(Count("id"), Sum("at_risk", output_field=AmountField()))
    return [
        Pile(age, size, asset, state == ExceptionState.CARRIED, count, at_risk)
        for age, size, asset, state, count, at_risk in counted
    ]


def age_of(today: date) -> Case:
    """The band of an exception's business day."""
    bands = (When(day__gte=today - timedelta(days=limit), then=Value(n)) for n, limit in enumerate(AGE_LIMITS))
    return Case(*bands, default=Value(len(AGE_LIMITS)), output_field=IntegerField())


def size() -> Case:
    """The band of an exception's amount, in the measure of its asset."""
    bands = (When(at_risk__gte=part_of_large(share), then=Value(n)) for n, share in enumerate(SIZE_LIMITS))
    smallest = When(at_risk__isnull=False, asset__in=list(LARGE), then=Value(SMALLEST))
    return Case(*bands, smallest, default=Value(UNKNOWN), output_field=IntegerField())


def part_of_large(share: Decimal) -> Case:
    """A share of the large amount of an exception's asset; nothing, which no amount reaches, where nobody set one."""
    known = (When(asset=asset, then=Value(large * share)) for asset, large in LARGE.items())
    return Case(*known, output_field=AmountField())


def by_age(found: Sequence[Pile]) -> list[Pair]:
    return [pair_of([one for one in found if one.age == band]) for band in range(len(AGE_LABELS))]


def by_size(found: Sequence[Pile]) -> list[Pair]:
    return [pair_of([one for one in found if one.size == band]) for band in range(len(SIZE_LABELS))]


def pair_of(some: Sequence[Pile]) -> Pair:
    return Pair(sum(one.count for one in some if not one.is_carried), sum(one.count for one in some if one.is_carried))


def risks(found: Sequence[Pile]) -> list[Risk]:
    """The money in question by asset, in the order of their names; exceptions without an amount are left out."""
    known = [one for one in found if one.at_risk is not None and one.asset]
    return [risk_of(asset, [one for one in known if one.asset == asset]) for asset in sorted({o.asset for o in known})]


def risk_of(asset: str, some: Sequence[Pile]) -> Risk:
    to_do = exact_sum(one.at_risk for one in some if one.at_risk is not None and not one.is_carried)
    carried = exact_sum(one.at_risk for one in some if one.at_risk is not None and one.is_carried)
    return Risk(asset, to_do, carried, sum(one.count for one in some))


def open_days(today: date) -> list[Pair]:
    """Days that are over and not closed, by age: nobody's turn taken yet, and waiting for a signature."""
    first = first_day()
    if first is None:
        return [Pair()] * len(AGE_LABELS)
    states = dict(Day.objects.filter(date__gte=first, date__lt=today).values_list("date", "state"))
    ages = range(1, (today - first).days + 1)
    unclosed = [(age, states.get(today - timedelta(days=age), "")) for age in ages]
    return [
        days_of([state for age, state in unclosed if band_of(age) == band and state != DayState.CLOSED])
        for band in range(len(AGE_LABELS))
    ]


def days_of(states: Sequence[str]) -> Pair:
    signed = sum(state in WAITING_TO_BE_SIGNED for state in states)
    return Pair(len(states) - signed, signed)


def band_of(age: int) -> int:
    """The place of an age in days among the bands."""
    return sum(age > limit for limit in AGE_LIMITS)

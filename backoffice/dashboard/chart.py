"""Deposits and withdrawals by day as a drawing: numbers for an SVG, whose looks are classes. No script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from backoffice.dashboard.queries import DayTotal
from backoffice.money import MINUS_SIGN, exact_sum, format_amount
from backoffice.orders.models import COMPLETED, Kind

HEIGHT, ZERO, TOP_ROOM, BOTTOM_ROOM, LEFT = 186, 124, 100, 40, 48
BAR_WIDTH = 22
NOTHING = DayTotal()


@dataclass(frozen=True)
class Bar:
    """One day: where its two bars stand. Coordinates are text, so that no locale writes a comma into them."""

    x: str
    middle: str
    in_y: str
    in_height: str
    out_height: str
    label: str
    title: str
    is_last: bool


@dataclass(frozen=True)
class Tick:
    """One line of the scale."""

    y: str
    text_y: str
    label: str


@dataclass(frozen=True)
class Plot:
    """One drawing, `width` wide: what some days of one asset look like, what they add up to, and the same in words."""

    css: str
    width: int
    asset: str
    first: date
    last: date
    deposited: Decimal
    withdrawn: Decimal
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]

    @property
    def view_box(self) -> str:
        return f"0 0 {self.width} {HEIGHT}"

    @property
    def taken_out(self) -> Decimal:
        """What was withdrawn, signed from the clients' side."""
        return self.withdrawn.copy_negate() if self.withdrawn else self.withdrawn

    @property
    def days(self) -> str:
        """The days drawn, in words."""
        return _("%(first)s to %(last)s") % {
            "first": format_date(self.first, "j M"),
            "last": format_date(self.last, "j M Y"),
        }

    @property
    def sentence(self) -> str:
        """What the drawing shows, for those who do not see it."""
        return _("Deposits and withdrawals in %(asset)s per day, %(days)s. Deposits %(in)s, withdrawals %(out)s.") % {
            "asset": self.asset,
            "days": self.days,
            "in": format_amount(self.deposited),
            "out": format_amount(self.withdrawn),
        }

    @property
    def orders_url(self) -> str:
        """Where the orders are listed that the drawing adds up."""
        chosen = {
            "kind": [Kind.DEPOSIT.value, Kind.WITHDRAWAL.value],
            "asset": self.asset,
            "status": COMPLETED,
            "created_from": self.first.isoformat(),
            "created_to": self.last.isoformat(),
        }
        return f"{reverse('orders:list')}?{urlencode(chosen, doseq=True)}"


@dataclass(frozen=True)
class Chart:
    """The last days of one asset: a wide drawing for desks, and one of fewer days for phones."""

    asset: str
    plots: tuple[Plot, ...]


def draw(asset: str, totals: Mapping[date, DayTotal], *, last: date, days: int) -> Chart:
    """Draw the days up to `last`: all of them wide, the newer half narrow."""
    shown = [last - timedelta(days=days - 1 - place) for place in range(days)]
    half = shown[-(days // 2) :]
    return Chart(asset, (plot("only-l", 740, asset, shown, totals), plot("only-s", 330, asset, half, totals)))


def plot(css: str, width: int, asset: str, days: Sequence[date], totals: Mapping[date, DayTotal]) -> Plot:
    """Draw `days` into `width`. Heights are for the eye: floats here touch no figure anybody reads."""
    of_days = [totals.get(day, NOTHING) for day in days]
    unit = unit_of(of_days)
    step = (width - LEFT) / len(days)
    bars = (
        bar(day, total, asset, x=LEFT + place * step + (step - BAR_WIDTH) / 2, unit=unit)
        for place, (day, total) in enumerate(zip(days, of_days, strict=True))
    )
    return Plot(
        css,
        width,
        asset,
        first=days[0],
        last=days[-1],
        deposited=exact_sum(one.deposited for one in of_days),
        withdrawn=exact_sum(one.withdrawn for one in of_days),
        bars=with_last_marked(tuple(bars)),
        ticks=ticks(unit),
    )


def unit_of(totals: Sequence[DayTotal]) -> float:
    """How much of the asset one unit of height stands for; deposits rise from the line, withdrawals hang from it."""
    most_in = float(max((one.deposited for one in totals), default=Decimal(0)))
    most_out = float(max((one.withdrawn for one in totals), default=Decimal(0)))
    return max(most_in / TOP_ROOM, most_out / BOTTOM_ROOM) or 1.0


def bar(day: date, total: DayTotal, asset: str, *, x: float, unit: float) -> Bar:
    rises, hangs = float(total.deposited) / unit, float(total.withdrawn) / unit
    return Bar(
        x=f"{x:.1f}",
        middle=f"{x + BAR_WIDTH / 2:.1f}",
        in_y=f"{ZERO - 1 - rises:.1f}",
        in_height=f"{rises:.1f}" if rises else "",
        out_height=f"{hangs:.1f}" if hangs else "",
        label=str(day.day),
        title=title(day, total, asset),
        is_last=False,
    )


def title(day: date, total: DayTotal, asset: str) -> str:
    return _("%(day)s: +%(in)s and %(out)s %(asset)s") % {
        "day": format_date(day, "j M"),
        "in": format_amount(total.deposited),
        "out": MINUS_SIGN + format_amount(total.withdrawn),
        "asset": asset,
    }


def with_last_marked(bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    *others, last = bars
    return (*others, Bar(**{**last.__dict__, "is_last": True}))


def ticks(unit: float) -> tuple[Tick, ...]:
    """The line of nothing, and two round amounts above it."""
    step = round_step(unit * TOP_ROOM / 2)
    return tuple(
        Tick(f"{ZERO - height:.1f}", f"{ZERO - height + 4:.1f}", short(step * place))
        for place in range(3)
        if (height := step * place / unit) <= TOP_ROOM + 5
    )


def round_step(wanted: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that is not above `wanted`."""
    power = 10.0 ** (len(str(int(wanted))) - 1) if wanted >= 1 else 0.1
    return max((factor * power for factor in (1, 2, 5) if factor * power <= wanted), default=wanted)


def short(amount: float) -> str:
    """Write an amount of the scale: 0, 50k, 1.5M."""
    for size, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if amount >= size:
            return f"{amount / size:g}{letter}"
    return f"{amount:g}"

"""The match rate by day as a drawing: a dot for each day that was compared, the days beside each other joined.

The scale does not begin at nothing, since a rate that is watched lies near the whole: dots, not bars, and its ends
are named. Coordinates are text; floats here touch no figure anybody reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.dateformat import format as format_date
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from backoffice.reconciliation.models import Run
from backoffice.reconciliation.pages import rate_of

HEIGHT, TOP, FLOOR, LEFT, LABELS = 176, 14, 142, 52, 164
#: Drawing, its width, how many of the last days it shows, and of how many days one is named.
SHAPES: Final = (("only-l", 1080, 30, 2), ("only-s", 330, 14, 2))
#: Where the scale may begin, in per cent.
FLOORS: Final = (99.0, 95.0, 90.0, 75.0, 50.0, 0.0)


@dataclass(frozen=True)
class Rated:
    """One day and the newest run over all of it, where there is one."""

    day: date
    run: Run | None

    @property
    def share(self) -> float | None:
        """Matched rows of all, in per cent; None where nothing was compared."""
        return self.run.matched_count / self.run.rows_count * 100 if self.run and self.run.rows_count else None

    @property
    def rate(self) -> str:
        return rate_of(self.run) if self.run and self.run.rows_count else "–"

    @property
    def title(self) -> str:
        words = {"day": format_date(self.day, "j M"), "rate": self.rate}
        if self.run is not None and not self.run.is_complete:
            return _("%(day)s: %(rate)s, by a partial run") % words
        return _("%(day)s: %(rate)s") % words


@dataclass(frozen=True)
class Dot:
    """One day's dot; hollow where the run was partial."""

    x: str
    y: str
    title: str
    css: str
    is_hollow: bool


@dataclass(frozen=True)
class Tick:
    """One line of the scale."""

    y: str
    text_y: str
    label: str


@dataclass(frozen=True)
class Label:
    """The name of one day under the drawing."""

    x: str
    text: str


@dataclass(frozen=True)
class Plot:
    """One drawing, `width` wide: dots, the runs of days that are joined, the scale."""

    css: str
    width: int
    dots: tuple[Dot, ...]
    joined: tuple[str, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    is_mirrored: bool
    height: int = HEIGHT
    labels_y: int = LABELS

    @property
    def scale_x(self) -> int:
        return self.width - LEFT + 8 if self.is_mirrored else LEFT - 8

    @property
    def scale_anchor(self) -> str:
        return "start" if self.is_mirrored else "end"

    @property
    def line_from(self) -> int:
        return 0 if self.is_mirrored else LEFT

    @property
    def line_to(self) -> int:
        return self.width - LEFT if self.is_mirrored else self.width


def draw(days: Sequence[Rated]) -> list[Plot]:
    """Draw the days, oldest first: all of them for desks, the newer ones for phones."""
    return [plot(css, width, days[-count:], every) for css, width, count, every in SHAPES]


def plot(css: str, width: int, days: Sequence[Rated], every: int) -> Plot:
    floor = floor_of(days)
    is_mirrored = get_language_bidi()
    step = (width - LEFT) / max(len(days), 1)
    places = [(LEFT + (n + 0.5) * step, one) for n, one in enumerate(days)]
    placed = [(width - x if is_mirrored else x, one) for x, one in places]
    return Plot(
        css=css,
        width=width,
        dots=tuple(dot(x, one, floor) for x, one in placed if one.share is not None),
        joined=joined(placed, floor),
        ticks=ticks(floor),
        labels=tuple(Label(f"{x:.1f}", str(one.day.day)) for x, one in placed[::-1][::every]),
        is_mirrored=is_mirrored,
    )


def floor_of(days: Sequence[Rated]) -> float:
    """Where the scale begins: the highest that leaves every dot above it."""
    least = min((one.share for one in days if one.share is not None), default=100.0)
    return next((floor for floor in FLOORS if floor < least), 0.0)


def height_of(share: float, floor: float) -> float:
    return FLOOR - (share - floor) / (100 - floor) * (FLOOR - TOP)


def dot(x: float, one: Rated, floor: float) -> Dot:
    share = one.share if one.share is not None else floor
    is_whole = one.run is not None and one.run.is_complete
    css = "f-pos" if share == 100 else "f-in"  # noqa: PLR2004  (the whole, in per cent)
    return Dot(f"{x:.1f}", f"{height_of(share, floor):.1f}", one.title, css, not is_whole)


def joined(placed: Sequence[tuple[float, Rated]], floor: float) -> tuple[str, ...]:
    """The points of each line: days beside each other that were compared."""
    lines: list[list[str]] = [[]]
    for x, one in placed:
        if one.share is None:
            lines.append([])
        else:
            lines[-1].append(f"{x:.1f},{height_of(one.share, floor):.1f}")
    return tuple(" ".join(points) for points in lines if len(points) > 1)


def ticks(floor: float) -> tuple[Tick, ...]:
    """The ends of the scale and its middle."""
    shares = (floor, (floor + 100) / 2, 100.0)
    ys = [height_of(share, floor) for share in shares]
    return tuple(Tick(f"{y:.1f}", f"{y + 4:.1f}", f"{share:g} %") for share, y in zip(shares, ys, strict=True))

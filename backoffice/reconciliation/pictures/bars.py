"""Bars that lie: a line of text with its value, the bar below it. Numbers for an SVG whose looks are classes.

Coordinates are text, so that no locale writes a comma into them. They are for the eye: floats here touch no figure
anybody reads. Where people read from right to left, bars grow from the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import get_language_bidi

#: Classes of the drawing and widths in its own units; text keeps about the size of the page's at each.
WIDTHS: Final = (("only-l", 520), ("only-s", 330))
ROW, TEXT, BAR, THICK = 40, 14, 21, 9
#: A bar that is not nothing can be seen.
LEAST: Final = 2.0
FILLS: Final = ("f-in", "f-out")


@dataclass(frozen=True)
class Line:
    """One bar to be drawn: its parts in one measure for all lines, its value as text, and the whole in words."""

    label: str
    value: str
    parts: tuple[float, ...]
    title: str


@dataclass(frozen=True)
class Segment:
    """One part of a bar."""

    css: str
    x: str
    width: str


@dataclass(frozen=True)
class Bar:
    """One bar with where its text stands."""

    line: Line
    text_y: int
    bar_y: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Plot:
    """One drawing, `width` wide. Text is anchored from the left, whichever way the page runs."""

    css: str
    width: int
    bars: tuple[Bar, ...]
    is_mirrored: bool
    thick: int = THICK

    @property
    def height(self) -> int:
        return ROW * len(self.bars)

    @property
    def label_x(self) -> int:
        return self.width if self.is_mirrored else 0

    @property
    def value_x(self) -> int:
        return 0 if self.is_mirrored else self.width

    @property
    def label_anchor(self) -> str:
        return "end" if self.is_mirrored else "start"

    @property
    def value_anchor(self) -> str:
        return "start" if self.is_mirrored else "end"


def draw(lines: Sequence[Line]) -> list[Plot]:
    """Draw the lines for desks and for phones, the longest as long as the drawing is wide."""
    most = max((sum(line.parts) for line in lines), default=0.0)
    is_mirrored = get_language_bidi()
    return [
        Plot(css, width, tuple(bar(line, n, width, most, is_mirrored) for n, line in enumerate(lines)), is_mirrored)
        for css, width in WIDTHS
    ]


def bar(line: Line, place: int, width: int, most: float, is_mirrored: bool) -> Bar:
    top = place * ROW
    return Bar(line, top + TEXT, top + BAR, segments(line.parts, width, most, is_mirrored))


def segments(parts: tuple[float, ...], width: int, most: float, is_mirrored: bool) -> tuple[Segment, ...]:
    """Lay the parts of a bar end to end."""
    laid, start = [], 0.0
    for css, part in zip(FILLS, parts, strict=False):
        if part <= 0:
            continue
        length = min(max(part / most * width, LEAST), width - start)
        x = width - start - length if is_mirrored else start
        laid.append(Segment(css, f"{x:.1f}", f"{length:.1f}"))
        start += length
    return tuple(laid)

"""Windows of time to be read, and how far the reading has come: what a run keeps so that another can go on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

_ONE_SECOND: Final = timedelta(seconds=1)
#: More windows in doubt than this are read again as one.
_MOST_DOUBTFUL: Final = 8


@dataclass(frozen=True, slots=True)
class Window:
    """A closed stretch of the partner's time, both ends included, in whole seconds; without ends: the whole list."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_divisible(self) -> bool:
        return self.start is not None and self.end is not None and self.end - self.start > _ONE_SECOND

    def halves(self) -> tuple["Window", "Window"]:
        """Cut in two. The middle belongs to both, so that no fraction of a second falls between them.

        :raises ValueError: when the window cannot be cut.
        """
        if self.start is None or self.end is None:
            raise ValueError("the whole list has no middle")
        middle = whole_second(self.start + (self.end - self.start) / 2)
        return Window(self.start, middle), Window(middle, self.end)

    def as_json(self) -> list[str | None]:
        return [moment.isoformat() if moment else None for moment in (self.start, self.end)]

    @classmethod
    def from_json(cls, ends: list[str | None]) -> Self:
        start, end = (datetime.fromisoformat(text) if text else None for text in ends)
        return cls(start, end)


def whole_second(moment: datetime) -> datetime:
    """Cut a moment to its second, in UTC: partners filter by whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows still to be read, the first of them perhaps begun, and those whose counts did not add up.

    Of the first window ``page`` pages with ``rows`` different rows are committed, and the partner said there were
    ``total``. ``retries`` counts how often it was read again, ``splits`` how many windows were cut in this run.
    Whatever lies before ``end`` and in none of the windows has been read and adds up.
    """

    windows: tuple[Window, ...]
    doubtful: tuple[Window, ...] = ()
    page: int = 0
    rows: int = 0
    total: int | None = None
    retries: int = 0
    splits: int = 0
    end: datetime | None = None

    @property
    def window(self) -> Window:
        return self.windows[0]

    def reached(self, page: int, rows: int, total: int) -> "Plan":
        """Note that the first window is committed up to ``page``."""
        return replace(self, page=page, rows=rows, total=total)

    def restarted(self) -> "Plan":
        """Read the first window again from its first page."""
        return replace(self, page=0, rows=0, total=None)

    def retried(self) -> "Plan":
        return replace(self.restarted(), retries=self.retries + 1)

    def split(self) -> "Plan":
        """Read the first window in two halves."""
        return replace(self._leaving(), windows=(*self.window.halves(), *self.windows[1:]), splits=self.splits + 1)

    def proven(self) -> "Plan":
        """Leave the first window behind, read in full."""
        return self._leaving()

    def doubted(self) -> "Plan":
        """Leave the first window behind, to be read again by the next run."""
        return replace(self._leaving(), doubtful=(*self.doubtful, self.window))

    def _leaving(self) -> "Plan":
        return replace(self.restarted(), windows=self.windows[1:], retries=0)

    def followed_by(self, window: Window) -> "Plan":
        """Go on in a new run: what was begun, what was in doubt, then ``window``."""
        doubtful = _together(self.doubtful)
        windows = (*self.windows, *doubtful, window)
        return replace(self, windows=windows, doubtful=(), retries=0, splits=0, end=window.end)

    def as_json(self) -> dict[str, Any]:
        return {
            "windows": [window.as_json() for window in self.windows],
            "doubtful": [window.as_json() for window in self.doubtful],
            "page": self.page,
            "rows": self.rows,
            "total": self.total,
            "retries": self.retries,
            "splits": self.splits,
            "end": self.end.isoformat() if self.end else None,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        counts = {name: kept.get(name, 0) for name in ("page", "rows", "retries", "splits")}
        windows, doubtful = (
            tuple(Window.from_json(ends) for ends in kept.get(name, [])) for name in ("windows", "doubtful")
        )
        end = datetime.fromisoformat(kept["end"]) if kept.get("end") else None
        return cls(windows, doubtful, total=kept.get("total"), end=end, **counts)


def _together(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Make one window of many, so that a partner whose counts never add up does not make the plan grow for ever."""
    starts = [window.start for window in windows if window.start]
    ends = [window.end for window in windows if window.end]
    if len(windows) <= _MOST_DOUBTFUL or not starts or not ends:
        return windows
    return (Window(min(starts), max(ends)),)

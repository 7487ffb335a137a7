"""The half-open window of time a run compares."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.utils.translation import gettext as _


class WindowRefused(ValueError):
    """A window that cannot be reconciled; the text is a sentence for staff."""


@dataclass(frozen=True)
class Window:
    """The moments from `start` up to and without `end`, so that two days that touch share none."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise WindowRefused(_("The window must end after it begins."))

    @classmethod
    def of_day(cls, day: date, zone: tzinfo) -> "Window":
        """One calendar day in `zone`."""
        midnight = datetime.combine(day, time.min, tzinfo=zone)
        return cls(midnight, datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone))

    def until(self, now: datetime) -> "Window":
        """Leave out what has not happened yet: nobody can compare the future.

        :raises WindowRefused: when the whole window lies ahead.
        """
        if self.start >= now:
            raise WindowRefused(_("This window has not begun yet. Choose one that has."))
        return Window(self.start, min(self.end, now))

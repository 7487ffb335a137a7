"""How a business day stands in an address: ``2026-11-18``."""

from datetime import date, timedelta
from typing import ClassVar, Final

from django.urls import register_converter

#: The last day whose end, in any zone, is still a moment.
LAST: Final = date.max - timedelta(days=2)


class BusinessDayConverter:
    """A date as ISO 8601 writes it; an impossible one is no address."""

    regex: ClassVar[str] = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, text: str) -> date:
        """Read it.

        :raises ValueError: for a day no calendar has, or without one after it, which answers 404.
        """
        day = date.fromisoformat(text)
        if day > LAST:
            raise ValueError("no business day ends after the last of the calendar")
        return day

    def to_url(self, day: date) -> str:
        return day.isoformat()


def register() -> None:
    """Make ``<business_day:day>`` known to the routes."""
    register_converter(BusinessDayConverter, "business_day")  # type: ignore[arg-type]

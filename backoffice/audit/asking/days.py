"""What a person did on one day, and what was done for them or to their account."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Count, Max, Min, Q, QuerySet

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.queries import entries
from backoffice.ui.filters import DateRange

#: The page shows this many entries of a day; the list of the log has all of them.
MOST_SHOWN: Final = 500


@dataclass(frozen=True)
class Figures:
    """What a person's day comes to."""

    entries: int
    refused: int
    first: datetime | None
    last: datetime | None
    addresses: list[str]


def entries_of(day: date) -> QuerySet[Entry]:
    """Return the entries of a day as the reader's zone counts it."""
    span = DateRange(day, day)
    return entries().filter(at__gte=span.start, at__lt=span.end)


def done_by(person: Person, day: date) -> QuerySet[Entry]:
    return entries_of(day).filter(person=person).order_by("number")


def done_for(person: Person, day: date) -> QuerySet[Entry]:
    """What others did on that day for this person, or to their account."""
    theirs = Q(delegate_of=person.name) | Q(object_type="person", object_id=str(person.pk))
    return entries_of(day).filter(theirs).exclude(person=person).order_by("number")


def figures_of(person: Person, day: date) -> Figures:
    rows = done_by(person, day).order_by()
    totals = rows.aggregate(
        entries=Count("number"), refused=Count("number", filter=~Q(result="done")), first=Min("at"), last=Max("at")
    )
    addresses = rows.exclude(address="").values_list("address", flat=True).distinct().order_by("address")
    return Figures(**totals, addresses=list(addresses[:10]))


def events_of(person: Person, day: date) -> list[tuple[str, int]]:
    """Return which events there were and how often, the most frequent first."""
    rows = done_by(person, day).order_by().values_list("event").annotate(times=Count("number"))
    return sorted(rows, key=lambda row: (-row[1], row[0]))

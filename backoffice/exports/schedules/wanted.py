"""What a schedule wants of one period, as a wish."""

from datetime import date

from django.http import QueryDict

from backoffice.exports import registry
from backoffice.exports.models import Format, Schedule
from backoffice.exports.registry import Export
from backoffice.exports.schedules.periods import last_day
from backoffice.exports.wishes import Wish
from backoffice.ui.filters import DateRangeFilter


def day_filters(export: Export) -> dict[str, str]:
    """The filters of a list by days, with their labels."""
    filterset = export.listing.filterset
    filters = filterset.base_filters if filterset else {}
    return {name: str(one.label) for name, one in filters.items() if isinstance(one, DateRangeFilter)}


def wish_for(schedule: Schedule, period: date) -> Wish:
    """Give the wish for one period; the owner as they are now.

    :raises UnknownExport: when the list is exported no more.
    :raises BadListRequest: when it no longer has these columns.
    """
    export = registry.find(schedule.export)
    params = narrowed(schedule, period)
    return Wish(export, params, schedule.owner, schedule.preset, Format(schedule.format), schedule.scope)


def narrowed(schedule: Schedule, period: date) -> QueryDict:
    """Give the filters, those by days set to the period where the schedule asks for that."""
    params = QueryDict(schedule.query, mutable=True)
    if schedule.day_filter:
        first, last = (f"{schedule.day_filter}_{suffix}" for suffix in DateRangeFilter.suffixes)
        params[first], params[last] = period.isoformat(), last_day(schedule.every, period).isoformat()
    return params

"""Which exceptions to show: what is open, unless a state is chosen."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_lazy

from backoffice.reconciliation.exceptions.naming import OTHERS, verdict_label
from backoffice.reconciliation.exceptions.queries import found_by, of_owners, workers
from backoffice.reconciliation.models import ENDED, EXCEPTIONS, ExceptionState, Fault, Severity
from backoffice.ui.filters import ChoicesFilter, DateRange, DateRangeFilter, SearchFilter


class DayFilter(DateRangeFilter):
    """Business days, from and to, both included."""

    def filter(self, qs: QuerySet[Any], value: DateRange | None) -> QuerySet[Any]:
        if value is None:
            return qs
        bounds: dict[str, date | None] = {"day__gte": value.first, "day__lte": value.last}
        return qs.filter(**{lookup: day for lookup, day in bounds.items() if day})


def owners() -> list[tuple[str, str]]:
    """Who can own one, and nobody."""
    return [("nobody", gettext("Nobody")), *((str(one.pk), one.name) for one in workers())]


def verdicts() -> list[tuple[str, str]]:
    """The verdicts of every source."""
    names = [*(one.value for one in EXCEPTIONS), *Fault.values, *OTHERS]
    return [(name, verdict_label(name)) for name in names]


class ExceptionFilters(django_filters.FilterSet):  # type: ignore[misc]
    """`?state=open&owner=3&severity=high&verdict=…&day_from=…&q=…`."""

    q = SearchFilter(search=found_by, label=gettext_lazy("Reference, order number or client"))
    state = ChoicesFilter(
        choices=ExceptionState.choices, label=gettext_lazy("State"), any_label=gettext_lazy("Not ended")
    )
    owner = ChoicesFilter(
        choices=owners, label=gettext_lazy("Owner"), any_label=gettext_lazy("Anybody's"), search=of_owners
    )
    severity = ChoicesFilter(
        choices=Severity.choices, label=gettext_lazy("Severity"), any_label=gettext_lazy("Any severity")
    )
    verdict = ChoicesFilter(choices=verdicts, label=gettext_lazy("Verdict"), any_label=gettext_lazy("Any verdict"))
    day = DayFilter(label=gettext_lazy("Day"))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what has ended, unless a state is chosen."""
        found: QuerySet[Any] = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("state") else found.exclude(state__in=ENDED)

"""Exports by file name or digest, by person, by day."""

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import Entry
from backoffice.audit.queries import people
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, SearchFilter


def search(rows: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    """Find the exports of a list, or the one of a file's name or digest."""
    return rows.filter(Q(after__export=text) | Q(after__file=text) | Q(after__sha256=text.lower()))


class ExportFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=search, label=_("File name, SHA-256 or list"))
    person = ChoicesFilter(field_name="person_id", choices=people, label=_("Person"), any_label=_("Any person"))
    at = DateRangeFilter(field_name="at", label=_("Day"))

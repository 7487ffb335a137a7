"""What the lists of ledger files and entries can be narrowed to, all in the address.

Entries are those of accepted files, unless states of files are chosen: nothing else counts.
"""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.clients.queries import asset_choices
from backoffice.reconciliation.ledger import queries
from backoffice.reconciliation.models import FileState, LedgerFile
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, FileFilter, SearchFilter


def of_files(found: QuerySet[Any], states: list[str]) -> QuerySet[Any]:
    return found.filter(file__state__in=states)


def file_name(value: int) -> str:
    """Name a file as the filter's pill does: by its id where there is none."""
    file = LedgerFile.objects.filter(pk=value).only("name").first()
    return file.name if file else str(value)


def of_file(found: QuerySet[Any], file_id: int) -> QuerySet[Any]:
    return found.filter(file_id=file_id)


class LedgerFileFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the list of files can be narrowed to."""

    q: Any = SearchFilter(search=queries.files_found_by, label=_("Name of the file, or a reference in it"))
    ledger: Any = ChoicesFilter(
        field_name="source_id", choices=queries.source_choices, label=_("Ledger"), any_label=_("Any ledger")
    )
    state: Any = ChoicesFilter(choices=FileState.choices, label=_("State"), any_label=_("Any state"))
    uploaded: Any = DateRangeFilter(field_name="uploaded_at", label=_("Uploaded"))


class LedgerEntryFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the list of entries can be narrowed to."""

    q: Any = SearchFilter(search=queries.entries_found_by, label=_("Reference or client"))
    ledger: Any = ChoicesFilter(
        field_name="file__source_id", choices=queries.source_choices, label=_("Ledger"), any_label=_("Any ledger")
    )
    asset: Any = ChoicesFilter(field_name="asset_id", choices=asset_choices, label=_("Asset"), any_label=_("Any asset"))
    file_state: Any = ChoicesFilter(
        choices=FileState.choices, search=of_files, label=_("State of the file"), any_label=_("Accepted")
    )
    booked: Any = DateRangeFilter(field_name="booked_at", label=_("Booked"))
    file: Any = FileFilter(search=of_file, named=file_name)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out what does not count, unless a state of files is chosen."""
        found: QuerySet[Any] = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("file_state") else of_files(found, [FileState.ACCEPTED])

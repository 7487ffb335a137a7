"""The filters of the operations list, all in the address."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Person, Role
from backoffice.audit.queries import people as everybody
from backoffice.clients.queries import asset_choices
from backoffice.funding import who_funded
from backoffice.funding.bulk import queries as bulk_queries
from backoffice.funding.models import BulkFile, FileState, Kind, Operation
from backoffice.funding.queries import found_by
from backoffice.funding.states import State
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, FileFilter, SearchFilter


def people() -> list[tuple[str, str]]:
    """Everybody who may have asked for an operation, as choices."""
    asked = Person.objects.filter(Q(role=Role.FINANCE) | Exists(Operation.objects.filter(requested_by=OuterRef("pk"))))
    return [(str(pk), name) for pk, name in asked.order_by("name", "id").values_list("id", "name")]


def file_name(value: int) -> str:
    """Name a file as the filter's pill does: by its id where there is none."""
    file = BulkFile.objects.filter(pk=value).only("name").first()
    return file.name if file else str(value)


class OperationFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed to."""

    q: Any = SearchFilter(search=found_by, label=_("Reference or client"))
    kind: Any = ChoicesFilter(choices=Kind.choices, label=_("Type"), any_label=_("Any type"))
    asset: Any = ChoicesFilter(field_name="asset_id", choices=asset_choices, label=_("Asset"), any_label=_("Any asset"))
    state: Any = ChoicesFilter(choices=State.choices, label=_("State"), any_label=_("Any state"))
    person: Any = ChoicesFilter(
        field_name="requested_by_id", choices=people, label=_("Asked by"), any_label=_("Anybody")
    )
    asked: Any = DateRangeFilter(field_name="requested_at", label=_("Asked"))
    file: Any = FileFilter(search=bulk_queries.operations_of, named=file_name)


class BulkFileFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the list of files can be narrowed to."""

    q: Any = SearchFilter(search=bulk_queries.found_by, label=_("Name of the file"))
    state: Any = ChoicesFilter(choices=FileState.choices, label=_("State"), any_label=_("Any state"))
    person: Any = ChoicesFilter(
        field_name="uploaded_by_id", choices=people, label=_("Uploaded by"), any_label=_("Anybody")
    )
    uploaded: Any = DateRangeFilter(field_name="uploaded_at", label=_("Uploaded"))


class BulkRowFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the file of rows can be narrowed to."""

    file: Any = FileFilter(search=lambda rows, value: rows.filter(file=value), named=file_name)


class WhoFundedFilters(django_filters.FilterSet):  # type: ignore[misc]
    """Client, person, asset, period: the four parts of the question."""

    client: Any = SearchFilter(search=who_funded.of_client, label=_("Client"))
    person: Any = ChoicesFilter(
        choices=everybody,  # whoever asked or approved is among them
        search=who_funded.by_people,
        label=_("Person"),
        any_label=_("Any person"),
    )
    asset: Any = ChoicesFilter(field_name="asset_id", choices=asset_choices, label=_("Asset"), any_label=_("Any asset"))
    completed: Any = DateRangeFilter(field_name="ended_at", label=_("Period"), any_label=_("Any time"))

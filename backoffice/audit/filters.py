"""What the audit log can be asked: a number, an identity or words, a person, a role, an event, a kind of object, a
result, a period. A client or one object is asked for from elsewhere, by a link."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Role
from backoffice.audit.events import SENTENCES
from backoffice.audit.models import Entry
from backoffice.audit.queries import KIND_LABELS, about_object, of_client, people, search
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, SearchFilter


class LinkedFilter(SearchFilter):
    """A filter that a link sets: it stands in the address and among the pills, and not in the bar."""

    template = "ui/filter_file.html"

    def describe(self, value: str) -> str:
        return value


class EntryFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=search, label=_("Entry, reference, client id, request id or words"))
    client = LinkedFilter(search=of_client, label=_("Client"))
    object = LinkedFilter(search=about_object, label=_("Object"))
    person = ChoicesFilter(field_name="person_id", choices=people, label=_("Person"), any_label=_("Any person"))
    role = ChoicesFilter(field_name="role", choices=Role.choices, label=_("Role"), any_label=_("Any role"))
    event = ChoicesFilter(choices=list(SENTENCES.items()), label=_("Event"), any_label=_("Any event"))
    about = ChoicesFilter(
        field_name="object_type",
        choices=list(KIND_LABELS.items()),
        label=_("About"),
        any_label=_("About anything"),
    )
    result = ChoicesFilter(
        choices=[
            (Entry.Result.DONE, _("Done")),
            (Entry.Result.REFUSED, _("Refused")),
            (Entry.Result.FAILED, _("Failed")),
        ],
        label=_("Result"),
        any_label=_("Any result"),
    )
    at = DateRangeFilter(field_name="at", label=_("Period"), any_label=_("Any day"))

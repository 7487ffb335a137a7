"""What the audit log can be asked: a number or an identity, a person, an event, a result, a period."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.audit.events import SENTENCES
from backoffice.audit.models import Entry
from backoffice.audit.queries import people, search
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, SearchFilter


class EntryFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=search, label=_("Entry, reference, client id or request id"))
    person = ChoicesFilter(field_name="person_id", choices=people, label=_("Person"), any_label=_("Any person"))
    event = ChoicesFilter(choices=list(SENTENCES.items()), label=_("Event"), any_label=_("Any event"))
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

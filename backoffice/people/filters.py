"""People by name or address, role, state, and whether they have a second factor."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.accounts.models import Role
from backoffice.people import queries
from backoffice.ui.filters import ChoicesFilter, SearchFilter

STATES = [
    (queries.INVITED, _("invited")),
    (queries.ACTIVE, _("active")),
    (queries.DEACTIVATED, _("deactivated")),
]
WITH, WITHOUT = "yes", "no"
FACTORS = [(WITH, _("with a second factor")), (WITHOUT, _("without one"))]


def with_factors(people: QuerySet[Any], wanted: list[str]) -> QuerySet[Any]:
    """People who have a second factor, who have none, or either."""
    if len(wanted) > 1:
        return people
    return people.filter(factor=queries.NONE) if wanted == [WITHOUT] else people.exclude(factor=queries.NONE)


class PeopleFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=queries.found_by, label=_("Name or e-mail"))
    role = ChoicesFilter(choices=Role.choices, label=_("Role"), any_label=_("Any role"))
    state = ChoicesFilter(choices=STATES, label=_("State"), any_label=_("Any state"))
    factor = ChoicesFilter(
        choices=FACTORS, search=with_factors, label=_("Second factor"), any_label=_("With or without")
    )

"""The filters of the clients list, all in the address."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.clients import queries
from backoffice.clients.models import VERIFIED
from backoffice.clients.queries import Clients
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, SearchFilter

OTHER, ACTIVE, DEACTIVATED = "other", "active", "deactivated"
STATUSES = [(VERIFIED, _("verified")), (OTHER, _("not verified"))]
ACTIVATIONS = [(ACTIVE, _("active")), (DEACTIVATED, _("deactivated"))]


def in_statuses(clients: Clients, statuses: list[str]) -> Clients:
    """Clients that are verified, or have any other status, or either."""
    if len(statuses) > 1:
        return clients
    return clients.filter(status=VERIFIED) if statuses == [VERIFIED] else clients.exclude(status=VERIFIED)


def with_activation(clients: Clients, activations: list[str]) -> Clients:
    """Clients that are active, deactivated, or either."""
    return clients if len(activations) > 1 else clients.filter(active=activations == [ACTIVE])


class ClientFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the bar above the clients offers."""

    q = SearchFilter(search=queries.found_by, label=_("Name or partner id"))
    status = ChoicesFilter(choices=STATUSES, search=in_statuses, label=_("Status"), any_label=_("Any status"))
    active = ChoicesFilter(
        choices=ACTIVATIONS, search=with_activation, label=_("Activation"), any_label=_("Active or not")
    )
    country = ChoicesFilter(
        choices=queries.country_choices, field_name="country_id", label=_("Country"), any_label=_("Any country")
    )
    since = DateRangeFilter(field_name="created_at", label=_("Client since"))

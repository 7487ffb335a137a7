"""Which findings of a run to show."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.models import EXCEPTIONS, PENDING, Verdict
from backoffice.reconciliation.queries import of_verdicts
from backoffice.ui.filters import ChoicesFilter

ALL, EXCEPTIONS_GROUP, PENDING_GROUP = "all", "exceptions", "pending"
GROUPS: dict[str, list[str]] = {
    EXCEPTIONS_GROUP: [verdict.value for verdict in EXCEPTIONS],
    PENDING_GROUP: [verdict.value for verdict in PENDING],
    ALL: Verdict.values,
}
CHOICES = [
    (ALL, _("All")),
    (EXCEPTIONS_GROUP, _("Exceptions")),
    (PENDING_GROUP, _("Not decided yet")),
    *Verdict.choices,
]


def shown(findings: QuerySet[Any], names: list[str]) -> QuerySet[Any]:
    """Keep the findings of the verdicts and groups named."""
    return of_verdicts(findings, [verdict for name in names for verdict in GROUPS.get(name, [name])])


class FindingFilters(django_filters.FilterSet):  # type: ignore[misc]
    """The one filter of a run's findings: `?show=exceptions`, `?show=amount_differs`."""

    show = ChoicesFilter(choices=CHOICES, label=_("Verdict"), any_label=_("All"), search=shown)

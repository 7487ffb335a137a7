"""What the findings of a check of Bitnob can be narrowed to, all in the address."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.bitnob import queries
from backoffice.reconciliation.models import Fault
from backoffice.ui.filters import ChoicesFilter, SearchFilter


class FindingFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the findings can be narrowed to."""

    q: Any = SearchFilter(search=queries.found_by, label=_("Reference or transaction id"))
    fault: Any = ChoicesFilter(choices=Fault.choices, label=_("What is wrong"), any_label=_("Anything"))

"""What the proofs of balances can be narrowed to, all in the address."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.clients.queries import asset_choices
from backoffice.reconciliation.balances import queries
from backoffice.reconciliation.balances.columns import OUTCOMES
from backoffice.ui.filters import ChoicesFilter, SearchFilter


class ProofFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the proofs can be narrowed to."""

    q: Any = SearchFilter(search=queries.found_by, label=_("Client"))
    asset: Any = ChoicesFilter(field_name="asset", choices=asset_choices, label=_("Asset"), any_label=_("Any asset"))
    outcome: Any = ChoicesFilter(
        choices=OUTCOMES, search=queries.with_outcomes, label=_("Outcome"), any_label=_("Any outcome")
    )

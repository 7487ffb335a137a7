"""The filters of the queue, all in the address."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.approvals.models import Request
from backoffice.approvals.queries import narrowed_to_lanes
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, SearchFilter

LANES = (
    ("for_me", _("For me")),
    ("mine", _("Asked by me")),
    ("others", _("Waiting for others")),
    ("history", _("History")),
)


class LaneFilter(ChoicesFilter):
    """Which lane is read. The tabs set it; the bar only carries it along."""

    template = "approvals/lane_filter.html"
    is_tab = True


def found_by(rows: QuerySet[Request], text: str) -> QuerySet[Request]:
    """Keep the requests whose reference begins with ``text``, or that are about the client it names."""
    return rows.filter(Q(subject__startswith=text.lower()) | Q(client=text) | Q(title__icontains=text))


class RequestFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the queue can be narrowed to; `queries.in_lane` has kept the rows of the lanes already."""

    q: Any = SearchFilter(search=found_by, label=_("Reference or client"))
    lane: Any = LaneFilter(choices=LANES, label=_("Whose"), any_label=_("Waiting for me"), search=narrowed_to_lanes)
    asked: Any = DateRangeFilter(field_name="requested_at", label=_("Asked"))

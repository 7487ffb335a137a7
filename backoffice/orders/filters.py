"""The filters of the orders list, all in the address."""

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.clients.queries import asset_choices
from backoffice.orders import queries
from backoffice.orders.models import COMPLETED, TERMINAL_STATUSES, Kind
from backoffice.orders.queries import Orders
from backoffice.ui.filters import AmountRangeFilter, ChoicesFilter, DateRangeFilter, SearchFilter

OTHER, OPEN, HERE, ELSEWHERE = "other", "open", "here", "elsewhere"
LISTED, NOT_LISTED = "yes", "no"
KINDS = [
    (Kind.DEPOSIT.value, _("deposit")),
    (Kind.WITHDRAWAL.value, _("withdrawal")),
    (Kind.BUY.value, _("purchase")),
    (Kind.SELL.value, _("sale")),
    (OTHER, _("something else")),
]
STATUSES = [(COMPLETED, _("completed")), ("failed", _("failed")), ("rejected", _("rejected")), (OPEN, _("open"))]
LISTINGS = [(LISTED, _("listed")), (NOT_LISTED, _("no longer listed"))]
MAKERS = [(HERE, _("here")), (ELSEWHERE, _("elsewhere"))]


def of_kinds(orders: Orders, kinds: list[str]) -> Orders:
    """Orders of these types; `other` stands for every type the partner does not document."""
    wanted = Q(type__in=kinds)
    return orders.filter(wanted | ~Q(type__in=Kind.values) if OTHER in kinds else wanted)


def in_statuses(orders: Orders, statuses: list[str]) -> Orders:
    """Orders with these statuses; `open` stands for every status that is not final."""
    wanted = Q(status__in=statuses)
    if OPEN in statuses:
        wanted |= ~Q(status__in=TERMINAL_STATUSES)
    found = orders.filter(wanted)
    # Says nothing new, but lets the database use the index of the few orders that are not completed.
    return found if COMPLETED in statuses else found.filter(~Q(status=COMPLETED))


def about_assets(orders: Orders, assets: list[str]) -> Orders:
    """Orders that move one of these assets, on either side of a trade."""
    return orders.filter(Q(debit_asset_id__in=assets) | Q(credit_asset_id__in=assets))


def made(orders: Orders, places: list[str]) -> Orders:
    """Orders asked for here, elsewhere, or either."""
    if len(places) > 1:
        return orders
    return queries.made_here(orders) if places == [HERE] else queries.made_elsewhere(orders)


def listed(orders: Orders, answers: list[str]) -> Orders:
    """Orders that CoinMENA's list has, or has no longer, or either."""
    if len(answers) > 1:
        return orders
    return queries.not_listed(orders) if answers == [NOT_LISTED] else queries.listed_there(orders)


class OrderFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the bar above the orders offers."""

    q = SearchFilter(search=queries.found_by, label=_("Reference, order number or client"))
    kind = ChoicesFilter(choices=KINDS, search=of_kinds, label=_("Effect"), any_label=_("Any effect"))
    asset = ChoicesFilter(choices=asset_choices, search=about_assets, label=_("Asset"), any_label=_("Any asset"))
    status = ChoicesFilter(choices=STATUSES, search=in_statuses, label=_("Status"), any_label=_("Any status"))
    created = DateRangeFilter(field_name="created_at", label=_("Created"))
    amount = AmountRangeFilter(field_name="size", label=_("Amount"))
    made = ChoicesFilter(choices=MAKERS, search=made, label=_("Asked for"), any_label=_("Asked for anywhere"))
    listed = ChoicesFilter(choices=LISTINGS, search=listed, label=_("At CoinMENA"), any_label=_("Listed or not"))

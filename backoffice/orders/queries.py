"""What people ask of the orders: whose they are, which a text finds, what they add up to."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import Abs, Coalesce
from django.utils.translation import gettext as _

from backoffice.clients.models import Client
from backoffice.database import clock
from backoffice.database.fields import AmountField
from backoffice.mirror.models import Incident, Mirror
from backoffice.orders.models import (
    COMPLETED,
    GONE,
    MADE_ELSEWHERE,
    NO_AMOUNT,
    NOT_LISTED,
    TERMINAL_STATUSES,
    Kind,
    Order,
)
from backoffice.ui.listing import Summary

Orders = QuerySet[Order]

#: `MND` or `MNW` and the order's id in ten digits, as read off the partner's examples (coinmena.md §9.1).
ORDER_NUMBER: Final = re.compile(r"(?:MN[A-Z])?0*([0-9]{1,19})", re.ASCII | re.IGNORECASE)
ONE_SECOND: Final = timedelta(seconds=1)
LARGEST_ID: Final = 2**63 - 1
MOST_OPEN: Final = 100
MOST_INCIDENTS: Final = 20
#: Up to so many clients are looked up by name first, so that each half of a search has an index of its own.
NAMES_LOOKED_UP: Final = 200
#: The orders that sums are made of: what moved a client's money and is in CoinMENA's books still, as a run counts it.
#: Trades move money against another asset, so no sum of money says what they did.
SUMMED: Final = Q(type__in=(Kind.DEPOSIT, Kind.WITHDRAWAL), status=COMPLETED) & ~GONE
#: What an order adds to a sum: its effect where it is one of those, else nothing at all.
SUMMED_AMOUNT: Final = Case(When(SUMMED, then=F("effect_amount")), default=None, output_field=AmountField(null=True))


def all_orders() -> Orders:
    """Every order, raw answer included."""
    return Order.objects.all()


def listed() -> Orders:
    """Orders with what a list shows of them: the client's name, where they stand by amount, how large they are."""
    return with_size(with_position(with_client_name(Order.objects.defer("raw"))))


def for_client(orders: Orders, partner_client_id: str) -> Orders:
    """Orders of one client."""
    return orders.filter(partner_client_id=partner_client_id)


def latest_of_client(partner_client_id: str, limit: int) -> Sequence[Order]:
    """The newest orders of one client."""
    return list(for_client(Order.objects.defer("raw"), partner_client_id).order_by("-created_at", "-id")[:limit])


def with_client_name(orders: Orders) -> Orders:
    """Annotate `client_name`: the client's name in our mirror, None for a client we do not know."""
    return orders.annotate(client_name=F("known_client__name"))


def with_position(orders: Orders) -> Orders:
    """Annotate `position`: the effect on the client, or zero where it is not known, to order a list by."""
    return orders.annotate(position=Coalesce("effect_amount", NO_AMOUNT))


def with_size(orders: Orders) -> Orders:
    """Alias `size`: the amount of the effect without its sign."""
    return orders.alias(size=Abs("effect_amount", output_field=AmountField()))


def made_here(orders: Orders) -> Orders:
    """Orders under a reference of ours."""
    return orders.filter(is_ours=True)


def made_elsewhere(orders: Orders) -> Orders:
    """Orders that must have been asked for by somebody else than this product."""
    return orders.filter(MADE_ELSEWHERE)


def not_listed(orders: Orders) -> Orders:
    """Orders that CoinMENA's list no longer has."""
    return orders.filter(NOT_LISTED)


def listed_there(orders: Orders) -> Orders:
    """Orders that CoinMENA's list has."""
    return orders.exclude(NOT_LISTED)


def created_from(start: datetime, partner_client_id: str | None = None) -> Orders:
    """Orders made from ``start`` on, of one client where one is named."""
    orders = Order.objects.filter(created_at__gte=start)
    return for_client(orders, partner_client_id) if partner_client_id else orders


def held_between(start: datetime, end: datetime, partner_client_id: str | None = None) -> tuple[int, int]:
    """Count the listed orders from ``start`` up to the beginning of the second ``end``, and up to that second's end."""
    orders = created_from(start, partner_client_id)
    least, last = orders.filter(created_at__lte=end), orders.filter(created_at__gt=end, created_at__lt=end + ONE_SECOND)
    at_least = count_listed(least)
    return at_least, at_least + count_listed(last)


def count_listed(orders: Orders) -> int:
    """Count without reading a row: those not listed have an index of their own, and are few."""
    return orders.count() - not_listed(orders).count()


def count_not_listed(start: datetime, end: datetime, partner_client_id: str | None = None) -> int:
    """Count the orders made from ``start`` up to ``end`` that CoinMENA's list no longer has."""
    return not_listed(created_from(start, partner_client_id).filter(created_at__lt=end)).count()


def ids_between(start: datetime, end: datetime, *, unread_since: datetime) -> set[int]:
    """The ids of the listed orders made from ``start`` up to ``end`` that nobody has read since ``unread_since``."""
    made = Order.objects.filter(created_at__gte=start, created_at__lt=end)
    # Read later than now, it was read while the clock ran ahead, and not since.
    unread = made.exclude(read_at__gte=unread_since, read_at__lte=clock.now())
    return set(listed_there(unread).values_list("pk", flat=True).iterator())


def open_ids() -> list[int]:
    """The ids of the orders that are not final, in no order, so that each of many is read again before long."""
    # The first condition follows from the second; it is what lets the database use the index of unfinished orders.
    still_open = Order.objects.filter(~Q(status=COMPLETED), ~Q(status__in=TERMINAL_STATUSES))
    return list(still_open.order_by("?").values_list("pk", flat=True)[:MOST_OPEN])


def found_by(orders: Orders, text: str) -> Orders:
    """Orders whose reference begins with `text`, or whose number, id, client id or client name it is."""
    found = (
        Q(partner_order_ref__startswith=text)
        | Q(order_no=text.upper())
        | Q(partner_client_id=text)
        | Q(partner_client_id__in=clients_named(text))
    )
    order_id = id_in(text)
    return orders.filter(found | Q(id=order_id) if order_id else found)


def clients_named(text: str) -> list[str] | QuerySet[Any, str]:
    """The ids of the clients whose name holds `text`: a list while they are few, else a condition."""
    named = Client.objects.filter(name__icontains=text).order_by().values_list("partner_client_id", flat=True)
    few = list(named[: NAMES_LOOKED_UP + 1])
    return few if len(few) <= NAMES_LOOKED_UP else named


def id_in(text: str) -> int | None:
    """The order's id in an order number or in plain digits, or None."""
    match = ORDER_NUMBER.fullmatch(text)
    number = int(match[1]) if match else 0
    return number if 0 < number <= LARGEST_ID else None


def incidents_of(order: Order) -> Sequence[Incident]:
    """What CoinMENA changed of this order although it was final, newest first."""
    kept = Incident.objects.filter(mirror=Mirror.ORDERS, object_id=str(order.pk))
    return list(kept.order_by("-seen_at", "-pk")[:MOST_INCIDENTS])


def summarise(orders: Orders) -> Summary:
    """Count the filtered set and add up, by asset, what those of `SUMMED` deposited and withdrew. One query."""
    groups = list(
        orders.order_by().values("effect_asset_id", "type").annotate(rows=Count("pk"), total=Sum(SUMMED_AMOUNT))
    )
    return Summary(sum(group["rows"] for group in groups), sums_by_asset(groups))


def sums_by_asset(groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Decimal]]]:
    """Arrange the sums of `summarise`, the asset with the most orders first."""
    labels = {Kind.DEPOSIT: _("Deposited"), Kind.WITHDRAWAL: _("Withdrawn")}
    sums: dict[str, dict[str, Decimal]] = {}
    for group in sorted(groups, key=lambda group: -group["rows"]):
        if group["total"] is not None:
            sums.setdefault(group["effect_asset_id"] or "–", {})[labels[group["type"]]] = group["total"]
    return list(sums.items())

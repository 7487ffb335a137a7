"""Search everything: one query for each kind, ranked; a text that names exactly one thing leads straight to it.

A reference, order number, order id, partner id or transaction id is found exactly or by its beginning, a client also by
part of the name, an amount by all its digits. Whatever is typed is only ever a value in a query.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Client
from backoffice.dashboard.words import title_of
from backoffice.funding import queries as funding
from backoffice.funding.badges import badge_of
from backoffice.funding.models import Operation
from backoffice.orders import queries as orders
from backoffice.orders.effects import effect_of
from backoffice.orders.models import Order
from backoffice.transactions import queries as transactions
from backoffice.transactions.models import Transaction
from backoffice.ui.values import Amount, Badge

MOST_OF_A_KIND: Final = 10
LONGEST: Final = 200
#: ``500``, ``1,250.00`` or ``500 usd``, perhaps with a sign.
AMOUNT: Final = re.compile(
    r"[-+\u2212]?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20})(\.[0-9]{1,18})?(?:\s*([A-Za-z]{2,10}))?", re.ASCII
)


@dataclass(frozen=True)
class Hit:
    """One thing found. `is_exact` says that the text names it and nothing less."""

    title: str
    sub: str
    url: str
    amount: Amount | None = None
    badge: Badge | None = None
    is_exact: bool = False


@dataclass(frozen=True)
class Group:
    """What was found of one kind; where that is cut, `more_url` leads to all of it, if a list can find it."""

    label: str | Promise
    hits: tuple[Hit, ...]
    is_cut: bool = False
    more_url: str = ""


@dataclass(frozen=True)
class Found:
    """Everything a text finds."""

    groups: tuple[Group, ...]

    @property
    def only_url(self) -> str:
        """Where the one thing stands that the text names exactly; nothing when it names none or several."""
        exact = {hit.url for group in self.groups for hit in group.hits if hit.is_exact}
        return exact.pop() if len(exact) == 1 else ""

    @property
    def count(self) -> int:
        return sum(len(group.hits) for group in self.groups)


@dataclass(frozen=True)
class AmountAsked:
    """An amount somebody looks for, perhaps of one asset."""

    amount: Decimal
    asset: str

    def as_filters(self) -> dict[str, str]:
        """The same as the list of orders asks for it."""
        amount = f"{self.amount:f}"
        return {"amount_min": amount, "amount_max": amount, **({"asset": self.asset} if self.asset else {})}


def search(text: str) -> Found:
    """Find `text` among operations, clients, orders and transactions, in one query each."""
    asked, same = amount_in(text), urlencode({"q": text})
    operations = [operation_hit(one, text) for one in find_operations(text, asked)]
    of_amount = urlencode(asked.as_filters()) if asked else same
    kinds: tuple[tuple[str | Promise, str, list[Hit]], ...] = (
        (_("Operations"), "" if asked else f"/funding/?{same}", operations),
        (_("Clients"), f"/clients/?{same}", [client_hit(one, text) for one in find_clients(text)]),
        (_("CoinMENA orders"), f"/orders/?{of_amount}", [order_hit(one, text) for one in find_orders(text, asked)]),
        (
            _("Bitnob transactions"),
            f"/transactions/?{same}",
            [transaction_hit(one, text) for one in find_transactions(text)],
        ),
    )
    return Found(tuple(group_of(label, address, hits) for label, address, hits in kinds if hits))


def group_of(label: str | Promise, address: str, hits: list[Hit]) -> Group:
    is_cut = len(hits) > MOST_OF_A_KIND
    return Group(label, tuple(hits[:MOST_OF_A_KIND]), is_cut, address if is_cut else "")


def amount_in(text: str) -> AmountAsked | None:
    """Read a text as an amount, its sign left aside, or None."""
    match = AMOUNT.fullmatch(text)
    if match is None:
        return None
    return AmountAsked(Decimal(match[1].replace(",", "") + (match[2] or "")), (match[3] or "").upper())


def ranked(rows: QuerySet[Any], exact: Q, newest: str) -> list[Any]:
    """The exact ones first, then the newest; one more than is shown, so that the page can say there is more."""
    rank = Case(When(exact, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(rows.annotate(rank=rank).order_by("rank", F(newest).desc(nulls_last=True), "pk")[: MOST_OF_A_KIND + 1])


# One query each -------------------------------------------------------------------------------------------------------


def find_operations(text: str, asked: AmountAsked | None) -> list[Operation]:
    rows = Operation.objects.select_related("client")
    found = funding.found_by(rows, text)
    if asked is not None:
        found = found | rows.filter(amount=asked.amount, **({"asset": asked.asset} if asked.asset else {}))
    return ranked(found, Q(reference=text.lower()), "requested_at")


def find_clients(text: str) -> list[Client]:
    found = Q(partner_client_id__startswith=text) | Q(name__icontains=text)
    return ranked(Client.objects.filter(found).defer("raw"), Q(partner_client_id=text), "created_at")


def find_orders(text: str, asked: AmountAsked | None) -> list[Order]:
    rows = Order.objects.defer("raw")
    found = orders.found_by(rows, text)
    if asked is not None:
        signed = Q(effect_amount__in=[asked.amount, asked.amount.copy_negate()])
        found = found | rows.filter(signed & Q(effect_asset_id=asked.asset) if asked.asset else signed)
    exact = Q(partner_order_ref=text) | Q(order_no=text.upper()) | Q(pk=orders.id_in(text) or 0)
    return ranked(found, exact, "created_at")


def find_transactions(text: str) -> list[Transaction]:
    exact = Q(reference=text) | Q(pk=transactions.id_in(text))
    return ranked(transactions.found_by(transactions.listed(), text), exact, "created_at")


# What a hit shows -----------------------------------------------------------------------------------------------------


def operation_hit(one: Operation, text: str) -> Hit:
    return Hit(
        title=title_of(one),
        sub=one.reference,
        url=one.get_absolute_url(),
        amount=Amount(one.amount, one.asset_id),
        badge=badge_of(one),
        is_exact=one.reference == text.lower(),
    )


def client_hit(one: Client, text: str) -> Hit:
    return Hit(
        title=str(one),
        sub=one.partner_client_id,
        url=one.get_absolute_url(),
        is_exact=one.partner_client_id == text,
    )


def order_hit(one: Any, text: str) -> Hit:
    """An order; under a reference of ours the operation is what the text names."""
    effect = effect_of(one)
    names_it = one.order_no == text.upper() or str(one.pk) == text
    return Hit(
        title=f"{effect.words}, {one.partner_client_id}",
        sub=" · ".join(filter(None, [str(one.pk), one.order_no, one.partner_order_ref])),
        url=reverse("orders:detail", args=[one.pk]),
        amount=Amount(effect.amount.amount, effect.amount.asset) if effect.amount else None,
        is_exact=names_it or (one.partner_order_ref == text and not one.is_ours),
    )


def transaction_hit(one: Transaction, text: str) -> Hit:
    return Hit(
        title=f"{one.type}, {one.state}",
        sub=" · ".join(filter(None, [str(one.pk), one.reference])),
        url=reverse("transactions:detail", args=[one.pk]),
        is_exact=one.reference == text or transactions.id_in(text) == one.pk,
    )

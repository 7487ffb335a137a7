"""What the page of one order shows, as display values."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.clients.models import Client
from backoffice.mirror.incidents import CHANGED, NOT_READ_AGAIN, VANISHED
from backoffice.mirror.models import Incident
from backoffice.orders import queries
from backoffice.orders.columns import (
    amount_shown,
    client_shown,
    effect_shown,
    listing_badge,
    money_shown,
    operation_url,
    status_badge,
)
from backoffice.orders.effects import Effect, effect_of, money
from backoffice.orders.models import Kind, Order
from backoffice.ui.evidence import laid_out
from backoffice.ui.values import Crumb, Fact, Reference

LAST_ORDERS: Final = 5
#: Why the partner's books look the wrong way round (coinmena.md §9.2).
BOOKS_EXPLAINED: dict[Kind | None, Promise] = {
    Kind.DEPOSIT: _("These are CoinMENA's books: a deposit stands in debit, and the client's balance went up by it."),
    Kind.WITHDRAWAL: _(
        "These are CoinMENA's books: a withdrawal stands in credit, and the client's balance went down by it."
    ),
    Kind.BUY: _(
        "These are CoinMENA's books: what the client paid stands in debit, what the client received in credit."
    ),
    Kind.SELL: _(
        "These are CoinMENA's books: what the client gave up stands in debit, what the client received in credit."
    ),
    None: _("These are CoinMENA's books. The type of this order is not one we know, so no effect is read from them."),
}
#: What happened to an order, by kind; any other kind is an order that speaks against how its operation ended.
INCIDENTS: Final[dict[str, Promise]] = {
    CHANGED: _("CoinMENA changed what it had said."),
    VANISHED: _("CoinMENA no longer lists this order."),
    NOT_READ_AGAIN: _("CoinMENA's answer about this order cannot be used."),
}
SPEAKS_AGAINST: Final = _("This order speaks against how its operation ended.")


def detail_context(order: Any, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Everything the page of one order draws from the order and what happened to it."""
    effect = effect_of(order)
    return {
        "order": order,
        "effect": effect,
        "headline": headline(effect),
        "headline_asset": effect.amount.asset if effect.amount is not None else "",
        "badge": status_badge(order),
        "listing_badge": listing_badge(order),
        "crumbs": [Crumb(gettext("Orders"), reverse("orders:list")), Crumb(str(order.pk))],
        "client": client_shown(order),
        "is_made_elsewhere": not order.is_ours and not (order.is_trade and order.partner_order_ref is None),
        "facts": facts(order, effect),
        "origin": origin(order),
        "books": books(order),
        "books_explained": BOOKS_EXPLAINED[effect.kind],
        "incidents": [incident_shown(each) for each in incidents],
        "raw": laid_out(bytes(order.raw)),
        "raw_size": len(order.raw),
    }


def incident_shown(one: Incident) -> dict[str, Any]:
    """What happened, when, and to which operation it leads."""
    reference = (one.before or {}).get("reference")
    return {
        "heading": INCIDENTS.get(one.kind, SPEAKS_AGAINST),
        "sentence": one.sentence,
        "seen_at": one.seen_at,
        "operation_url": operation_url(reference) if reference else "",
    }


def headline(effect: Effect) -> str:
    """The effect as the page's title says it, without the amount, which stands beside it."""
    if effect.amount is None or effect.kind is None:
        return effect.words
    return gettext("%(bought)s for") % {"bought": effect.words} if effect.other is not None else effect.words


def facts(order: Any, effect: Effect) -> list[Fact]:
    """What the order did to whom."""
    shown = [
        Fact(_("Effect on client"), effect_shown(effect)),
        Fact(_("Amount"), amount_shown(effect)),
    ]
    if effect.other is not None:
        shown.append(Fact(_("Traded"), money_shown(effect.other)))
    return [
        *shown,
        Fact(_("Client"), client_shown(order)),
        Fact(_("Status at CoinMENA"), order.status),
        Fact(_("Type at CoinMENA"), order.type),
    ]


def origin(order: Any) -> list[Fact]:
    """Where the order comes from and when."""
    return [
        Fact(_("Reference"), reference(order)),
        Fact(_("Order number"), Reference(order.order_no) if order.order_no else None),
        Fact(_("Source"), order.source),
        Fact(_("Created"), order.created_at),
        Fact(_("Took its status"), order.transitioned_at),
        Fact(_("Changed at CoinMENA"), order.updated_at),
    ]


def reference(order: Any) -> Reference | None:
    """The reference, leading to the operation it was minted for."""
    if order.partner_order_ref is None:
        return None
    return Reference(order.partner_order_ref, operation_url(order.partner_order_ref) if order.is_ours else "")


def books(order: Order) -> list[Fact]:
    """The partner's two columns and what was charged."""
    return [
        Fact(_("Debit"), money_shown(money(order.debit, order.debit_asset_id))),
        Fact(_("Credit"), money_shown(money(order.credit, order.credit_asset_id))),
        Fact(_("Fee"), money_shown(money(order.fee, order.fee_asset_id))),
        Fact(_("VAT"), money_shown(money(order.vat, order.fee_asset_id))),
        Fact(_("Price"), order.price),
    ]


def client_panel(client: Client, _person: object) -> dict[str, Any]:
    """The last orders of a client, for the client's page."""
    newest = queries.latest_of_client(client.partner_client_id, LAST_ORDERS)
    return {
        "orders": [line_of(order) for order in newest],
        "all": queries.for_client(queries.all_orders(), client.partner_client_id).count(),
        "all_url": f"{reverse('orders:list')}?{urlencode({'q': client.partner_client_id})}",
    }


def line_of(order: Order) -> dict[str, Any]:
    """One line of the orders of a client."""
    effect = effect_of(order)
    return {
        "id": order.pk,
        "effect": effect_shown(effect),
        "amount": amount_shown(effect),
        "badge": status_badge(order),
        "listing_badge": listing_badge(order),
        "created_at": order.created_at,
    }

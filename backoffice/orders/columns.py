"""The columns of the orders list, on the screen and in the file."""

from decimal import Decimal
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from django.db.models import Case, TextField, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.money import Money
from backoffice.orders.effects import Effect, Outcome, effect_of, outcome_of
from backoffice.orders.models import COMPLETED, TRADE_WITHOUT_REFERENCE, Kind, Order
from backoffice.orders.queries import SUMMED_AMOUNT
from backoffice.ui import values
from backoffice.ui.columns import ACCOUNTING, Column, Columns, OnPhone
from backoffice.ui.columns import Kind as As
from backoffice.ui.text import visible

STATUS_LABELS = {COMPLETED: _("Completed"), "failed": _("Failed"), "rejected": _("Rejected")}
MEANINGS = {
    Outcome.HAPPENED: values.Meaning.POSITIVE,
    Outcome.REFUSED: values.Meaning.NEGATIVE,
    Outcome.OPEN: values.Meaning.WARNING,
}
DIRECTIONS = {Kind.DEPOSIT: values.Direction.IN, Kind.WITHDRAWAL: values.Direction.OUT}

HERE, ELSEWHERE = "here", "elsewhere"
ASKED_FOR = Case(
    When(is_ours=True, then=Value(HERE)),
    When(TRADE_WITHOUT_REFERENCE, then=Value("")),
    default=Value(ELSEWHERE),
    output_field=TextField(),
)


def order_url(order: Order) -> str:
    """The page of an order."""
    return reverse("orders:detail", args=[order.pk])


def operation_url(reference: str) -> str:
    """The page of the operation that minted `reference`: a fixed address of the product (DESIGN.md §11)."""
    return f"/funding/{quote(reference, safe='')}/"


def client_url(partner_client_id: str) -> str:
    """The page of a client."""
    return reverse("clients:detail", args=[partner_client_id])


def status_badge(order: Order) -> values.Badge:
    """The status; one we do not know in the partner's own word."""
    label = STATUS_LABELS.get(order.status) or visible(order.status, 40)
    return values.Badge(label, MEANINGS[outcome_of(order.status)])


def listing_badge(order: Order) -> values.Badge | None:
    """That CoinMENA's list no longer has the order; None where it does."""
    return (
        None if order.vanished_at is None else values.Badge(_("No longer listed by CoinMENA"), values.Meaning.WARNING)
    )


def effect_shown(effect: Effect) -> values.Effect:
    """The effect in words, with an arrow where the client's money came or went."""
    direction = DIRECTIONS.get(effect.kind, values.Direction.NONE) if effect.kind else values.Direction.NONE
    return values.Effect(visible(effect.words, 80), direction)


def amount_shown(effect: Effect) -> values.Amount | None:
    """The signed amount of an effect, greyed where nothing happened."""
    if effect.amount is None:
        return None
    return values.Amount(effect.amount.amount, effect.amount.asset, quiet=not effect.has_happened)


def money_shown(amount: Money | None) -> values.Amount | None:
    return None if amount is None else values.Amount(amount.amount, amount.asset)


def client_shown(order: Any) -> values.Named | values.Reference:
    """The client by name and id, or by id alone where we do not know the client."""
    if order.client_name is None:
        return values.Reference(order.partner_client_id)
    url = client_url(order.partner_client_id)
    return values.Named(order.client_name or order.partner_client_id, order.partner_client_id, url)


def asked_for(order: Any) -> str:
    """Where the order was asked for; empty for a trade without a reference, which says nothing."""
    if order.is_ours:
        return HERE
    return "" if order.is_trade and order.partner_order_ref is None else ELSEWHERE


def summed(order: Order) -> Decimal | None:
    """What an order adds to the sums of its list: nothing unless it moved money and CoinMENA has it still."""
    counts = order.type in DIRECTIONS and order.status == COMPLETED and not order.is_gone
    return order.effect_amount if counts else None


def in_file_only(name: str, label: values.Text, kind: As = As.TEXT) -> Column:
    """A field of the partner's that the file holds and the screen shows on the order's own page."""
    return Column(key=name, label=label, kind=kind, value=attrgetter(name), export=name, screen=False)


COLUMNS = Columns(
    Column(
        key="order",
        label=_("Order"),
        kind=As.NUMBER,
        classes="text-start",
        value=lambda order: values.Reference(str(order.pk)),
        url=order_url,
        export="id",
        export_label="order_id",
    ),
    in_file_only("order_no", _("Order number"), As.REFERENCE),
    Column(
        key="reference",
        label=_("Reference"),
        kind=As.REFERENCE,
        value=lambda order: order.partner_order_ref,
        url=lambda order: operation_url(order.partner_order_ref) if order.is_ours else None,
        template="orders/reference_cell.html",
        export="partner_order_ref",
        on_phone=OnPhone.HIDE,
    ),
    Column(key="asked_for", label=_("Asked for"), value=asked_for, export=ASKED_FOR, screen=False),
    Column(
        key="client",
        label=_("Client"),
        value=client_shown,
        export="partner_client_id",
        export_label="client_id",
        export_value=lambda order: order.partner_client_id,
    ),
    Column(
        key="client_name",
        label=_("Client name"),
        value=lambda order: order.client_name,
        export="known_client__name",
        screen=False,
    ),
    Column(
        key="type",
        label=_("Effect on client"),
        kind=As.EFFECT,
        value=lambda order: effect_shown(effect_of(order)),
        classes="text-nowrap",
        export="type",
        export_value=lambda order: order.type,
    ),
    Column(
        key="effect_amount",
        label=_("Amount"),
        kind=As.MONEY,
        value=lambda order: amount_shown(effect_of(order)),
        sort="amount",
        export="effect_amount",
    ),
    Column(
        key="summed_amount",
        label=_("Amount in the sums"),
        kind=As.MONEY,
        value=summed,
        export=SUMMED_AMOUNT,
        screen=False,
    ),
    in_file_only("effect_asset_id", _("Asset of the effect")),
    Column(
        key="status",
        label=_("Status"),
        kind=As.BADGE,
        value=status_badge,
        template="orders/status_cell.html",
        export="status",
        export_value=lambda order: order.status,
    ),
    in_file_only("debit", _("Debit"), As.MONEY),
    in_file_only("debit_asset_id", _("Debit asset")),
    in_file_only("credit", _("Credit"), As.MONEY),
    in_file_only("credit_asset_id", _("Credit asset")),
    in_file_only("fee", _("Fee"), As.MONEY),
    in_file_only("fee_asset_id", _("Fee asset")),
    in_file_only("vat", _("VAT"), As.MONEY),
    in_file_only("price", _("Price"), As.MONEY),
    in_file_only("source", _("Source")),
    Column(
        key="created_at",
        label=_("Created"),
        kind=As.TIME,
        value=attrgetter("created_at"),
        sort="created",
        export="created_at",
        classes="soft",
    ),
    in_file_only("transitioned_at", _("Took its status"), As.TIME),
    in_file_only("updated_at", _("Changed at CoinMENA"), As.TIME),
    in_file_only("read_at", _("Read from CoinMENA"), As.TIME),
    in_file_only("vanished_at", _("No longer listed by CoinMENA since"), As.TIME),
    presets={
        ACCOUNTING: (
            *("created_at", "reference", "order_no", "client", "client_name", "type"),
            *("effect_amount", "summed_amount", "effect_asset_id", "fee", "fee_asset_id", "vat", "status"),
            "vanished_at",
        )
    },
)

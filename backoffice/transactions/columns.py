"""The columns of the transactions list, on the screen and in the file."""

from decimal import Decimal
from operator import attrgetter

from django.db.models import Case, TextField, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.money import from_smallest_unit
from backoffice.transactions.models import SETTLED, Transaction
from backoffice.transactions.units import converted, for_people
from backoffice.transactions.vocabulary import STATE_LABELS, TYPE_LABELS
from backoffice.ui import values
from backoffice.ui.columns import ACCOUNTING, Column, Columns, Kind, OnPhone
from backoffice.ui.text import visible

MEANINGS = {
    "PENDING": values.Meaning.INFO,
    "IN_PROGRESS": values.Meaning.INFO,
    SETTLED: values.Meaning.POSITIVE,
    "FAILED": values.Meaning.NEGATIVE,
}


def transaction_url(transaction: Transaction) -> str:
    """The page of a transaction."""
    return reverse("transactions:detail", args=[transaction.pk])


def state_badge(transaction: Transaction) -> values.Badge:
    """The state; one we do not know in the partner's own word."""
    label = STATE_LABELS.get(transaction.state) or visible(transaction.state, 40)
    return values.Badge(label, MEANINGS.get(transaction.state, values.Meaning.WARNING))


def type_shown(transaction: Transaction) -> values.Effect:
    """The type in words, with an arrow for the direction the sign gives."""
    label = TYPE_LABELS.get(transaction.type) or visible(transaction.type, 64)
    return values.Effect(label, direction(transaction))


def direction(transaction: Transaction) -> values.Direction:
    if not transaction.amount:
        return values.Direction.NONE
    return values.Direction.IN if transaction.is_credit else values.Direction.OUT


def amount_shown(units: Decimal | None, transaction: Transaction) -> values.Amount | values.Lines | None:
    """An amount for people, greyed while it is not money: not settled, or simulated. Raw units say so twice."""
    if units is None:
        return None
    said = for_people(units, transaction.currency)
    quiet = transaction.state != SETTLED or transaction.is_simulated
    if not said.is_raw:
        return values.Amount(said.amount, said.name, quiet=quiet)
    named = _("smallest units of %(currency)s") % {"currency": transaction.currency}
    return values.Lines(values.Amount(said.amount, str(_("units")), quiet=quiet), named)


def in_currency(field: str, label: values.Text) -> Column:
    """The file's column of an amount converted into its currency; empty where the exponent is not known."""
    return Column(
        key=field,
        label=label,
        kind=Kind.MONEY,
        value=lambda transaction: (
            from_smallest_unit(getattr(transaction, field), transaction.currency)
            if getattr(transaction, field) is not None
            else None
        ),
        export=converted(field),
        screen=False,
    )


def in_file_only(name: str, label: values.Text, kind: Kind = Kind.TEXT) -> Column:
    """A field of the partner's that the file holds and the screen shows on the transaction's own page."""
    return Column(key=name, label=label, kind=kind, value=attrgetter(name), export=name, screen=False)


YES, NO = "yes", "no"

COLUMNS = Columns(
    Column(
        key="transaction",
        label=_("Transaction"),
        kind=Kind.REFERENCE,
        value=lambda transaction: values.Reference(str(transaction.pk)[:8]),
        url=transaction_url,
        export="transaction_id",
        export_label="transaction_id",
        export_value=lambda transaction: str(transaction.pk),
    ),
    Column(
        key="reference",
        label=_("Reference"),
        kind=Kind.REFERENCE,
        value=lambda transaction: values.Reference(transaction.reference) if transaction.reference else "",
        export="reference",
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="type",
        label=_("Type"),
        kind=Kind.EFFECT,
        value=type_shown,
        template="transactions/type_cell.html",
        classes="text-nowrap",
        export="type",
        export_value=attrgetter("type"),
    ),
    Column(
        key="amount_units",
        label=_("Amount"),
        kind=Kind.MONEY,
        value=lambda transaction: amount_shown(transaction.amount, transaction),
        export="amount",
        export_value=attrgetter("amount"),
    ),
    Column(
        key="fee_units",
        label=_("Fee"),
        kind=Kind.MONEY,
        value=lambda transaction: amount_shown(transaction.fee, transaction),
        export="fee",
        export_value=attrgetter("fee"),
        screen=False,
    ),
    in_file_only("currency", _("Currency")),
    in_currency("amount", _("Amount in the currency")),
    in_currency("fee", _("Fee in the currency")),
    Column(
        key="state",
        label=_("State"),
        kind=Kind.BADGE,
        value=state_badge,
        export="state",
        export_value=attrgetter("state"),
    ),
    in_file_only("side", _("Side")),
    Column(
        key="simulated",
        label=_("Simulated"),
        value=lambda transaction: YES if transaction.is_simulated else NO,
        export=Case(When(is_simulated=True, then=Value(YES)), default=Value(NO), output_field=TextField()),
        screen=False,
    ),
    in_file_only("idempotency_key", _("Idempotency key"), Kind.REFERENCE),
    in_file_only("trade_id", _("Trade"), Kind.REFERENCE),
    in_file_only("account_number", _("Account number"), Kind.REFERENCE),
    Column(
        key="created_at",
        label=_("Created"),
        kind=Kind.TIME,
        value=attrgetter("created_at"),
        sort="created",
        export="created_at",
        classes="soft",
    ),
    in_file_only("updated_at", _("Changed at Bitnob"), Kind.TIME),
    in_file_only("value_date", _("Value date")),
    in_file_only("read_at", _("Read from Bitnob"), Kind.TIME),
    presets={
        ACCOUNTING: (
            "created_at",
            "transaction",
            "reference",
            "type",
            "amount",
            "fee",
            "currency",
            "state",
            "simulated",
        )
    },
)

"""The columns of what Bitnob's transactions do not pass, on the screen and in the file."""

from operator import attrgetter

from django.db.models import F, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.bitnob.wording import sentence_of
from backoffice.reconciliation.models import Fault, TransactionFinding
from backoffice.transactions.units import for_people
from backoffice.transactions.vocabulary import STATE_LABELS
from backoffice.ui import values
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.text import visible


def amount_of(finding: TransactionFinding) -> values.Amount:
    """The amount in its currency, or in raw units where nobody knows its exponent."""
    said = for_people(finding.amount, finding.currency)
    return values.Amount(said.amount, said.name)


FINDINGS = Columns(
    Column(
        key="transaction",
        label=_("Transaction"),
        value=lambda one: values.Lines(values.Reference(str(one.transaction_id)[:8]), visible(one.reference, 60)),
        url=lambda one: reverse("transactions:detail", args=[one.transaction_id]),
        export=Cast("transaction_id", TextField()),
        export_value=lambda one: str(one.transaction_id),
    ),
    Column(
        key="fault",
        label=_("What is wrong"),
        value=lambda one: values.Lines(Fault(one.fault).label, sentence_of(one)),
        export="fault",
        export_value=attrgetter("fault"),
    ),
    Column(
        key="amount",
        label=_("Amount"),
        kind=Kind.MONEY,
        value=amount_of,
        export="amount",
        export_label="amount_smallest_unit",
        export_value=attrgetter("amount"),
        on_phone=OnPhone.LABEL,
    ),
    Column(
        key="state",
        label=_("State"),
        value=lambda one: STATE_LABELS.get(one.state) or one.state,
        export="state",
        export_value=attrgetter("state"),
        on_phone=OnPhone.HIDE,
    ),
    Column(key="at", label=_("Created"), kind=Kind.TIME, value=attrgetter("at"), export="at", classes="soft"),
    Column(key="reference", label=_("Reference"), value=attrgetter("reference"), export="reference", screen=False),
    Column(key="currency", label=_("Currency"), value=attrgetter("currency"), export="currency", screen=False),
    Column(key="expected", label=_("Expected"), value=attrgetter("expected"), export="expected", screen=False),
    Column(key="actual", label=_("Actual"), value=attrgetter("actual"), export="actual", screen=False),
    Column(
        key="counterpart",
        label=_("Other transaction"),
        value=lambda one: str(one.counterpart) if one.counterpart else None,
        export=Cast(F("counterpart"), TextField()),
        screen=False,
    ),
)

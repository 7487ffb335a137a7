"""The columns of the lists of ledger files and of entries, on the screen and in the file."""

from decimal import Decimal
from operator import attrgetter

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.ledger.queries import SIGNED_AMOUNT, SUMMED_AMOUNT
from backoffice.reconciliation.models import FileState, LedgerEntry, LedgerFile
from backoffice.ui import values
from backoffice.ui.columns import ACCOUNTING, Column, Columns, Kind, OnPhone

MEANINGS = {
    FileState.CHECKED: values.Meaning.WARNING,
    FileState.ACCEPTED: values.Meaning.POSITIVE,
    FileState.DISCARDED: values.Meaning.NEUTRAL,
    FileState.WITHDRAWN: values.Meaning.NEUTRAL,
}


def badge_of(file: LedgerFile) -> values.Badge:
    """Where a file stands."""
    state = FileState(file.state)
    return values.Badge(state.label, MEANINGS[state], calm=state == FileState.ACCEPTED)


FILES = Columns(
    Column(
        key="file",
        label=_("File"),
        value=attrgetter("name"),
        url=lambda file: reverse("reconciliation:ledger_file", args=[file.pk]),
        export="name",
    ),
    Column(key="ledger", label=_("Ledger"), value=lambda file: file.source.name, export="source__name"),
    Column(
        key="rows",
        label=_("Lines"),
        kind=Kind.NUMBER,
        value=attrgetter("row_count"),
        export="row_count",
        on_phone=OnPhone.LABEL,
    ),
    Column(key="state", label=_("State"), kind=Kind.BADGE, value=badge_of),
    Column(
        key="first_at",
        label=_("Booked from"),
        kind=Kind.TIME,
        value=attrgetter("first_at"),
        classes="soft",
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="last_at",
        label=_("Booked to"),
        kind=Kind.TIME,
        value=attrgetter("last_at"),
        classes="soft",
        on_phone=OnPhone.LABEL,
    ),
    Column(
        key="by",
        label=_("Uploaded by"),
        kind=Kind.PERSON,
        value=lambda file: values.Person(file.uploaded_by.name),
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="uploaded_at",
        label=_("Uploaded"),
        kind=Kind.TIME,
        value=attrgetter("uploaded_at"),
        sort="uploaded",
        classes="soft",
    ),
)


def signed(entry: LedgerEntry) -> Decimal:
    amount: Decimal = entry.amount
    return amount if entry.kind == "deposit" else amount.copy_negate()


def summed(entry: LedgerEntry) -> Decimal | None:
    """What an entry adds to the sums of its list: nothing where it failed, or its file counts no more."""
    counts = entry.status == "completed" and entry.file.state == FileState.ACCEPTED
    return signed(entry) if counts else None


ENTRIES = Columns(
    Column(
        key="reference",
        label=_("Reference"),
        kind=Kind.REFERENCE,
        value=lambda entry: values.Reference(entry.reference),
        export="reference",
    ),
    Column(key="client", label=_("Client"), value=attrgetter("partner_client_id"), export="partner_client_id"),
    Column(
        key="amount",
        label=_("Amount"),
        kind=Kind.MONEY,
        value=lambda entry: values.Amount(signed(entry), entry.asset_id, quiet=summed(entry) is None),
        export=SIGNED_AMOUNT,
        export_value=signed,
    ),
    Column(
        key="summed_amount",
        label=_("Amount in the sums"),
        kind=Kind.MONEY,
        value=summed,
        export=SUMMED_AMOUNT,
        screen=False,
    ),
    Column(key="asset", label=_("Asset"), value=attrgetter("asset_id"), export="asset_id", screen=False),
    Column(key="type", label=_("Type"), value=attrgetter("kind"), export="kind", screen=False),
    Column(key="status", label=_("Status"), value=attrgetter("status"), export="status"),
    Column(
        key="booked_at",
        label=_("Booked"),
        kind=Kind.TIME,
        value=attrgetter("booked_at"),
        sort="booked",
        export="booked_at",
    ),
    Column(
        key="file",
        label=_("File"),
        value=lambda entry: values.Link(
            entry.file.name,
            reverse("reconciliation:ledger_file", args=[entry.file_id]),
            gettext("line %(n)d") % {"n": entry.line},
        ),
        export="file__name",
        export_value=lambda entry: entry.file.name,
        on_phone=OnPhone.HIDE,
    ),
    Column(key="line", label=_("Line"), kind=Kind.NUMBER, value=attrgetter("line"), export="line", screen=False),
    Column(
        key="ledger", label=_("Ledger"), value=lambda e: e.file.source.name, export="file__source__name", screen=False
    ),
    Column(
        key="state",
        label=_("State of the file"),
        kind=Kind.BADGE,
        value=lambda entry: badge_of(entry.file),
        export="file__state",
        export_value=lambda entry: entry.file.state,
    ),
    presets={
        ACCOUNTING: (
            *("booked_at", "reference", "client", "type", "amount", "summed_amount", "asset", "status"),
            *("ledger", "file", "line", "state"),
        )
    },
)

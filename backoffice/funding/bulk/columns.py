"""The columns of the list of files, and of the file that says what became of each row."""

from decimal import Decimal

from django.db.models import Case, F, When
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice.database.fields import AmountField
from backoffice.funding.models import BulkFile, BulkRow, FileState
from backoffice.funding.models import Kind as OperationKind
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.values import Amount, Badge, Lines, Meaning, Named, Person, Text

MEANINGS = {
    FileState.CHECKED: Meaning.WARNING,
    FileState.WAITING: Meaning.WARNING,
    FileState.CONFIRMED: Meaning.INFO,
    FileState.DONE: Meaning.POSITIVE,
    FileState.DISCARDED: Meaning.NEUTRAL,
    FileState.REJECTED: Meaning.NEGATIVE,
    FileState.CANCELLED: Meaning.NEUTRAL,
    FileState.EXPIRED: Meaning.NEUTRAL,
}
#: What a reader is told beside the state's own word: who has to do something.
WORDS: dict[FileState, Text] = {FileState.CHECKED: _("To be confirmed")}


def badge_of(file: BulkFile) -> Badge:
    """Where a file stands."""
    state = FileState(file.state)
    return Badge(WORDS.get(state, state.label), MEANINGS[state])


def open_badge(refused: int) -> Badge:
    """Where a file stands whose rows are all dealt with while operations of it have not ended."""
    return Badge(gettext("Rows dealt with") if refused else gettext("All rows made"), Meaning.INFO)


def badge_listed(file: BulkFile) -> Badge:
    """Where a file of `queries.listed` stands, as its own page says it."""
    return open_badge(_refused(file)) if _is_open(file) else badge_of(file)


def outcome_of(file: BulkFile) -> object:
    """How far the workers are with a file of `queries.listed`, and how many of its rows could not be made."""
    refused = _refused(file)
    rest = ngettext("%(n)d row refused", "%(n)d rows refused", refused) % {"n": refused} if refused else ""
    far = _how_far(file, refused)
    return Lines(far, rest) if far and rest else far or rest or None


def _how_far(file: BulkFile, refused: int) -> str:
    if file.state == FileState.CONFIRMED:
        return gettext("%(done)d of %(rows)d") % {
            "done": (getattr(file, "made", None) or 0) + refused,
            "rows": file.row_count,
        }
    if _is_open(file):
        return gettext("Not all payments have ended")
    return gettext("All rows made") if file.state == FileState.DONE and not refused else ""


def _refused(file: BulkFile) -> int:
    return getattr(file, "refused", None) or 0


def _is_open(file: BulkFile) -> bool:
    return getattr(file, "is_open", False)


FILES = Columns(
    Column(
        key="file",
        label=_("File"),
        value=lambda file: file.name,
        url=lambda file: reverse("funding:bulk_file", args=[file.pk]),
    ),
    Column(key="rows", label=_("Rows"), kind=Kind.NUMBER, value=lambda file: file.row_count, on_phone=OnPhone.LABEL),
    Column(key="state", label=_("State"), kind=Kind.BADGE, value=badge_listed),
    Column(key="outcome", label=_("Progress"), value=outcome_of, on_phone=OnPhone.LABEL),
    Column(
        key="by",
        label=_("Uploaded by"),
        kind=Kind.PERSON,
        value=lambda file: Person(file.uploaded_by.name),
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="uploaded_at",
        label=_("Uploaded"),
        kind=Kind.TIME,
        value=lambda file: file.uploaded_at,
        sort="uploaded",
        classes="soft",
    ),
)


def signed_amount(row: BulkRow) -> Decimal:
    amount: Decimal = row.amount
    return amount if row.kind == OperationKind.DEPOSIT else -amount


def client_of(row: BulkRow) -> Named:
    return Named(str(row.client), row.client.partner_client_id, row.client.get_absolute_url())


def _said(key: str, label: Text, name: str) -> Column:
    """A column of the file whose value is annotated by `queries.rows`."""
    return Column(key=key, label=label, value=lambda row: getattr(row, name), export=name, screen=False)


ROWS = Columns(
    Column(
        key="file",
        label=_("File"),
        value=lambda row: row.file.name,
        url=lambda row: reverse("funding:bulk_file", args=[row.file_id]),
        export="file__name",
    ),
    Column(
        key="line",
        label=_("Line"),
        kind=Kind.NUMBER,
        value=lambda row: row.number,
        export="number",
        on_phone=OnPhone.LABEL,
    ),
    Column(
        key="type",
        label=_("Type"),
        value=lambda row: OperationKind(row.kind).label,
        export="kind",
        export_value=lambda row: row.kind,
    ),
    Column(
        key="client",
        label=_("Client"),
        value=client_of,
        export="client__partner_client_id",
        export_label="client_id",
    ),
    Column(
        key="client_name",
        label=_("Client name"),
        value=lambda row: row.client.name,
        export="client__name",
        screen=False,
    ),
    Column(key="asset", label=_("Asset"), value=lambda row: row.asset_id, export="asset_id", screen=False),
    Column(
        key="amount",
        label=_("Amount"),
        kind=Kind.MONEY,
        value=lambda row: Amount(signed_amount(row), row.asset_id),
        export_value=signed_amount,
        export=Case(
            When(kind=OperationKind.WITHDRAWAL, then=-F("amount")), default=F("amount"), output_field=AmountField()
        ),
    ),
    Column(key="reason", label=_("Reason"), value=lambda row: row.reason, export="reason", classes="soft"),
    _said("reference", _("Operation"), "reference"),
    _said("state", _("State"), "operation_state"),
    _said("failure", _("Failure"), "failure_sentence"),
    _said("order", _("CoinMENA order"), "partner_order_id"),
    _said("refusal", _("Refused because"), "refusal_sentence"),
)

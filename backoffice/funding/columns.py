"""The columns of the operations list, and how effects and amounts of operations look everywhere."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, F, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.database.fields import AmountField
from backoffice.funding.badges import badge_of
from backoffice.funding.models import Kind as OperationKind
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.ui.columns import ACCOUNTING, Column, Columns, Kind, OnPhone
from backoffice.ui.values import Amount, Badge, Direction, Effect, Named, Person, Reference

#: What was meant, and what has happened: an effect is claimed only where an order proves it.
WORDS: dict[tuple[str, bool], tuple[Promise, Direction]] = {
    (OperationKind.DEPOSIT, True): (_("Deposited"), Direction.IN),
    (OperationKind.DEPOSIT, False): (_("Deposit"), Direction.IN),
    (OperationKind.WITHDRAWAL, True): (_("Withdrawn"), Direction.OUT),
    (OperationKind.WITHDRAWAL, False): (_("Withdrawal"), Direction.OUT),
}
SIGNED_AMOUNT = Case(
    When(kind=OperationKind.WITHDRAWAL, then=-F("amount")), default=F("amount"), output_field=AmountField()
)


def effect_of(operation: Operation) -> Effect:
    """What the operation did to the client, or would do."""
    words, direction = WORDS[operation.kind, operation.state == State.COMPLETED]
    return Effect(words, direction)


def signed_amount(operation: Operation) -> Decimal:
    """The amount as the client's balance sees it."""
    amount: Decimal = operation.amount
    return amount if operation.is_deposit else -amount


def amount_of(operation: Operation) -> Amount:
    """The signed amount for the screen, grey until an order proves that it moved."""
    return Amount(signed_amount(operation), operation.asset_id, quiet=operation.state != State.COMPLETED)


def client_of(operation: Operation) -> Named:
    """The client by name and by the id that proves who it is."""
    client = operation.client
    return Named(str(client), client.partner_client_id, client.get_absolute_url())


@dataclass(frozen=True)
class OperationLine:
    """One operation in a small table of another page."""

    reference: str
    url: str
    effect: Effect
    amount: Amount
    badge: Badge
    requested_at: datetime
    client: str = ""


def line_of(operation: Operation) -> OperationLine:
    return OperationLine(
        reference=operation.reference,
        url=operation.get_absolute_url(),
        effect=effect_of(operation),
        amount=Amount(signed_amount(operation), operation.asset_id),
        badge=badge_of(operation),
        requested_at=operation.requested_at,
    )


def approvers_of(operation: Operation) -> str | None:
    """Whose approvals count, as `queries.with_approvers` names them."""
    names: str | None = getattr(operation, "approvers", None)
    return names


def approvers_shown(operation: Operation) -> object:
    """The same for the screen; one person with their initials, several by their names."""
    names = approvers_of(operation)
    if names is None:
        return _("No rule asked for it")
    return names if ", " in names else Person(names)


# What every list of operations tells, the file included.
REFERENCE = Column(
    key="reference",
    label=_("Operation"),
    kind=Kind.REFERENCE,
    value=lambda one: Reference(one.reference),
    url=Operation.get_absolute_url,
    export="reference",
)
CLIENT = Column(
    key="client",
    label=_("Client"),
    value=client_of,
    export="client__partner_client_id",
    export_label="client_id",
)
CLIENT_NAME = Column(
    key="client_name",
    label=_("Client name"),
    value=lambda one: one.client.name,
    export="client__name",
    screen=False,
)
EFFECT = Column(
    key="kind",
    label=_("Effect on client"),
    kind=Kind.EFFECT,
    value=effect_of,
    export="kind",
    export_value=lambda one: one.kind,
)
AMOUNT = Column(
    key="amount",
    label=_("Amount"),
    kind=Kind.MONEY,
    value=amount_of,
    export=SIGNED_AMOUNT,
    export_value=signed_amount,
)
ASSET = Column(key="asset", label=_("Asset"), value=lambda one: one.asset_id, export="asset_id", screen=False)
ASKED_BY = Column(
    key="asked_by",
    label=_("Asked by"),
    kind=Kind.PERSON,
    value=lambda one: Person(one.requested_by.name),
    export="requested_by__name",
    on_phone=OnPhone.HIDE,
)
REASON = Column(key="reason", label=_("Reason"), value=lambda one: one.reason, export="reason", screen=False)
REQUESTED_AT = Column(
    key="requested_at",
    label=_("Asked"),
    kind=Kind.TIME,
    value=lambda one: one.requested_at,
    export="requested_at",
)
ORDER = Column(
    key="order",
    label=_("CoinMENA order"),
    value=lambda one: one.partner_order_id,
    export="partner_order_id",
    export_label="order_id",
    screen=False,
)

COLUMNS = Columns(
    REFERENCE,
    CLIENT,
    CLIENT_NAME,
    EFFECT,
    replace(AMOUNT, sort="amount"),
    ASSET,
    Column(
        key="state",
        label=_("State"),
        kind=Kind.BADGE,
        value=badge_of,
        export="state",
        export_value=lambda one: one.state,
    ),
    ASKED_BY,
    Column(
        key="approved_by",
        label=_("Approved by"),
        value=approvers_of,
        export="approvers",
        screen=False,
    ),
    REASON,
    replace(REQUESTED_AT, sort="asked", classes="soft"),
    Column(
        key="ended_at",
        label=_("Ended"),
        kind=Kind.TIME,
        value=lambda one: one.ended_at,
        export="ended_at",
        screen=False,
    ),
    ORDER,
    Column(
        key="failure",
        label=_("Failure"),
        value=lambda one: one.failure_sentence,
        export="failure_sentence",
        screen=False,
    ),
    presets={
        ACCOUNTING: (
            *("requested_at", "ended_at", "reference", "client", "client_name", "kind"),
            *("amount", "asset", "state", "asked_by", "approved_by", "order"),
        )
    },
)


def entry_of(operation: Operation) -> str | None:
    """The number of the audit entry that says it was completed; `who_funded.completed` annotates it."""
    entry: int | None = getattr(operation, "entry", None)
    return None if entry is None else f"{entry:,}"


WHO_FUNDED_COLUMNS = Columns(
    REFERENCE,
    CLIENT,
    CLIENT_NAME,
    EFFECT,
    AMOUNT,
    ASSET,
    replace(ASKED_BY, on_phone=OnPhone.LABEL),
    Column(
        key="approved_by",
        label=_("Approved by"),
        kind=Kind.PERSON,
        classes="one-line",
        value=approvers_shown,
        export="approvers",
        export_value=approvers_of,
        on_phone=OnPhone.LABEL,
    ),
    REASON,
    replace(REQUESTED_AT, screen=False),
    Column(
        key="approved_at",
        label=_("Approved"),
        kind=Kind.TIME,
        value=lambda one: one.approved_at,
        export="approved_at",
        screen=False,
    ),
    Column(
        key="completed_at",
        label=_("Completed"),
        kind=Kind.TIME,
        value=lambda one: one.ended_at,
        sort="completed",
        export="ended_at",
        classes="soft",
    ),
    ORDER,
    Column(
        key="entry",
        label=_("Entry"),
        kind=Kind.NUMBER,
        value=entry_of,
        url=lambda one: f"/audit/{one.entry}/" if one.entry else None,
        export="entry",
        export_label="audit_entry",
        export_value=lambda one: one.entry,
        on_phone=OnPhone.HIDE,
    ),
    presets={
        ACCOUNTING: (
            *("completed_at", "reference", "client", "client_name", "kind", "amount", "asset"),
            *("asked_by", "approved_by", "order", "entry"),
        )
    },
)

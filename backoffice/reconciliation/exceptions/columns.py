"""The columns of the worklist, on the screen and in its file."""

from operator import attrgetter

from django.db.models import Case, TextField, Value, When
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.exceptions import naming
from backoffice.ui.columns import Column, Columns, Kind, OnPhone


def row_url(item: object) -> str:
    return reverse("reconciliation:exception", args=[item.pk])  # type: ignore[attr-defined]


COLUMNS = Columns(
    Column(key="what", label=_("Operation or order"), value=naming.lines_of, url=row_url),
    Column(
        key="chosen",
        label=_("Choose"),
        value=attrgetter("pk"),
        template="reconciliation/exceptions/chosen.html",
        on_phone=OnPhone.LABEL,
        classes="center",
    ),
    Column(key="id", label=_("Exception"), kind=Kind.NUMBER, value=attrgetter("pk"), export="id", screen=False),
    Column(
        key="verdict",
        label=_("Verdict"),
        value=lambda item: naming.verdict_label(item.verdict),
        export="verdict",
        export_value=attrgetter("verdict"),
    ),
    Column(key="source", label=_("Source"), value=attrgetter("source"), export="source", screen=False),
    Column(key="key", label=_("Key"), value=attrgetter("key"), export="key", screen=False),
    Column(
        key="day",
        label=_("Day"),
        value=attrgetter("day"),
        export=Cast("day", TextField()),
        export_value=lambda item: item.day.isoformat(),
        screen=False,
    ),
    Column(key="client", label=_("Client"), value=attrgetter("client"), export="client", screen=False),
    Column(key="client_name", label=_("Name"), value=attrgetter("client_name"), export="client_name", screen=False),
    Column(
        key="reference",
        label=_("Reference"),
        kind=Kind.REFERENCE,
        value=attrgetter("reference"),
        export="reference",
        screen=False,
    ),
    Column(
        key="order_id",
        label=_("Order"),
        kind=Kind.NUMBER,
        value=attrgetter("order_id"),
        export="order_id",
        screen=False,
    ),
    Column(
        key="difference",
        label=_("Difference"),
        kind=Kind.MONEY,
        value=naming.difference_of,
        export="difference",
    ),
    Column(
        key="at_risk",
        label=_("At risk"),
        kind=Kind.MONEY,
        value=naming.at_risk_of,
        export="at_risk",
        sort="risk",
        on_phone=OnPhone.HIDE,
    ),
    Column(key="asset", label=_("Asset"), value=attrgetter("asset"), export="asset", screen=False),
    Column(
        key="owner",
        label=_("Owner"),
        kind=Kind.PERSON,
        value=naming.owner_of,
        export="owner__email",
        export_value=lambda item: item.owner.email if item.owner else None,
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="severity",
        label=_("Severity"),
        kind=Kind.BADGE,
        value=naming.severity_badge,
        export="severity",
        export_value=attrgetter("severity"),
    ),
    Column(
        key="due_at",
        label=_("Due"),
        kind=Kind.TIME,
        value=lambda item: naming.due_of(item, timezone.now()),
        export="due_at",
        export_value=attrgetter("due_at"),
        sort="due",
    ),
    Column(
        key="state",
        label=_("State"),
        kind=Kind.BADGE,
        value=naming.state_badge,
        export="state",
        export_value=attrgetter("state"),
    ),
    Column(
        key="opened_at",
        label=_("First seen"),
        kind=Kind.TIME,
        value=attrgetter("opened_at"),
        export="opened_at",
        screen=False,
    ),
    Column(key="resolution", label=_("Resolution"), value=attrgetter("resolution"), export="resolution", screen=False),
    Column(
        key="resolution_text",
        label=_("Text"),
        value=attrgetter("resolution_text"),
        export="resolution_text",
        screen=False,
    ),
    Column(key="ticket", label=_("Ticket"), value=attrgetter("ticket"), export="ticket", screen=False),
)


def blank(key: str) -> Column:
    """A column of a sheet that is filled in outside."""
    empty = Case(When(pk=None, then=Value("")), default=Value(""), output_field=TextField())
    return Column(key=key, label=key, value=lambda _item: "", export=empty, screen=False)

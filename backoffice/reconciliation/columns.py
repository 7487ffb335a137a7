"""The columns of the runs on the screen, and of a run's findings in the file."""

from operator import attrgetter

from django.db.models import Case, F, TextField, Value, When
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.reconciliation.badges import run_badge
from backoffice.reconciliation.comparing.titles import title_of
from backoffice.reconciliation.models import Run
from backoffice.ui import values
from backoffice.ui.columns import Column, Columns, Kind, OnPhone


def made_by(run: Run) -> values.Person | str:
    return values.Person(run.run_by.name) if run.run_by else gettext("Command line or schedule")


RUNS = Columns(
    Column(
        key="window",
        label=_("Window"),
        value=lambda run: values.Lines(title_of(run), gettext("Run %(n)s") % {"n": run.pk}),
        url=lambda run: reverse("reconciliation:run", args=[run.pk]),
    ),
    Column(key="run", label=_("Run"), kind=Kind.NUMBER, value=attrgetter("pk"), export="id", screen=False),
    Column(
        key="source",
        label=_("Compared"),
        value=lambda run: values.Lines(run.get_source_display(), str(run.ledger or "")),
        export=F("source"),
        export_value=lambda run: run.source,
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="client",
        label=_("Client"),
        value=lambda run: (
            values.Named(str(run.client), run.client.partner_client_id) if run.client else _("All clients")
        ),
        export="client__partner_client_id",
        export_value=lambda run: run.client.partner_client_id if run.client else None,
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="window_from",
        label=_("From"),
        kind=Kind.TIME,
        value=attrgetter("window_from"),
        export="window_from",
        screen=False,
    ),
    Column(
        key="window_to", label=_("To"), kind=Kind.TIME, value=attrgetter("window_to"), export="window_to", screen=False
    ),
    Column(key="ours", label=_("Ours"), kind=Kind.NUMBER, value=attrgetter("ours_count"), export="ours_count"),
    Column(key="theirs", label=_("Partner"), kind=Kind.NUMBER, value=attrgetter("theirs_count"), export="theirs_count"),
    Column(key="state", label=_("Outcome"), kind=Kind.BADGE, value=run_badge),
    Column(
        key="is_complete",
        label=_("Complete"),
        value=lambda run: "yes" if run.is_complete else "no",
        export=Case(When(is_complete=True, then=Value("yes")), default=Value("no"), output_field=TextField()),
        screen=False,
    ),
    Column(
        key="by",
        label=_("Made by"),
        kind=Kind.PERSON,
        value=made_by,
        export="run_by__name",
        export_value=lambda run: run.run_by.name if run.run_by else None,
        on_phone=OnPhone.HIDE,
    ),
    Column(
        key="finished_at",
        label=_("Made"),
        kind=Kind.TIME,
        value=attrgetter("finished_at"),
        sort="made",
        export="finished_at",
        classes="soft",
    ),
    Column(key="digest", label=_("Digest"), value=attrgetter("digest"), export="digest", screen=False),
)


def field(name: str, kind: Kind = Kind.TEXT) -> Column:
    """A field of a finding, as the file holds it."""
    return Column(key=name, label=name, kind=kind, value=attrgetter(name), export=name, screen=False)


FINDINGS = Columns(
    field("verdict"),
    field("reference", Kind.REFERENCE),
    field("order_id", Kind.NUMBER),
    field("client_name"),
    *(field(f"our_{name}") for name in ("client", "type", "asset")),
    field("our_amount", Kind.MONEY),
    field("our_state"),
    field("our_at", Kind.TIME),
    *(field(f"their_{name}") for name in ("client", "type", "asset")),
    field("their_amount", Kind.MONEY),
    field("their_opposite_amount", Kind.MONEY),
    field("their_status"),
    field("their_at", Kind.TIME),
    field("same_reference_count", Kind.NUMBER),
    Column(
        key="looked_up_at",
        label=_("Looked up"),
        kind=Kind.TIME,
        value=lambda finding: finding.check_made.asked_at if finding.check_made else None,
        export=F("check_made__asked_at"),
        screen=False,
    ),
)

"""The columns of the clients list, on the screen and in the file."""

from django.db.models import Case, TextField, Value, When
from django.utils.translation import gettext_lazy as _

from backoffice.clients.badges import activation_badge, status_badge
from backoffice.clients.models import Client
from backoffice.ui.columns import Column, Columns, Kind, OnPhone
from backoffice.ui.values import Age, Reference

ACTIVE_IN_WORDS = Case(When(active=True, then=Value("yes")), default=Value("no"), output_field=TextField())


COLUMNS = Columns(
    Column(
        key="client",
        label=_("Client"),
        value=lambda client: client.name or client.partner_client_id,
        url=Client.get_absolute_url,
        sort="name",
        export="name",
        export_label="name",
        export_value=lambda client: client.name,
    ),
    Column(
        key="partner_client_id",
        label=_("Partner id"),
        kind=Kind.REFERENCE,
        value=lambda client: Reference(client.partner_client_id),
        sort="partner_client_id",
        export="partner_client_id",
        export_value=lambda client: client.partner_client_id,
    ),
    Column(
        key="status",
        label=_("Status"),
        kind=Kind.BADGE,
        value=lambda client: status_badge(client, calm=True),
        export="status",
        export_value=lambda client: client.status,
    ),
    Column(
        key="active",
        label=_("Activation"),
        kind=Kind.BADGE,
        value=lambda client: activation_badge(client, calm=True),
        export=ACTIVE_IN_WORDS,
        export_value=lambda client: "yes" if client.active else "no",
    ),
    Column(
        key="country_id",
        label=_("Country"),
        value=lambda client: client.country_name or client.country_id.upper(),  # annotated by `queries.listed`
        classes="clip",
        on_phone=OnPhone.HIDE,
        export="country_id",
        export_label="country",
        export_value=lambda client: client.country_id,
    ),
    Column(
        key="created",
        label=_("Client since"),
        kind=Kind.TIME,
        classes="soft",
        on_phone=OnPhone.HIDE,
        value=lambda client: client.created_at,
        export="created_at",
        export_label="created_at",
    ),
    Column(
        key="read",
        label=_("Read"),
        kind=Kind.TIME,
        on_phone=OnPhone.HIDE,
        value=lambda client: Age(client.read_at),
        export="read_at",
        export_label="read_at",
        export_value=lambda client: client.read_at,
    ),
    Column(
        key="coinmena_id",
        label=_("CoinMENA's number"),
        kind=Kind.NUMBER,
        value=lambda client: client.partner_id,
        screen=False,
        export="partner_id",
    ),
)

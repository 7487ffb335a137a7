"""A list to export in these tests: balances with hostile names, negative and long amounts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet

from backoffice.clients.models import BalanceReading, Client
from backoffice.ui.columns import ACCOUNTING, Column, Columns, Kind
from backoffice.ui.filters import AmountRangeFilter, SearchFilter
from backoffice.ui.keyset import Sort
from backoffice.ui.listing import Listing
from backoffice.ui.values import Amount, Badge

READ_AT = datetime(2026, 11, 19, 11, 34, 12, 345678, tzinfo=UTC)


class Balances(django_filters.FilterSet):  # type: ignore[misc]
    q = SearchFilter(search=lambda rows, text: rows.filter(client__name__icontains=text), label="Client")
    balance = AmountRangeFilter(field_name="balance", label="Balance")


BALANCES = Listing(
    name="balances",
    title="Balances",
    columns=Columns(
        Column(key="client", label="Client", value=lambda row: row.client.name, export="client__name"),
        Column(
            key="active",
            label="Active",
            value=lambda row: Badge("Active" if row.client.active else "Inactive"),
            export="client__country_id",
            export_value=lambda row: row.client.country_id,
        ),
        Column(
            key="balance",
            label="Balance",
            kind=Kind.MONEY,
            value=lambda row: Amount(row.balance, row.asset_id),
            export="balance",
        ),
        Column(
            key="asset", label="Asset", value=lambda row: row.asset_id, export="asset_id", export_label="100% asset"
        ),
        Column(key="read_at", label="Read", kind=Kind.TIME, value=lambda row: row.read_at, export="read_at"),
        Column(key="age", label="Age", value=lambda row: "on the screen only"),
        presets={ACCOUNTING: ("read_at", "client", "balance", "asset")},
    ),
    sorts=(Sort("id", "Number", ("id",)),),
    filterset=Balances,
    export_url_name="account_settings",
)

NAMES = ["=1+1", "Noura Al Khalifa", ' "quoted"; ', "two\nlines", "-12", "نورة", "＠x", "", "%s {} \\N \\."]
AMOUNTS = ["-12500.00", "0E-8", "0", "99999999999999999999.999999999999999999", "1000", "1000.00", "-0.00000001"]


def balances() -> QuerySet[BalanceReading]:
    return BalanceReading.objects.select_related("client")


def client_named(name: str, number: int) -> Client:
    mirrored: dict[str, Any] = {"raw": b"{}", "read_at": READ_AT, "status": "verified", "active": True}
    return Client.objects.create(partner_client_id=f"user_{number}", name=name, country_id="BH", **mirrored)


def create_balances() -> None:
    """One balance for each name and amount, 63 in all."""
    for number, name in enumerate(NAMES):
        client = client_named(name, number)
        for place, amount in enumerate(AMOUNTS):
            client.balances.create(
                asset_id=f"A{place}", balance=Decimal(amount), available_balance=Decimal(0), read_at=READ_AT
            )

"""What people ask of the clients: who is found by a text, who is active, what they had when last read."""

from typing import Any, Final

from django.db.models import OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Lower

from backoffice.clients.models import Asset, BalanceReading, Client, Country
from backoffice.ui.listing import Summary

Clients = QuerySet[Client]
MOST_CHOICES: Final = 300


def all_clients() -> Clients:
    """Every client, raw answer included."""
    return Client.objects.all()


def listed() -> Clients:
    """Clients as a list shows them: ``country_name``, and ``sort_name`` to order by, which has an index."""
    country = Subquery(Country.objects.filter(pk=OuterRef("country_id")).values("name")[:1], output_field=TextField())
    return Client.objects.defer("raw").annotate(sort_name=Lower("name"), country_name=country)


def found_by(clients: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Clients whose name or id holds the text, or whose number at CoinMENA it is."""
    found = Q(name__icontains=text) | Q(partner_client_id__icontains=text)
    if text.isascii() and text.isdigit() and len(text) < 19:
        found |= Q(partner_id=int(text))
    return clients.filter(found)


def readings_of(client: Client) -> list[BalanceReading]:
    """Return the newest balance of each asset, as last read."""
    return list(BalanceReading.objects.filter(client=client).order_by("asset_id"))


def asset_names() -> dict[str, str]:
    """Return the names of the assets by id."""
    return dict(Asset.objects.values_list("asset_id", "name"))


def asset_choices() -> list[tuple[str, str]]:
    """Return every asset CoinMENA lists, to filter by."""
    return [(asset_id, asset_id) for asset_id in Asset.objects.order_by("asset_id").values_list("asset_id", flat=True)]


def country_names() -> dict[str, str]:
    """Return the names of the countries by code."""
    return dict(Country.objects.values_list("id", "name"))


def country_choices() -> list[tuple[str, str]]:
    """Return the countries to filter by."""
    names = sorted((name or code, code) for code, name in country_names().items())
    return [(code, name) for name, code in names[:MOST_CHOICES]]


def summarise(clients: QuerySet[Any]) -> Summary:
    """Count the clients a filter finds; there is nothing to add up."""
    return Summary(clients.order_by().count())

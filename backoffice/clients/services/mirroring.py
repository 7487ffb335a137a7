"""Mirror CoinMENA's clients, assets and countries."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.db import transaction

from backoffice.clients.models import Asset, Client, Country
from backoffice.database import clock
from backoffice.mirror.incidents import store
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.paging import sync_answer, sync_list
from backoffice.mirror.partners import for_our_books
from backoffice.mirror.targets import Row, Target
from backoffice.partner.coinmena import payloads

#: Lists of clients and assets are always read in full, so a row that did not change is fresh again.
CLIENTS: Final = Target(
    mirror=Mirror.CLIENTS,
    model=Client,
    key="partner_client_id",
    columns=(
        "partner_client_id",
        "partner_id",
        "name",
        "status",
        "active",
        "country_id",
        "created_at",
        "updated_at",
    ),
    keeps_known=frozenset({"partner_id", "name", "country_id", "created_at", "updated_at"}),
    touches=True,
)
ASSETS: Final = Target(
    mirror=Mirror.ASSETS,
    model=Asset,
    key="asset_id",
    columns=("asset_id", "name", "type", "precision", "published", "depositable", "withdrawable"),
    touches=True,
)
COUNTRIES: Final = Target(mirror=Mirror.ASSETS, model=Country, key="id", columns=("id", "name"), touches=True)


def sync_clients() -> SyncRun:
    """Read all our clients and return the run.

    :raises AlreadyRunning: when another process reads them.
    """
    books = cache(for_our_books)  # asked for once in a run, whichever thread fetches
    return sync_list(CLIENTS, fetch=lambda number: books().clients(page=number), to_values=client_values)


def sync_assets() -> SyncRun:
    """Read all assets and the names of the countries, and return the run.

    :raises AlreadyRunning: when another process reads them.
    """
    return sync_answer(ASSETS, fetch=_assets_after_countries, to_values=asset_values)


@transaction.atomic
def mirror_client(client: payloads.Client, *, read_at: datetime) -> Client | None:
    """Write one client into the mirror and return it as the mirror now holds it; None when it cannot be stored.

    :param read_at: when CoinMENA was asked, not when it answered.
    """
    store(CLIENTS, [Row(client_values(client), client.raw, read_at)])
    return Client.objects.filter(partner_client_id=client.partner_client_id).first()


def client_values(client: payloads.Client) -> Mapping[str, Any]:
    """Return the columns of one client as CoinMENA said it."""
    names = (client.first_name, client.last_name)
    return {
        "partner_client_id": client.partner_client_id,
        "partner_id": client.id,
        "name": " ".join(name for name in names if name),
        "status": client.status,
        "active": client.active,
        "country_id": client.country_id or "",
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    }


def asset_values(asset: payloads.Asset) -> Mapping[str, Any]:
    """Return the columns of one asset as CoinMENA said it."""
    values = {column: getattr(asset, column) for column in ASSETS.columns}
    return {**values, "name": asset.name or "", "type": asset.type or ""}


def _assets_after_countries() -> tuple[payloads.Asset, ...]:
    asked_at = clock.now()
    countries = for_our_books().countries()
    store(COUNTRIES, [Row({"id": one.id, "name": one.name or ""}, one.raw, asked_at) for one in countries])
    return for_our_books().assets()

"""Assets, countries and clients of CoinMENA."""

import json
import sqlite3
from dataclasses import asdict, replace
from typing import Any, Final

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.coinmena.records import Asset, Client
from backoffice.sandbox.store import Store

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS assets (
    asset_id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, precision INTEGER NOT NULL,
    published INTEGER NOT NULL, depositable INTEGER NOT NULL, withdrawable INTEGER NOT NULL, usd_rate TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS clients (
    id INTEGER PRIMARY KEY, partner TEXT NOT NULL, partner_client_id TEXT NOT NULL, status TEXT NOT NULL,
    active INTEGER NOT NULL, country_id TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (partner, partner_client_id)
);
"""

COUNTRIES: Final = {
    "ae": "United Arab Emirates",
    "bh": "Bahrain",
    "eg": "Egypt",
    "jo": "Jordan",
    "kw": "Kuwait",
    "om": "Oman",
    "qa": "Qatar",
    "sa": "Saudi Arabia",
}

#: Every combination of flags a caller has to heed: KWD takes no deposits, OMR pays nothing out, QAR is not published.
ASSETS: Final = (
    Asset("USD", "US Dollar", "fiat", 2, True, True, True, "1"),
    Asset("AED", "UAE Dirham", "fiat", 2, True, True, True, "0.27229408"),
    Asset("BHD", "Bahraini Dinar", "fiat", 3, True, True, True, "2.65251989"),
    Asset("SAR", "Saudi Riyal", "fiat", 2, True, True, True, "0.26666667"),
    Asset("KWD", "Kuwaiti Dinar", "fiat", 3, True, False, True, "3.25732899"),
    Asset("OMR", "Omani Rial", "fiat", 3, True, True, False, "2.60078023"),
    Asset("QAR", "Qatari Riyal", "fiat", 2, False, True, True, "0.27472527"),
    Asset("USDT", "Tether USD", "crypto", 6, True, False, False, "1"),
    Asset("BTC", "Bitcoin", "crypto", 8, True, False, False, "98690"),
)


class ClientExists(Exception):
    """A client with this id is already registered under the partner."""


class Directory:
    """Assets and clients. A change by a partner and one by the control path go through the same methods."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        store.create(_SCHEMA)
        with store.transaction() as db:
            if not db.execute("SELECT 1 FROM assets").fetchone():
                for asset in ASSETS:
                    self.save_asset(asset)

    def assets(self) -> list[Asset]:
        with self._store.reading() as db:
            return [_asset(row) for row in db.execute("SELECT * FROM assets ORDER BY rowid")]

    def asset(self, asset_id: str) -> Asset | None:
        with self._store.reading() as db:
            row = db.execute("SELECT * FROM assets WHERE asset_id = ?", (asset_id,)).fetchone()
        return _asset(row) if row else None

    def save_asset(self, asset: Asset) -> None:
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO assets VALUES (:asset_id, :name, :type, :precision, :published, :depositable,"
                " :withdrawable, :usd_rate) ON CONFLICT (asset_id) DO UPDATE SET published = excluded.published,"
                " depositable = excluded.depositable, withdrawable = excluded.withdrawable",
                asdict(asset),
            )

    def client(self, partner: str, partner_client_id: str) -> Client | None:
        with self._store.reading() as db:
            row = db.execute(
                "SELECT * FROM clients WHERE partner = ? AND partner_client_id = ?", (partner, partner_client_id)
            ).fetchone()
        return _client(row) if row else None

    def clients(self, partner: str, *, offset: int, limit: int) -> tuple[list[Client], int]:
        """Return one page of a partner's clients, oldest first, and how many there are."""
        with self._store.reading() as db:
            total = db.execute("SELECT count(*) FROM clients WHERE partner = ?", (partner,)).fetchone()[0]
            rows = db.execute(
                "SELECT * FROM clients WHERE partner = ? ORDER BY id LIMIT ? OFFSET ?", (partner, limit, offset)
            ).fetchall()
        return [_client(row) for row in rows], total

    def add_client(self, partner: str, client: Client) -> Client:
        """Register a client; without times of its own it is created now.

        :raises ClientExists: when the id is taken under this partner.
        """
        created = client.created_at or self._clock.microseconds()
        stored = replace(client, created_at=created, updated_at=client.updated_at or created)
        with self._store.transaction() as db:
            try:
                row = db.execute(
                    "INSERT INTO clients (partner, partner_client_id, status, active, country_id, first_name,"
                    " last_name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (partner, *_columns(stored), stored.created_at, stored.updated_at),
                ).fetchone()
            except sqlite3.IntegrityError as error:
                raise ClientExists(client.partner_client_id) from error
        return replace(stored, id=row["id"])

    def change_client(self, partner: str, client: Client, **changes: Any) -> Client:
        """Change status, active, names or country; changing nothing leaves `updated_at` alone."""
        changed = replace(client, **changes)
        if changed == client:
            return client
        changed = replace(changed, updated_at=self._clock.microseconds())
        with self._store.transaction() as db:
            db.execute(
                "UPDATE clients SET partner_client_id = ?, status = ?, active = ?, country_id = ?, first_name = ?,"
                " last_name = ?, updated_at = ? WHERE partner = ? AND id = ?",
                (*_columns(changed), changed.updated_at, partner, client.id),
            )
        return changed


def _columns(client: Client) -> tuple[str | bool, ...]:
    # A name may hold NUL or a lone surrogate, which SQLite's text cannot; as JSON in ASCII it is kept exactly.
    names = (json.dumps(client.first_name), json.dumps(client.last_name))
    return (client.partner_client_id, client.status, client.active, client.country_id, *names)


def _client(row: sqlite3.Row) -> Client:
    return Client(
        partner_client_id=row["partner_client_id"],
        id=row["id"],
        status=row["status"],
        active=bool(row["active"]),
        country_id=row["country_id"],
        first_name=json.loads(row["first_name"]),
        last_name=json.loads(row["last_name"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _asset(row: sqlite3.Row) -> Asset:
    return Asset(
        asset_id=row["asset_id"],
        name=row["name"],
        type=row["type"],
        precision=row["precision"],
        published=bool(row["published"]),
        depositable=bool(row["depositable"]),
        withdrawable=bool(row["withdrawable"]),
        usd_rate=row["usd_rate"],
    )

"""CoinMENA's books: orders and balance movements, appended in the order they come, exact to the last digit.

A reference can be used once per partner over all types of orders; the table `order_references` decides that, inside
the same transaction as the order and its movements.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.coinmena.directory import Directory
from backoffice.sandbox.coinmena.listing import OrderFilter, OrderLists
from backoffice.sandbox.coinmena.records import EXACT, Balance, Draft, Order
from backoffice.sandbox.store import Store

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, partner TEXT NOT NULL, client TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    source TEXT NOT NULL, debit TEXT, debit_asset TEXT, credit TEXT, credit_asset TEXT, fee TEXT NOT NULL,
    fee_asset TEXT, vat TEXT NOT NULL, reference TEXT, price TEXT, created_at INTEGER NOT NULL,
    transitioned_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, stored_at INTEGER NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS orders_of_a_client ON orders (partner, client);
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (partner, created_at);
CREATE TABLE IF NOT EXISTS order_references (
    partner TEXT NOT NULL, reference TEXT NOT NULL, order_id INTEGER NOT NULL, PRIMARY KEY (partner, reference)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS movements (
    id INTEGER PRIMARY KEY, order_id INTEGER, partner TEXT NOT NULL, client TEXT NOT NULL, asset TEXT NOT NULL,
    change TEXT NOT NULL, balance_after TEXT NOT NULL, at INTEGER NOT NULL, cause TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS holdings (
    partner TEXT NOT NULL, client TEXT NOT NULL, asset TEXT NOT NULL, balance TEXT NOT NULL, held TEXT NOT NULL,
    PRIMARY KEY (partner, client, asset)
) WITHOUT ROWID;
"""
FIRST_ORDER_ID: Final = 67_890
_ORDER_COLUMNS: Final = tuple(field.name for field in fields(Order))
_COLUMN_NAMES: Final = ", ".join(f"orders.{column}" for column in _ORDER_COLUMNS)
_SELECT_ORDERS: Final = f"SELECT {_COLUMN_NAMES} FROM orders"  # noqa: S608 - column names of this file
_INSERT_ORDER: Final = (
    f"INSERT INTO orders ({', '.join(_ORDER_COLUMNS)})"  # noqa: S608 - column names of this file
    f" VALUES ({', '.join('?' * len(_ORDER_COLUMNS))})"
)


class ReferenceTaken(Exception):
    """The reference stands on an order of this partner already."""


class InsufficientFunds(Exception):
    """The client's available balance is less than what would leave it."""


@dataclass(frozen=True)
class Movement:
    """One change of one balance, and why."""

    partner: str
    client: str
    asset: str
    change: Decimal
    cause: str
    order_id: int | None = None


class Ledger:
    """Orders, movements and what every client holds. `transaction()` of the store makes several steps one."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self.store = store
        self._clock = clock
        self._directory = directory
        self._lists = OrderLists()
        store.create(_SCHEMA)

    # Balances ---------------------------------------------------------------------------------------------------------

    def balance(self, partner: str, client: str, asset_id: str) -> Balance | None:
        """Return what a client holds of an asset, zero if it never held any, None if there is no such asset."""
        asset = self._directory.asset(asset_id)
        if asset is None:
            return None
        with self.store.reading() as db:
            row = db.execute(
                "SELECT balance, held FROM holdings WHERE partner = ? AND client = ? AND asset = ?",
                (partner, client, asset_id),
            ).fetchone()
        return Balance(asset, Decimal(row["balance"]), Decimal(row["held"])) if row else Balance(asset)

    def balances(self, partner: str, client: str) -> list[Balance]:
        """Return the balances of every asset the client ever held, in the order of the asset list."""
        with self.store.reading() as db:
            rows = db.execute(
                "SELECT asset, balance, held FROM holdings WHERE partner = ? AND client = ?", (partner, client)
            ).fetchall()
        held = {row["asset"]: row for row in rows}
        return [
            Balance(asset, Decimal(row["balance"]), Decimal(row["held"]))
            for asset in self._directory.assets()
            if (row := held.get(asset.asset_id))
        ]

    def holders(self, partner: str) -> list[str]:
        """Return every client that ever held anything, by id."""
        with self.store.reading() as db:
            rows = db.execute("SELECT DISTINCT client FROM holdings WHERE partner = ? ORDER BY client", (partner,))
            return [row["client"] for row in rows]

    def movements(self, *, client: str | None = None) -> list[dict[str, Any]]:
        """Return the balance movements, oldest first."""
        with self.store.reading() as db:
            rows = db.execute(
                "SELECT * FROM movements WHERE :client IS NULL OR client = :client ORDER BY id", {"client": client}
            )
            return [dict(row) for row in rows]

    def adjust(self, *, partner: str, client: str, asset: str, change: Decimal, held: Decimal | None) -> None:
        """Move a balance without an order, as CoinMENA itself may; `held` sets the part that cannot be moved."""
        with self.store.transaction() as db:
            self._move([Movement(partner, client, asset, change, "adjustment")])
            if held is not None:
                db.execute(
                    "UPDATE holdings SET held = ? WHERE partner = ? AND client = ? AND asset = ?",
                    (str(held), partner, client, asset),
                )

    def check_funds(self, draft: Draft) -> None:
        """Raise `InsufficientFunds` if the client cannot afford what the order takes away."""
        for asset, change in draft.effects():
            holding = self.balance(draft.partner, draft.client, asset)
            if change < 0 and (holding is None or EXACT.add(holding.available, change) < 0):
                raise InsufficientFunds(f"{draft.client} has not {change.copy_abs()} {asset} available.")

    # Orders -----------------------------------------------------------------------------------------------------------

    def place(self, draft: Draft) -> Order:
        """Book one order with its movements. Whoever asks checks funds first.

        :raises ReferenceTaken: nothing was booked.
        """
        return self.place_all([draft])[0]

    def place_all(self, drafts: Sequence[Draft], *, first_id: int = FIRST_ORDER_ID, unique: bool = True) -> list[Order]:
        """Book orders, all or none; `first_id` counts only while there is no order at all.

        Without `unique` a reference already in use is booked once more: a partner that breaks its promise.

        :raises ReferenceTaken: nothing was booked.
        """
        with self.store.transaction() as db:
            last = db.execute("SELECT max(id) FROM orders").fetchone()[0]
            orders = self._numbered(drafts, first_id if last is None else last + 1)
            db.executemany(_INSERT_ORDER, [_order_columns(order) for order in orders])
            self._take_references(orders, unique=unique)
            self._move([movement for order in orders for movement in _movements(order, "order")])
        return orders

    def uses(self, partner: str, reference: str) -> bool:
        """Tell whether a reference is used up; it stays so when its order is hidden."""
        with self.store.reading() as db:
            row = db.execute(
                "SELECT 1 FROM order_references WHERE partner = ? AND reference = ?", (partner, reference)
            ).fetchone()
        return row is not None

    def order(self, partner: str, order_id: int) -> Order | None:
        with self.store.reading() as db:
            row = db.execute(
                f"{_SELECT_ORDERS} WHERE id = ? AND partner = ? AND NOT hidden", (order_id, partner)
            ).fetchone()
        return _order(row) if row else None

    def order_by_reference(self, partner: str, reference: str) -> Order | None:
        with self.store.reading() as db:
            row = db.execute(
                f"{_SELECT_ORDERS} JOIN order_references ON orders.id = order_id"
                " WHERE order_references.partner = ? AND order_references.reference = ? AND NOT hidden",
                (partner, reference),
            ).fetchone()
        return _order(row) if row else None

    def page(self, wanted: OrderFilter, *, offset: int, limit: int) -> tuple[list[Order], int]:
        """Return the orders at `offset`, by ascending id, and how many the filter finds in all."""
        with self.store.reading() as db:
            found = self._lists.ids(db, wanted)
            ids = found[offset : offset + limit].tolist()
            marks = ", ".join("?" * len(ids))
            rows = db.execute(f"{_SELECT_ORDERS} WHERE id IN ({marks}) ORDER BY id", ids)
            return [_order(row) for row in rows], len(found)

    def entries(self, *, reference: str | None, client: str | None, after: int) -> list[Order]:
        """Return all orders on the books, hidden ones and those of other partners included, by ascending id."""
        with self.store.reading() as db:
            rows = db.execute(
                f"{_SELECT_ORDERS} WHERE id > :after AND (:reference IS NULL OR reference = :reference)"
                " AND (:client IS NULL OR client = :client) ORDER BY id",
                {"after": after, "reference": reference, "client": client},
            )
            return [_order(row) for row in rows]

    def change_order(self, order: Order, *, hidden: bool = False, **changes: Any) -> Order:
        """Change an order that is already there, or hide it, and its balances with it: a partner's own correction."""
        changed = replace(order, **changes, updated_at=self._clock.microseconds())
        assignments = ", ".join(f"{column} = ?" for column in _ORDER_COLUMNS)
        with self.store.transaction() as db:
            undone = [
                replace(movement, change=EXACT.minus(movement.change)) for movement in _movements(order, "correction")
            ]
            self._move([*undone, *([] if hidden else _movements(changed, "correction"))])
            db.execute(
                f"UPDATE orders SET {assignments}, hidden = ? WHERE id = ?",  # noqa: S608 - column names of this file
                (*_order_columns(changed), hidden, order.id),
            )
            self._lists.forget()
        return changed

    def _numbered(self, drafts: Sequence[Draft], first_id: int) -> list[Order]:
        now = self._clock.microseconds()
        return [
            Order(**vars(draft), id=id, transitioned_at=draft.created_at, updated_at=draft.created_at, stored_at=now)
            for id, draft in enumerate(drafts, start=first_id)
        ]

    def _take_references(self, orders: Sequence[Order], *, unique: bool) -> None:
        taken = [(order.partner, order.reference, order.id) for order in orders if order.reference is not None]
        with self.store.transaction() as db:
            try:
                db.executemany(
                    "INSERT INTO order_references VALUES (?, ?, ?)"
                    if unique
                    else "INSERT OR IGNORE INTO order_references VALUES (?, ?, ?)",
                    taken,
                )
            except sqlite3.IntegrityError as error:
                raise ReferenceTaken from error

    def _move(self, movements: Sequence[Movement]) -> None:
        """Append movements and bring the holdings up to date, reading each holding once."""
        now = self._clock.microseconds()
        after: dict[tuple[str, str, str], Decimal] = {}
        rows = []
        for movement in movements:
            key = (movement.partner, movement.client, movement.asset)
            before = after[key] if key in after else self._held_before(key)
            after[key] = EXACT.add(before, movement.change)
            rows.append((movement.order_id, *key, str(movement.change), str(after[key]), now, movement.cause))
        with self.store.transaction() as db:
            db.executemany(
                "INSERT INTO movements (order_id, partner, client, asset, change, balance_after, at, cause)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            db.executemany(
                "INSERT INTO holdings VALUES (?, ?, ?, ?, '0') ON CONFLICT DO UPDATE SET balance = excluded.balance",
                [(*key, str(balance)) for key, balance in after.items()],
            )

    def _held_before(self, key: tuple[str, str, str]) -> Decimal:
        with self.store.reading() as db:
            row = db.execute(
                "SELECT balance FROM holdings WHERE partner = ? AND client = ? AND asset = ?", key
            ).fetchone()
        return Decimal(row["balance"]) if row else Decimal(0)


def _movements(order: Order, cause: str) -> list[Movement]:
    return [Movement(order.partner, order.client, asset, change, cause, order.id) for asset, change in order.effects()]


def _order_columns(order: Order) -> list[Any]:
    return [getattr(order, name) for name in _ORDER_COLUMNS]


def _order(row: sqlite3.Row) -> Order:
    return Order(**dict(zip(_ORDER_COLUMNS, row, strict=True)))

"""Bitnob's books: transactions and the accounts they add up to."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from backoffice.sandbox.bitnob.cursors import Cursor
from backoffice.sandbox.bitnob.records import MOVES, Account, Transaction
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.store import Store

# The amounts are texts: with 18 decimals they outgrow the 64 bits of an INTEGER.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS transactions (
    transaction_id TEXT PRIMARY KEY, account_number TEXT NOT NULL, currency TEXT NOT NULL, type TEXT NOT NULL,
    state TEXT NOT NULL, amount TEXT NOT NULL, fee TEXT NOT NULL, reference TEXT NOT NULL,
    idempotency_key TEXT NOT NULL, trade_id TEXT, metadata TEXT NOT NULL, side TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (created_at, transaction_id);
CREATE INDEX IF NOT EXISTS transactions_by_reference ON transactions (reference);
CREATE TABLE IF NOT EXISTS accounts (
    account_id TEXT PRIMARY KEY, currency TEXT NOT NULL UNIQUE, opening TEXT NOT NULL, created_at INTEGER NOT NULL
);
"""


class IllegalMove(Exception):
    """A transaction cannot go from the state it is in to the one asked for."""


@dataclass(frozen=True)
class TransactionFilter:
    """Which transactions are wanted: direction (`credit` or `debit`), states, currency."""

    direction: str | None = None
    states: tuple[str, ...] = ()
    currency: str | None = None

    def conditions(self) -> tuple[list[str], list[str | int]]:
        conditions: list[str] = []
        wanted: list[str | int] = []
        if self.direction is not None:
            conditions.append("amount NOT LIKE '-%'" if self.direction == "credit" else "amount LIKE '-%'")
        if self.states:
            conditions.append(f"state IN ({', '.join('?' * len(self.states))})")
            wanted.extend(self.states)
        if self.currency is not None:
            conditions.append("currency = ?")
            wanted.append(self.currency)
        return conditions, wanted


@dataclass(frozen=True)
class Page:
    """Rows newest first, how many the filter finds in all, and what lies on either side."""

    rows: list[Transaction]
    total: int
    has_older: bool
    has_newer: bool


class BitnobLedger:
    """Transactions by time, by id and by reference; balances out of what they add up to."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        store.create(_SCHEMA)

    def open_account(self, *, account_id: str, currency: str, opening: int, created_at: int) -> None:
        """Open the account of a currency with what it holds before any transaction, in the smallest unit."""
        with self._store.transaction() as db:
            db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?)", (account_id, currency, str(opening), created_at))

    def add(self, transactions: Sequence[Transaction]) -> None:
        """Store transactions, all or none; a currency without an account gets one.

        :raises sqlite3.IntegrityError: for a transaction id already in use.
        """
        with self._store.transaction() as db:
            db.executemany(
                "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_columns(transaction) for transaction in transactions],
            )
            db.executemany(
                "INSERT OR IGNORE INTO accounts VALUES (?, ?, '0', ?)",
                [(str(uuid.uuid4()), row.currency, row.created_at) for row in transactions],
            )

    def transaction(self, wanted: str) -> Transaction | None:
        """Return the transaction with this id, else the newest with this reference (assumption B8)."""
        with self._store.reading() as db:
            row = (
                db.execute("SELECT * FROM transactions WHERE transaction_id = ?", (wanted.lower(),)).fetchone()
                or db.execute(
                    "SELECT * FROM transactions WHERE reference = ? ORDER BY created_at DESC, transaction_id DESC",
                    (wanted,),
                ).fetchone()
            )
        return _transaction(row) if row else None

    def all(self) -> list[Transaction]:
        """Return every transaction, oldest first."""
        with self._store.reading() as db:
            return [
                _transaction(row)
                for row in db.execute("SELECT * FROM transactions ORDER BY created_at, transaction_id")
            ]

    def page(self, wanted: TransactionFilter, cursor: Cursor | None, limit: int) -> Page:
        """Return the rows next to the cursor, or the newest."""
        conditions, parameters = wanted.conditions()
        with self._store.reading() as db:
            total = db.execute(_select("count(*)", conditions), parameters).fetchone()[0]
            order = "created_at, transaction_id" if cursor and cursor.ascending else _NEWEST_FIRST
            near, position = _beyond(cursor)
            sql = f"{_select('*', conditions + near)} ORDER BY {order} LIMIT ?"
            found = [_transaction(row) for row in db.execute(sql, (*parameters, *position, limit + 1))]
        rows, goes_on = found[:limit], len(found) > limit
        if cursor and cursor.ascending:
            return Page(rows[::-1], total, has_older=bool(rows), has_newer=goes_on)
        return Page(rows, total, has_older=goes_on, has_newer=cursor is not None)

    def move(self, transaction: Transaction, state: str, *, with_reversal: bool = True) -> list[Transaction]:
        """Put a transaction into another state; a reversal adds the row that takes the money back.

        :raises IllegalMove: for a move the partner does not make.
        """
        if state not in MOVES[transaction.state]:
            raise IllegalMove(f"{transaction.transaction_id} is {transaction.state} and cannot become {state}.")
        now = self._clock.microseconds()
        moved = replace(transaction, state=state, updated_at=now)
        with self._store.transaction() as db:
            db.execute(
                "UPDATE transactions SET state = ?, updated_at = ? WHERE transaction_id = ?",
                (state, now, transaction.transaction_id),
            )
            if state != "REVERSED" or not with_reversal:
                return [moved]
            reversal = reversal_of(moved, transaction_id=str(uuid.uuid4()), at=now)
            self.add([reversal])
        return [moved, reversal]

    def accounts(self) -> list[Account]:
        """Return every account, by currency."""
        with self._store.reading() as db:
            rows = db.execute("SELECT * FROM accounts ORDER BY currency").fetchall()
            ledger = {row["currency"]: int(row["opening"]) for row in rows}
            held = dict.fromkeys(ledger, 0)
            for transaction in self.all():
                held[transaction.currency] += transaction.hold
                if transaction.is_booked:
                    ledger[transaction.currency] += transaction.amount - transaction.fee
        return [
            Account(
                account_id=row["account_id"],
                currency=row["currency"],
                ledger=ledger[row["currency"]],
                held=held[row["currency"]],
                created_at=row["created_at"],
            )
            for row in rows
        ]


def reversal_of(transaction: Transaction, *, transaction_id: str, at: int) -> Transaction:
    """Return the row that takes a settled transaction back, its fee included, under the same reference."""
    return Transaction(
        transaction_id=transaction_id,
        currency=transaction.currency,
        type="REVERSAL",
        state="SETTLED",
        amount=transaction.fee - transaction.amount,
        reference=transaction.reference,
        trade_id=transaction.trade_id,
        metadata={"reversed_transaction_id": transaction.transaction_id},
        created_at=at,
        updated_at=at,
    )


_NEWEST_FIRST: Final = "created_at DESC, transaction_id DESC"


def _beyond(cursor: Cursor | None) -> tuple[list[str], list[str | int]]:
    if cursor is None:
        return [], []
    comparison = ">" if cursor.ascending else "<"
    return [f"(created_at, transaction_id) {comparison} (?, ?)"], [cursor.created_at, cursor.transaction_id]


def _select(columns: str, conditions: list[str]) -> str:
    where = " AND ".join(conditions) or "true"
    return f"SELECT {columns} FROM transactions WHERE {where}"  # noqa: S608 - constant parts, values are bound


def _columns(row: Transaction) -> tuple[str | int | None, ...]:
    return (
        row.transaction_id,
        row.account_number,
        row.currency,
        row.type,
        row.state,
        str(row.amount),
        str(row.fee),
        row.reference,
        row.idempotency_key,
        row.trade_id,
        json.dumps(row.metadata),
        row.side,
        row.created_at,
        row.updated_at,
    )


def _transaction(row: sqlite3.Row) -> Transaction:
    content = dict(row)
    return Transaction(
        **{
            **content,
            "amount": int(content["amount"]),
            "fee": int(content["fee"]),
            "metadata": json.loads(content["metadata"]),
        }
    )

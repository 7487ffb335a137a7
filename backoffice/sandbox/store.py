"""The sandbox's state: one SQLite file, one connection, one lock, so that operations apply one after another."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final

# A killed sandbox loses nothing it answered; only a crash of the machine could, and then the demo starts over.
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = OFF", "cache_size = -65536", "temp_store = MEMORY")


class Store:
    """One SQLite file in WAL mode; `:memory:` when nothing has to outlive the process."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = RLock()
        self._depth = 0
        # Autocommit: transactions are begun and ended here and nowhere else.
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            self.connection.execute(f"PRAGMA {pragma}")

    def create(self, schema: str) -> None:
        """Create the tables and indexes of `schema` that are not there yet, within a transaction if one is open."""
        with self.transaction() as db:
            for statement in schema.split(";"):
                db.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock, so that what is read is not half of somebody's change."""
        with self._lock:
            yield self.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and commit at the end, or roll everything back; one inside another joins it."""
        with self._lock:
            if self._depth:
                yield self.connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            else:
                self.connection.execute("COMMIT")
            finally:
                self._depth = 0

    def is_fresh(self) -> bool:
        """Tell whether no history was ever written here; asking marks the file as used."""
        with self.transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute("PRAGMA user_version = 1")
        return bool(version == 0)

    def wipe(self) -> None:
        """Drop every table."""
        with self.transaction() as db:
            names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                db.execute(f"DROP TABLE {name}")

    def close(self) -> None:
        with self._lock:
            self.connection.close()

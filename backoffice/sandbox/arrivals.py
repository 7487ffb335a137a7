"""The log of requests that want something changed: what arrived, when, and what was answered.

It is written before anything is checked or applied, because it proves what a caller sent, not what became of it.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.faults.rules import client_of, reference_of
from backoffice.sandbox.messages import Json, Reply, Request
from backoffice.sandbox.store import Store

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS arrivals (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, reference TEXT, client TEXT,
    body_digest TEXT NOT NULL, overlapping INTEGER NOT NULL, status INTEGER, delivery TEXT, landed_status INTEGER
);
CREATE INDEX IF NOT EXISTS arrivals_by_reference ON arrivals (reference);
"""


@dataclass(frozen=True)
class Arrival:
    """A POST or PUT as it came in. `overlapping` counts others with its reference still being answered."""

    id: int
    at: int
    method: str
    path: str
    reference: str | None
    client: str | None
    body_digest: str
    overlapping: int


class ArrivalLog:
    """Every POST and PUT in a table, every request in a counter by method and path."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = Lock()
        self._in_flight: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        store.create(_SCHEMA)

    def begin(self, request: Request) -> Arrival | None:
        """Note a request; only one that wants a change is an arrival."""
        with self._lock:
            self._requests[f"{request.method} {request.path}"] += 1
        return self._write(request) if request.method in ("POST", "PUT") else None

    def finish(self, arrival: Arrival, reply: Reply) -> None:
        """Note what was answered, or how the answer was lost."""
        self._leave(arrival.reference)
        with self._store.transaction() as db:
            outcome = (reply.status or None, reply.delivery, arrival.id)
            db.execute("UPDATE arrivals SET status = ?, delivery = ? WHERE id = ?", outcome)

    def land(self, arrival: Arrival, reply: Reply) -> None:
        """Note what became of a request that landed after its connection was closed."""
        with self._store.transaction() as db:
            db.execute("UPDATE arrivals SET landed_status = ? WHERE id = ?", (reply.status, arrival.id))

    def as_json(self, reference: str | None = None) -> Json:
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT * FROM arrivals WHERE :wanted IS NULL OR reference = :wanted ORDER BY id", {"wanted": reference}
            )
            return [dict(row) for row in rows]

    def requests(self) -> dict[str, int]:
        """Return how often each method and path was asked for."""
        with self._lock:
            return dict(self._requests)

    def _write(self, request: Request) -> Arrival:
        reference = _storable(reference_of(request))
        arrival = Arrival(
            id=0,
            at=self._clock.microseconds(),
            method=request.method,
            path=request.path,
            reference=reference,
            client=_storable(client_of(request)),
            body_digest=hashlib.sha256(request.body).hexdigest(),
            overlapping=self._enter(reference),
        )
        with self._store.transaction() as db:
            row = db.execute(
                "INSERT INTO arrivals (at, method, path, reference, client, body_digest, overlapping)"
                " VALUES (:at, :method, :path, :reference, :client, :body_digest, :overlapping) RETURNING id",
                vars(arrival),
            ).fetchone()
        return replace(arrival, id=row["id"])

    def _enter(self, reference: str | None) -> int:
        """Count a request in and return how many with its reference are still being answered."""
        if reference is None:
            return 0
        with self._lock:
            self._in_flight[reference] += 1
            return self._in_flight[reference] - 1

    def _leave(self, reference: str | None) -> None:
        if reference is not None:
            with self._lock:
                self._in_flight[reference] -= 1


def _storable(text: str | None) -> str | None:
    """Return text SQLite can hold: a lone surrogate becomes its escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()

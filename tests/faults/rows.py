"""What stands in our database, for the rig to go by: raw SQL over a connection of its own, past Django and the product.

A reading of the operations holds for as long as the product runs no statement, however much time passes meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from backoffice.database import embedded
from tests.faults.virtual import NANOSECONDS, VirtualClock

IN_DOUBT: Final = ("unknown", "review")
#: Leases and plans reach minutes ahead. One beyond was written while the clock ran ahead, and is due.
DATED_AHEAD: Final = timedelta(minutes=10)
UNSETTLED: Final = frozenset({"approved", "submitting", "unknown"})


@dataclass
class Rows:
    """``statements`` counts what the product has asked its database; ``operations`` are those of this schedule, by id
    and with their references."""

    database: psycopg.Connection[dict[str, Any]]
    clock: VirtualClock
    statements: Callable[[], int]
    operations: dict[int, str] = field(default_factory=dict)
    _read: dict[int, dict[str, Any]] = field(default_factory=dict)
    _read_after: tuple[int, int] = (-1, -1)
    _last_bell: int = 0
    _bells_heard_after: int = -1
    _last_move: int = 0

    def reconnected(self, database: psycopg.Connection[dict[str, Any]]) -> None:
        """Go on with another database, of which nothing was read."""
        self.database = database
        self.forget()

    def forget(self) -> None:
        """Begin anew: the operations are others, and bells that nobody heard are not heard any more."""
        self._read_after, self._bells_heard_after = (-1, -1), -1
        row = self.database.execute("SELECT coalesce(max(id), 0) AS id FROM procrastinate_jobs").fetchone()
        self._last_bell = int(row["id"]) if row else 0

    # Operations -------------------------------------------------------------------------------------------------------

    def states(self) -> dict[int, str]:
        """Return the state of each operation of this schedule."""
        return {operation_id: row["state"] for operation_id, row in self._now().items()}

    def without_completion(self) -> list[str]:
        """Return the references of this schedule's operations that are not completed."""
        return [self.operations[one] for one, state in self.states().items() if state != "completed"]

    def is_anything_due(self, since_seconds: float = 0) -> bool:
        """Tell whether a sweep could find anything that has been due for so long; if not, the rig spares itself it."""
        now = self.clock.now()
        due = now - timedelta(seconds=since_seconds)
        return any(_is_due(row, due, now) for row in self._now().values())

    def is_settled(self) -> bool:
        """Tell whether no operation of this schedule is under way, in doubt or waiting to be sent."""
        return UNSETTLED.isdisjoint(self.states().values())

    def quarantine_ends(self, seconds: float) -> int:
        """Return, in true nanoseconds, so many seconds after the last attempt of this schedule was claimed."""
        claimed = [row["claimed"] for row in self._now().values() if row["claimed"] is not None]
        return round((float(max(claimed)) + seconds) * NANOSECONDS) if claimed else 0

    def _now(self) -> dict[int, dict[str, Any]]:
        after = (self.statements(), len(self.operations))
        if after != self._read_after:
            rows = self.database.execute(_OPERATIONS, (list(self.operations),)).fetchall()
            self._read, self._read_after = {row["id"]: row for row in rows}, after
        return self._read

    # The rest ---------------------------------------------------------------------------------------------------------

    def is_halted(self) -> bool:
        row = self.database.execute("SELECT halted_at FROM funding_gate").fetchone()
        return row is not None and row["halted_at"] is not None

    def hear_bells(self) -> list[tuple[str, int, int]]:
        """Return the bells rung since the last time: task, operation, and when they are due in true nanoseconds."""
        if self.statements() == self._bells_heard_after:
            return []
        self._bells_heard_after = self.statements()
        rows = self.database.execute(_BELLS, (self._last_bell,)).fetchall()
        self._last_bell = max([self._last_bell, *(row["id"] for row in rows)])
        return [
            (row["task_name"], row["args"]["operation_id"], round(float(row["due"] or 0) * NANOSECONDS))
            for row in rows
            if row["args"].get("operation_id") in self.operations
        ]

    def new_moves(self) -> list[dict[str, Any]]:
        """Return the changes of states since the last time."""
        moves = self.database.execute(_MOVES, (self._last_move,)).fetchall()
        self._last_move = max([self._last_move, *(move["id"] for move in moves)])
        return moves

    def log_moves(self) -> None:
        """Have the database itself log every state and every audit entry of an operation, with its transaction."""
        for statement in _LOG_MOVES.split(";;"):
            self.database.execute(statement)


def raw_connection(server: embedded.Embedded, name: str) -> psycopg.Connection[dict[str, Any]]:
    """Connect as the owner, past Django and the product."""
    host = str(server.server.get_postmaster_info().socket_dir)
    return psycopg.connect(host=host, dbname=name, user=embedded.OWNER, autocommit=True, row_factory=dict_row)


def _is_due(row: dict[str, Any], due: datetime, now: datetime) -> bool:
    state, look, until = row["state"], row["next_lookup_at"], row["valid_until"]
    dated_ahead = now + DATED_AHEAD
    if state == "submitting":
        return row["lease_until"] is not None and not now < row["lease_until"] <= dated_ahead
    if state in IN_DOUBT:
        return look is not None and not due < look <= dated_ahead
    return state == "approved" or (state == "pending_approval" and until is not None and until <= now)


_OPERATIONS: Final = """
    SELECT id, state, lease_until, next_lookup_at, valid_until,
        (SELECT extract(epoch FROM max(claimed_at)) FROM funding_attempt a WHERE a.operation_id = o.id) AS claimed
    FROM funding_operation o WHERE id = ANY(%s)
"""
_BELLS: Final = """
    SELECT id, task_name, args, extract(epoch FROM scheduled_at) AS due FROM procrastinate_jobs
    WHERE id > %s ORDER BY id
"""
_MOVES: Final = "SELECT * FROM rig_moves WHERE id > %s AND kind = 'state' ORDER BY id"

#: A log of the rig's own: what changed, and which transaction did it. The product neither writes nor reads it.
_LOG_MOVES: Final = """
CREATE TABLE rig_moves (
    id bigserial PRIMARY KEY, transaction xid8 NOT NULL DEFAULT pg_current_xact_id(), kind text NOT NULL,
    reference text NOT NULL, before text, after text
);;
CREATE INDEX ON rig_moves (reference);;
CREATE FUNCTION rig_state_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO rig_moves (kind, reference, before, after) VALUES ('state', NEW.reference, NULL, NEW.state);
    ELSIF OLD.state IS DISTINCT FROM NEW.state THEN
        INSERT INTO rig_moves (kind, reference, before, after) VALUES ('state', NEW.reference, OLD.state, NEW.state);
    END IF;
    RETURN NULL;
END $$;;
CREATE FUNCTION rig_entry_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO rig_moves (kind, reference, before, after)
    VALUES ('entry', NEW.object_id, NEW.before ->> 'state', NEW.after ->> 'state');
    RETURN NULL;
END $$;;
CREATE TRIGGER rig_state_moved AFTER INSERT OR UPDATE OF state ON funding_operation
    FOR EACH ROW EXECUTE FUNCTION rig_state_moved();;
CREATE TRIGGER rig_entry_written AFTER INSERT ON audit_entry
    FOR EACH ROW WHEN (NEW.object_type = 'operation' AND NEW.after ? 'state' AND NEW.event NOT LIKE 'late_order.%')
    EXECUTE FUNCTION rig_entry_written()
"""

"""What goes wrong on our own side: processes killed or stalled at a crash point, and a database that fails.

The database's errors are the server's own: the statement that fails is replaced by one that raises that very error, so
the transaction is as dead as it would be.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest.mock import patch

from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from backoffice.failpoints import Failpoint
from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.faults.rules import reference_of
from backoffice.sandbox.messages import Request
from tests.faults.killed import Killed
from tests.faults.virtual import VirtualClock

#: What a statement can fail with, by SQLSTATE.
STATEMENT_ERRORS: Final = {
    "deadlock": "40P01",
    "lock_timeout": "55P03",
    "statement_timeout": "57014",
    "disk_full": "53100",
    "read_only": "25006",
}
_TERMINATE: Final = "SELECT pg_terminate_backend(pg_backend_pid())"


@dataclass
class Crash:
    """Ends, or holds up, whoever passes ``point`` for the ``nth`` time from when it was armed."""

    point: Failpoint
    nth: int
    stall_seconds: float | None = None
    lands_after_seconds: float = 0.0
    passes: int = 0
    is_spent: bool = False


@dataclass
class DatabaseFault:
    """Strikes the ``nth`` statement, or the ``nth`` commit, from when it was armed."""

    name: str
    how: str
    nth: int
    only: str = ""
    passes: int = 0
    is_spent: bool = False

    @property
    def is_for_commits(self) -> bool:
        return self.how.startswith("commit")


@dataclass
class Damage:
    """Everything armed on our side. ``fired`` counts, by row of the fault table; ``statements``, what the product has
    asked its database."""

    clock: VirtualClock
    sandbox: Sandbox
    crashes: list[Crash] = field(default_factory=list)
    database_faults: list[DatabaseFault] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    fired_in_database: int = 0
    statements: int = 0
    is_acting: Callable[[], bool] = lambda: True

    def clear(self) -> None:
        self.crashes.clear()
        self.database_faults.clear()
        self.fired.clear()

    # Crash points -----------------------------------------------------------------------------------------------------

    def kill_at(self, point: Failpoint, nth: int = 1, *, lands_after_seconds: float = 0.0) -> None:
        """Kill whoever passes ``point``; at C7 the request lands so many seconds later."""
        self.crashes.append(Crash(point, nth, lands_after_seconds=lands_after_seconds))

    def stall_at(self, point: Failpoint, seconds: float, nth: int = 1) -> None:
        """Hold up whoever passes ``point``, as a suspended machine does."""
        self.crashes.append(Crash(point, nth, stall_seconds=seconds))

    def reached(self, point: Failpoint) -> None:
        """Stand in for `failpoints.reached`."""
        for crash in self.crashes:
            if crash.point is point and not crash.is_spent:
                crash.passes += 1
                if crash.passes >= crash.nth:
                    crash.is_spent = True
                    self._strike(crash)

    def _strike(self, crash: Crash) -> None:
        if crash.stall_seconds is not None:
            self.fired[f"stall {crash.point}"] += 1
            self.clock.sleep(crash.stall_seconds)
            return
        self.fired[f"F1 {crash.point}"] += 1
        raise Killed(crash.point)

    def before_handing_in(self, request: Request) -> None:
        """Have a request whose sender is about to die at C7 wait at the partner's door."""
        for crash in self.crashes:
            if crash.point is Failpoint.C7 and not crash.is_spent and crash.passes + 1 >= crash.nth:
                match = {"method": "POST", "reference": reference_of(request)}
                action = {"kind": "land_late", "seconds": crash.lands_after_seconds}
                self.sandbox.faults.add({"match": match, "action": action})

    # The database -----------------------------------------------------------------------------------------------------

    def fail_database(self, name: str, how: str, nth: int, *, only: str = "") -> None:
        """Fail a statement (a key of `STATEMENT_ERRORS`, or ``terminated``) or a commit (``commit_lost``: it went
        through and nobody was told; ``commit_failed``). ``only``: count statements that begin so."""
        self.database_faults.append(DatabaseFault(name, how, nth, only))

    @contextmanager
    def in_database(self) -> Iterator[None]:
        """Stand between Django and the driver."""
        with (
            connection.execute_wrapper(self._execute),
            patch.object(BaseDatabaseWrapper, "_commit", self._committing()),
        ):
            yield

    def _due(self, *, is_commit: bool, sql: object = "") -> DatabaseFault | None:
        if not self.database_faults or not self.is_acting():
            return None
        for fault in self.database_faults:
            if fault.is_for_commits is is_commit and not fault.is_spent and str(sql).startswith(fault.only):
                fault.passes += 1
                if fault.passes >= fault.nth:
                    fault.is_spent = True
                    self.fired[fault.name] += 1
                    self.fired_in_database += 1
                    return fault
        return None

    def _execute(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        fault = self._due(is_commit=False, sql=sql)
        if fault is None:
            return execute(sql, params, many, context)
        if fault.how == "terminated":
            return execute(_TERMINATE, None, False, context)
        code = STATEMENT_ERRORS[fault.how]
        return execute(
            f"DO $$ BEGIN RAISE EXCEPTION 'by the rig' USING ERRCODE = '{code}'; END $$", None, False, context
        )

    def _committing(self) -> Callable[[BaseDatabaseWrapper], Any]:
        commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

        def _commit(wrapper: BaseDatabaseWrapper) -> Any:
            fault = self._due(is_commit=True)
            if fault is None:
                return commit(wrapper)
            if fault.how == "commit_lost":
                commit(wrapper)
            wrapper.connection.close()
            raise OperationalError("the connection was lost during COMMIT")

        return _commit

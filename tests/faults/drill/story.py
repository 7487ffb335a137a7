"""The drill: a day's work, a lost machine, its restore, and what two people do after it.

What is asked in the end shares no code with the product where money is counted (`tests/faults/processes/counting.py`).
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import Max

from backoffice.approvals.models import Request
from backoffice.approvals.states import RequestState
from backoffice.audit.models import Entry
from backoffice.database import clock
from backoffice.funding.freezing import freezes
from backoffice.funding.freezing.release_conditions import why_not_released
from backoffice.funding.models import Freeze, Kind, Operation
from backoffice.funding.states import TERMINAL_STATES, State
from backoffice.reconciliation.models import ExceptionItem, Verdict
from tests.approving import approve, ask_for_release
from tests.faults.drill.archived import SWITCHES_AFTER_SECONDS, ArchivedServer
from tests.faults.processes.counting import Row
from tests.faults.processes.world import World

WORKERS: Final = 2
PAYMENTS_A_SECOND: Final = 2
ATTENDED: Final = 0.8
#: The loss waits until so much of the log is nowhere but on the disk that is lost.
WORST_AFTER_SECONDS: Final = SWITCHES_AFTER_SECONDS * 3 / 4
SENDING_IS_ILL: Final = 20
SETTLES_WITHIN_SECONDS: Final = 3900
COMMANDS: Final = 3


@dataclass
class Drill:
    """One drill, its times and what is wrong; nothing wrong is an empty list."""

    place: World
    server: ArchivedServer
    tell: Callable[[str], None]
    took: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    counted: dict[str, Any] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    working: list[int] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Work for so long, three quarters of it after the backup, lose everything at a bad moment, and come back."""
        self._start_workers("before")
        self._work(seconds / 4)
        backup = self.server.back_up()
        self._work(seconds * 3 / 4)
        while self.server.unarchived_seconds() < WORST_AFTER_SECONDS:
            self._work(1)
        lost_at = self._lose()
        began = time.monotonic()
        self._put_back(backup, lost_at)
        lock = self._read_what_was_done()
        self._release(lock)
        self.took["until payments leave again"] = round(time.monotonic() - began)
        self._settle()
        self._count()

    # The day ---------------------------------------------------------------------------------------------------------

    def _start_workers(self, name: str) -> None:
        self.working = [self.place.fork("worker", name=f"{name} {number}") for number in range(WORKERS)]

    def _work(self, seconds: float) -> None:
        """Ask for payments, and approve most of what waits; one in some meets trouble at the partner."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            kind = self.place.random.choice((Kind.DEPOSIT, Kind.WITHDRAWAL))
            operation = self.place.submit(self.place.form(kind))
            if operation.state == State.PENDING_APPROVAL and self.place.random.random() < ATTENDED:
                self.place.approve(operation.reference)
                self.approved.add(operation.reference)
            time.sleep(1 / PAYMENTS_A_SECOND)

    # The loss and the way back ---------------------------------------------------------------------------------------

    def _lose(self) -> datetime:
        """Lose workers, server and disk at one moment, and return it."""
        there = Operation.objects.count()
        at = clock.now()
        for pid in self.working:
            self.place.stable.signal(pid, SIGKILL)
            self.place.end_of(pid, seconds=10)
        self.server.lose()
        connections.close_all()
        self.counted["operations before"] = there
        self.tell(f"Lost workers, server and disk with {there:,} operations.")
        return at

    def _put_back(self, backup: Path, lost_at: datetime) -> None:
        began = time.monotonic()
        self.server.put_back(backup)
        self.took["until the database is back"] = round(time.monotonic() - began, 1)
        newest = Entry.objects.aggregate(at=Max("at"))["at"]
        self.took["of work lost"] = round((lost_at - newest).total_seconds(), 1)
        self.counted["operations restored"] = Operation.objects.count()
        self.tell(f"Put back to {newest:%H:%M:%S}: {self.counted['operations restored']:,} operations.")

    def _read_what_was_done(self) -> Freeze:
        """Run the command, again where it asks for it, and see that everything is frozen."""
        began = time.monotonic()
        arrived = len(self._requests())
        for _ in range(COMMANDS):
            told = StringIO()
            with suppress(CommandError):
                call_command("after_restore", stdout=told)
                break
        else:
            self.wrong.append("the reading after the restore was not complete")
        self.took["until everything is read"] = round(time.monotonic() - began)
        self.tell(told.getvalue())
        if _exit_code_of("doctor", "sending") != SENDING_IS_ILL:
            self.wrong.append("doctor did not say that sending is locked")
        self._start_workers("after")
        lock = freezes.locks_after_restore().get()
        patience = time.monotonic() + SETTLES_WITHIN_SECONDS
        while (why := why_not_released(lock)) and time.monotonic() < patience:
            time.sleep(1)
        self.took["until it can be released"] = round(time.monotonic() - began)
        if why:
            self.wrong.append(f"the lock cannot be released: {why}")
        if len(self._requests()) != arrived:
            self.wrong.append("something was sent while everything was frozen")
        return lock

    def _release(self, lock: Freeze) -> None:
        """Ask for the release as Maya and approve it as Omar."""
        approve(ask_for_release(lock, by=self.place.maya, reason="Everything is read."), by=self.place.omar)
        self.tell("Two people released the lock.")

    def _settle(self) -> None:
        """Approve what waits again, and wait until nothing is under way."""
        began = time.monotonic()
        patience = began + SETTLES_WITHIN_SECONDS
        under_way = Operation.objects.exclude(state__in=[*TERMINAL_STATES, State.PENDING_APPROVAL, State.REVIEW])
        while (waiting := self._waiting()) or under_way.exists():
            for reference in waiting:
                self.place.approve(reference)
            if time.monotonic() > patience:
                break  # what is still open is counted as stuck
            time.sleep(1)
        self.took["until the last payment has ended"] = round(time.monotonic() - began)

    def _waiting(self) -> list[str]:
        waiting = Request.objects.filter(state=RequestState.WAITING, subject__in=Operation.objects.values("reference"))
        return list(waiting.values_list("subject", flat=True))

    # What became of it -----------------------------------------------------------------------------------------------

    def _requests(self) -> list[Row]:
        return [one for one in self.place.partners.ledger()["arrivals"] if one["method"] == "POST"]

    def _count(self) -> None:
        ledger = self.place.partners.ledger()
        ours = set(Operation.objects.values_list("reference", flat=True))
        asked = {one["reference"] for one in ledger["arrivals"] if one["method"] == "POST" and one["reference"]}
        orders = [one for one in ledger["orders"] if one["partner_order_ref"] in asked | ours]
        gone = [one for one in orders if one["partner_order_ref"] not in ours]
        times = Counter(one["partner_order_ref"] for one in orders)
        self.wrong += [f"{reference} has {number} orders" for reference, number in times.items() if number > 1]
        self.wrong += self._found(ours, gone)
        self.wrong += self._unseen(gone)
        self.counted |= {
            "orders at the partner": len(orders),
            "of these lost here, and found as extra": len(gone),
            "doubled": sum(number > 1 for number in times.values()),
            "states": dict(Counter(Operation.objects.values_list("state", flat=True))),
        }
        if code := _exit_code_of("verify_audit", tell=self.tell):
            self.wrong.append(f"verify_audit ended with {code}")

    def _found(self, ours: set[str], gone: list[Row]) -> Iterator[str]:
        """Count as after a kill, but for what a restore takes away: rows that are gone, and approvals of before it."""
        paid = defaultdict[str, Decimal](Decimal)
        for one in gone:
            if one["status"] == "completed":
                paid[one["partner_client_id"]] += Decimal(one["debit"] or 0) - Decimal(one["credit"] or 0)
        found = self.place.count(paid)
        for sentence in found.all:
            reference = sentence.split()[0]
            is_gone = reference not in ours and sentence.endswith("arrived and is not ours")
            was_approved = reference in self.approved and sentence.endswith("nobody else had approved it")
            if not is_gone and not was_approved:
                yield sentence

    def _unseen(self, gone: list[Row]) -> Iterator[str]:
        """Name what was paid and stands in no list of what people have to look at."""
        extra = ExceptionItem.objects.filter(verdict=Verdict.EXTRA_AT_PARTNER)
        told_of = set(extra.values_list("order_id", flat=True))
        for one in gone:
            if one["id"] not in told_of:
                yield f"{one['partner_order_ref']} was paid, and nobody is told"


def _exit_code_of(command: str, *arguments: str, tell: Callable[[str], None] | None = None) -> int:
    """Run one of the product's commands and return what a shell would see of it."""
    told = StringIO()
    try:
        call_command(command, *arguments, stdout=told)
        return 0
    except SystemExit as end:
        return int(end.code or 0)
    except CommandError as trouble:
        told.write(str(trouble))
        return trouble.returncode
    finally:
        if tell is not None:
            tell(told.getvalue())

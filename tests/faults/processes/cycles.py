"""Kill real processes, one after the other, while others go on, until so many were killed; then let all come to rest.

One cycle is one process ended by SIGKILL, at a failpoint or at any moment, and what it leaves behind picked up by the
others. Cycles overlap, so a resolver is killed over what an earlier victim left: kills during recovery need no case of
their own.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

from django.db import OperationalError, connection, transaction

from backoffice.database import clock
from backoffice.funding.models import Kind, Operation
from backoffice.funding.states import TERMINAL_STATES, State
from backoffice.mirror.runs import AlreadyRunning
from backoffice.orders.services import sync_orders
from tests.faults.processes.counting import Findings
from tests.faults.processes.quick import LEASE_SECONDS, QUARANTINE_SECONDS
from tests.faults.processes.world import World
from tests.faults.processes.zygote import TRY_AGAIN

AT_ONCE: Final = 3
#: So many workers are killed for each web process; these die at once, the workers come to their points by and by.
WORKERS_PER_WEB: Final = 3
OPEN_AT_ONCE: Final = 20
TICK_SECONDS: Final = 0.05
#: A victim that has not come to its point by now is killed where it is; the next ones get a little longer each time,
#: so that a slow machine comes to every point as well.
PATIENCE_SECONDS: Final = 3.0
LONGEST_PATIENCE_SECONDS: Final = 15.0
MORE_PATIENCE: Final = 1.25
#: So many times the cycles that were asked for, at most, where some end has not come about yet.
LONGEST_RUN: Final = 4
REST_SECONDS: Final = 300.0
#: Processes that crash by themselves will do so for ever: after so many the run ends, and says it of each.
MOST_CRASHES: Final = 10
#: Plain workers end by themselves after SIGTERM within the deadline of a request and a little more.
DRAIN_SECONDS: Final = 15.0
#: The last ones of a run may take their time.
DISMISSAL_SECONDS: Final = 90.0

ANYWHERE: Final = "anywhere"
STOPPED: Final = "stopped"
DRAINED: Final = "C16"
CUT_SHORT: Final = "cut short C16"

#: How the workers end: a deck that is shuffled. ``C16`` is a polite stop that is given its time or cut short;
#: ``stopped`` holds a worker past its lease, lets it go on, and kills it later.
WORKER_ENDS: Final = (
    *("C4:1", "C5:1", "C6:1", "C7:1", "C8:1", "C9:1", "C10:1", "C11:1", "C12:1", "C12:2", ANYWHERE),
    *("C4:2", "C5:2", "C8:2", "C9:2", "C10:2", "C12:3", ANYWHERE, DRAINED, CUT_SHORT),
    *(f"{STOPPED} C5:1", f"{STOPPED} C6:1", f"{STOPPED} C9:1"),
)
APPROVING: Final = ("C2:1", "C3:1")
CONFIRMING: Final = "C14:1"
WEB_ENDS: Final = ("C0:1", "C1:1", *APPROVING, "C13:1", CONFIRMING, "C15:1")


@dataclass
class Victim:
    """A process that is to end in a certain way."""

    pid: int
    name: str
    end: str
    born: float
    form: dict[str, Any] | None = None
    reference: str = ""
    ends_at: float = 0.0
    is_politely_stopped: bool = False

    @property
    def is_worker(self) -> bool:
        return self.form is None and not self.reference

    @property
    def point(self) -> str:
        return self.end.rpartition(" ")[2].partition(":")[0]


@dataclass
class Kill:
    """One process that was ended by SIGKILL; ``at`` by the database's clock."""

    point: str
    name: str
    at: Any
    recovery_seconds: float = 0.0


@dataclass
class Outcome:
    """What a run of cycles came to."""

    kills: list[Kill] = field(default_factory=list)
    drained: int = 0
    held: int = 0
    crashed: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    found: Findings = field(default_factory=Findings)
    rest_seconds: float = 0.0

    @property
    def per_point(self) -> dict[str, int]:
        return dict(sorted(Counter(kill.point for kill in self.kills).items()))

    @property
    def slowest_recovery(self) -> float:
        return max((kill.recovery_seconds for kill in self.kills), default=0.0)

    @property
    def wrong(self) -> list[str]:
        return [*self.crashed, *self.found.all]


class Drive:
    """Keeps a few victims running in a world, and work for them to do."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.outcome = Outcome()
        self.victims: dict[int, Victim] = {}
        self.plain: set[int] = set()
        self._worker_ends = self._shuffled(WORKER_ENDS)
        self._web_ends = self._shuffled(WEB_ENDS)
        self._names = cycle(f"worker {number}" for number in range(10_000))
        self._open = 0
        self._worker_forks = 0
        self._web_forks = 0
        self._missed: list[str] = []
        self._missed_web: list[str] = []
        self._to_do: list[Callable[[], object]] = []
        self._looked = 0.0
        self._patience = PATIENCE_SECONDS

    def run(self, cycles: int, points: frozenset[str] = frozenset()) -> Outcome:
        """Kill so many processes, come to rest, and count; where too many crash by themselves, only count.

        :param points: go on, for four times as many at most, until a process was killed at each of these, one ended
            politely and one was held.
        """
        with connection.cursor() as cursor:
            # A held process keeps its locks; whoever drives it must come back soon to let it go on.
            cursor.execute("SET lock_timeout = '1s'")
        while len(self.outcome.kills) < (LONGEST_RUN * cycles if self._lacks(points) else cycles):
            self._hear_of_ends()
            self._end_those_due()
            self._make_work()
            self._replace()
            self._do_what_is_to_do()
            time.sleep(TICK_SECONDS)
            if len(self.outcome.crashed) >= MOST_CRASHES:
                break
        else:
            self._come_to_rest()
        self._measure()
        return self.outcome

    def _lacks(self, points: frozenset[str]) -> bool:
        """Tell whether an end that was asked for has not come about yet."""
        is_whole = bool(self.outcome.drained and self.outcome.held) or not points
        return bool(points - self.outcome.per_point.keys()) or not is_whole

    def _shuffled(self, ends: tuple[str, ...]) -> Iterator[str]:
        while True:
            yield from self.world.random.sample(ends, len(ends))

    def _next_worker_end(self) -> str:
        """Return one that a victim was given and did not come to, or the next end of the deck, in turn."""
        return self._missed.pop(0) if self._missed and self._worker_forks % 2 else next(self._worker_ends)

    # Work ------------------------------------------------------------------------------------------------------------

    def _make_work(self) -> None:
        if time.monotonic() - self._looked > 0.2:
            self._looked = time.monotonic()
            self._open = _open_operations()
        if self._open < OPEN_AT_ONCE:
            self._open += 1
            self._ask_for_one()

    def _ask_for_one(self) -> None:
        kind = Kind.DEPOSIT if self.world.random.random() < 0.7 else Kind.WITHDRAWAL
        form = self.world.form(kind)
        self._to_do.append(lambda: self._submit(form))

    def _submit(self, form: dict[str, Any]) -> None:
        operation = self.world.submit(form)
        if operation.state == State.PENDING_APPROVAL:
            self.world.approve(operation.reference)

    def _do_what_is_to_do(self) -> None:
        """Do what people do; where a held process keeps a lock, they are told to try again, and do."""
        to_do, self._to_do = self._to_do, []
        for act in to_do:
            try:
                act()
            except OperationalError:
                self._to_do.append(act)

    # Victims ---------------------------------------------------------------------------------------------------------

    def _replace(self) -> None:
        workers = [one for one in self.victims.values() if one.is_worker]
        if sum(not self.world.stable.is_stopped(one.pid) for one in workers) < AT_ONCE:
            self._fork_worker(self._next_worker_end())
        if len(workers) == len(self.victims) and self._web_forks * WORKERS_PER_WEB < self._worker_forks:
            self._web_forks += 1
            end = self._missed_web.pop(0) if self._missed_web else next(self._web_ends)
            self._to_do.append(lambda: self._fork_web(end))

    def _fork_worker(self, end: str) -> None:
        self._worker_forks += 1
        name, fail_at = next(self._names), end.rpartition(" ")[2]
        is_armed = ":" in fail_at
        number = signal.SIGSTOP if end.startswith(STOPPED) else signal.SIGKILL
        pid = self.world.fork("worker", name=name, fail_at=fail_at if is_armed else "", number=int(number))
        patience = self._patience if is_armed else self.world.random.uniform(0.3, PATIENCE_SECONDS)
        self._add(Victim(pid, name, end, time.monotonic(), ends_at=time.monotonic() + patience))

    def _fork_web(self, end: str) -> None:
        """Fork what a web server or a mirror does when it is killed, with what a person needs to do it again."""
        world, form, reference = self.world, None, "orders"
        if end in APPROVING:
            reference = world.submit(world.form(Kind.WITHDRAWAL)).reference
            pid = world.fork("approve", reference=reference, fail_at=end, **{"by": world.omar.pk})
        elif end == CONFIRMING:
            pid = world.fork("confirm_file", file=world.uploaded_file().pk, fail_at=end, **{"by": world.maya.pk})
        elif end == "C15:1":
            pid = world.fork("sync", fail_at=end)
        else:
            form = world.form(copy_of=world.cancelled() if end == "C13:1" else None)
            pid = world.fork("create", fail_at=end, **form)
        ends_at = time.monotonic() + self._patience
        self._add(Victim(pid, end, end, time.monotonic(), form, reference, ends_at))

    def _add(self, victim: Victim) -> None:
        self.victims[victim.pid] = victim

    # Ends ------------------------------------------------------------------------------------------------------------

    def _hear_of_ends(self) -> None:
        for pid, code in self.world.stable.ended().items():
            self.plain.discard(pid)
            victim = self.victims.pop(pid, None)
            if victim is not None:
                self._note(victim, code)
                self._do_again(victim)
            elif code != 0:
                self.outcome.crashed.append(f"a plain worker ended with {code}")

    def _note(self, victim: Victim, code: int) -> None:
        if code == -signal.SIGKILL:
            self.outcome.kills.append(Kill(victim.point, victim.name, clock.now()))
        elif code == 0 and victim.is_politely_stopped:
            self.outcome.drained += 1
            self._missed += [CUT_SHORT] if victim.end == CUT_SHORT else []
        elif not victim.is_worker and code in (0, TRY_AGAIN):
            self._missed_web.append(victim.end)  # others were quicker, or a held process kept a lock
        else:
            self.outcome.crashed.append(f"{victim.name}, to end at {victim.end}, ended with {code}")

    def _do_again(self, victim: Victim) -> None:
        """Do what a person does whose page never came: send the same form again, or approve again."""
        form, reference = victim.form, victim.reference
        if form is not None:
            self._to_do.append(lambda: self._submit(form))
        elif victim.end in APPROVING:
            self._to_do.append(lambda: self._approve_unless_approved(reference))
        elif victim.end == CONFIRMING:
            self._to_do.append(self.world.approve_files)

    def _approve_unless_approved(self, reference: str) -> None:
        if Operation.objects.get(reference=reference).state == State.PENDING_APPROVAL:
            self.world.approve(reference)

    def _end_those_due(self) -> None:
        for victim in [one for one in self.victims.values() if one.ends_at <= time.monotonic()]:
            if victim.point == DRAINED and not victim.is_politely_stopped:
                self._stop_politely(victim)
            elif victim.end.startswith(STOPPED) and self.world.stable.is_stopped(victim.pid):
                self._let_go_on(victim)
            else:
                self._kill_where_it_is(victim)

    def _kill_where_it_is(self, victim: Victim) -> None:
        if ":" in victim.end:
            (self._missed if victim.is_worker else self._missed_web).append(victim.end)
            self._patience = min(self._patience * MORE_PATIENCE, LONGEST_PATIENCE_SECONDS)
            victim.end = ANYWHERE
        self.world.stable.signal(victim.pid, signal.SIGKILL)

    def _stop_politely(self, victim: Victim) -> None:
        """Send SIGTERM, and give it its time, or next to none; a worker that cannot hear it yet is waited for."""
        if not self.world.stable.heeds(victim.pid, signal.SIGTERM):
            return
        self.world.stable.signal(victim.pid, signal.SIGTERM)
        victim.is_politely_stopped = True
        victim.ends_at = time.monotonic() + (0.0 if victim.end == CUT_SHORT else DRAIN_SECONDS)

    def _let_go_on(self, victim: Victim) -> None:
        """Hold it until its lease is over, or until all it holds has been settled by others; then let it go on."""
        held = time.monotonic() - victim.ends_at
        if held < victim.born % 1 * (QUARANTINE_SECONDS * 2) + LEASE_SECONDS:
            return
        self.outcome.held += 1
        self.world.stable.signal(victim.pid, signal.SIGCONT)
        victim.end, victim.ends_at = ANYWHERE, time.monotonic() + 1.0

    # Rest ------------------------------------------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        """Let the last victims end, have two plain workers finish everything, and stop those politely."""
        began = time.monotonic()
        for number in range(2):
            self.plain.add(self.world.fork("worker", name=f"rest {number}"))
        while self.victims or self._to_do or _rows_left() or _open_operations():
            self._hear_of_ends()
            self._end_those_due()
            self._do_what_is_to_do()
            time.sleep(TICK_SECONDS)
            if time.monotonic() - began > REST_SECONDS:
                break  # what is still open is counted as stuck
        self.outcome.rest_seconds = time.monotonic() - began
        if left := _rows_left():
            self.outcome.crashed.append(f"{left} rows of confirmed files were skipped")
        self._dismiss()
        self._mirror_to_the_end()

    def _dismiss(self) -> None:
        for pid in self.plain:
            self.world.stable.signal(pid, signal.SIGTERM)
        patience = time.monotonic() + DISMISSAL_SECONDS
        while self.plain and time.monotonic() < patience:
            self._hear_of_ends()
            time.sleep(TICK_SECONDS)
        self.outcome.crashed += [f"plain worker {pid} did not end when asked to" for pid in self.plain]

    def _mirror_to_the_end(self) -> None:
        """Read the mirror as the next run would, and hold it against the partner's list of older orders."""
        try:
            sync_orders()
        except AlreadyRunning:
            self.outcome.crashed.append("a dead process still holds the run of the orders' mirror")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders_order WHERE partner_order_ref LIKE 'bulk-%%'")
            mirrored = cursor.fetchone()[0]
        there = sum(
            (one["partner_order_ref"] or "").startswith("bulk-") for one in self.world.partners.ledger()["orders"]
        )
        if mirrored != there:
            self.outcome.crashed.append(f"{mirrored} of {there} outside orders are mirrored")

    def _measure(self) -> None:
        self.outcome.found = self.world.count()
        for rule in self.world.partners.clear_faults():
            kind = rule["action"]["kind"]
            self.outcome.faults[kind] = self.outcome.faults.get(kind, 0) + rule["fired"]
        for kill in self.outcome.kills:
            kill.recovery_seconds = _recovery_of(kill)


_ROWS_LEFT: Final = """
    SELECT count(*) FROM funding_bulkrow AS line JOIN funding_bulkfile AS file ON file.id = line.file_id
    WHERE file.state <> 'checked'
    AND NOT EXISTS (SELECT FROM funding_operation WHERE submission_token = line.submission_token)
    AND NOT EXISTS (SELECT FROM funding_bulkrefusal WHERE row_id = line.id)
"""
_RECOVERY: Final = """
    SELECT coalesce(max(extract(epoch FROM operation.ended_at - %(at)s)), 0)
    FROM funding_operation AS operation JOIN funding_attempt AS attempt ON attempt.operation_id = operation.id
    WHERE attempt.worker = %(name)s AND attempt.claimed_at < %(at)s AND operation.ended_at > %(at)s
"""


def _recovery_of(kill: Kill) -> float:
    """Return after how many seconds everything that a victim had sent and left open was settled by others."""
    with connection.cursor() as cursor:
        cursor.execute(_RECOVERY, {"at": kill.at, "name": kill.name})
        return float(cursor.fetchone()[0])


def _rows_left() -> int:
    """Count the rows of confirmed files that have neither their operation nor a refusal."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS_LEFT)
        return int(cursor.fetchone()[0])


def _open_operations() -> int:
    with transaction.atomic():
        return Operation.objects.exclude(state__in=[*TERMINAL_STATES, State.PENDING_APPROVAL, State.REVIEW]).count()

"""The sandbox itself: takes a request, returns a reply, and needs no socket for it.

`Sandbox.handle` is all a test in process needs; `server.py` puts the same object behind real HTTP.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock

from backoffice.sandbox.arrivals import Arrival, ArrivalLog
from backoffice.sandbox.bitnob.api import Bitnob
from backoffice.sandbox.bitnob.ledger import BitnobLedger
from backoffice.sandbox.bitnob.refusals import Refusal as BitnobRefusal
from backoffice.sandbox.clock import NANOSECONDS, Clock, http_date
from backoffice.sandbox.coinmena.api import CoinMena
from backoffice.sandbox.coinmena.directory import Directory
from backoffice.sandbox.coinmena.ledger import Ledger
from backoffice.sandbox.coinmena.refusals import Reason, Refusal
from backoffice.sandbox.control.api import Control
from backoffice.sandbox.credentials import BITNOB_CLIENT_ID, BITNOB_CLIENT_SECRET, coinmena_public_keys
from backoffice.sandbox.faults.rules import FaultBook
from backoffice.sandbox.faults.scene import Action, Scene
from backoffice.sandbox.history import write_history
from backoffice.sandbox.messages import Delivery, Reply, Request
from backoffice.sandbox.script import Script
from backoffice.sandbox.signatures import BitnobDoor, CoinMenaDoor
from backoffice.sandbox.store import Store
from backoffice.sandbox.switches import Switches


@dataclass(frozen=True, order=True)
class _Landing:
    """A request whose connection is closed and that is still to be carried out."""

    due_ns: int
    number: int
    arrival: Arrival | None = field(compare=False)
    carry_out: Callable[[], Reply] = field(compare=False)


class Sandbox:
    """Both partners and their control path.

    `state` is the SQLite file (a file that holds something is taken up again, history and all); `history` is `none`,
    `small` or `demo`; `on_arrival` is called with every POST and PUT before anything else happens to it.
    """

    def __init__(
        self,
        *,
        state: str = ":memory:",
        history: str = "none",
        seed: int = 1,
        clock: Clock | None = None,
        latency_ms: float = 0.0,
        on_arrival: Callable[[Arrival], object] | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.switches = Switches(latency_ms=latency_ms)
        self.faults = FaultBook()
        self.store = Store(state)
        self._on_arrival = on_arrival
        self._landings: list[_Landing] = []
        self._landing_numbers = count()
        self._landing_lock = Lock()
        self._down_until = 0
        self._open()
        if self.store.is_fresh():
            self.write_history(history, seed)

    def _open(self) -> None:
        """Set the partners up over the store as it is now."""
        self.directory = Directory(self.store, self.clock)
        self.ledger = Ledger(self.store, self.clock, self.directory)
        self.bitnob_ledger = BitnobLedger(self.store, self.clock)
        self.arrivals = ArrivalLog(self.store, self.clock)
        door = CoinMenaDoor(coinmena_public_keys(), self.clock, self.switches)
        self._coinmena = CoinMena(self.ledger, self.directory, door, self.clock, self.switches)
        bitnob_door = BitnobDoor(BITNOB_CLIENT_ID, BITNOB_CLIENT_SECRET, self.clock)
        self._bitnob = Bitnob(self.bitnob_ledger, bitnob_door, self.clock, self.switches)
        self._control = Control(self)

    def write_history(self, history: str, seed: int) -> None:
        with self.store.transaction():
            write_history(history, seed, self.clock, self.directory, self.ledger, self.bitnob_ledger)

    def reset(self, *, history: str, seed: int) -> None:
        """Forget everything, faults, switches and the clock's shift included, and begin with another history."""
        with self.store.transaction():
            self.store.wipe()
            self._open()
            self.write_history(history, seed)
        self.faults.clear()
        self.come_up()
        self.clock.offset_seconds = 0.0
        self.switches.change(Switches().as_dict())
        with self._landing_lock:
            self._landings.clear()

    def close(self) -> None:
        self.store.close()

    # One request ------------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Reply:
        """Answer one request. A reply that is not `SENT` tells how the caller finds its connection instead."""
        return self.turn_away(request) or self.exchange(request)

    def turn_away(self, request: Request) -> Reply | None:
        """Return how the connection ends before the body is read, None if it does not."""
        if request.segments[:1] == ("control",):
            return None
        if self.is_down:
            return Reply.undelivered(Delivery.REFUSED)
        actions = self.faults.at_the_door(request)
        return actions[0].play(self._scene(request, Script(), [], None)) if actions else None

    def exchange(self, request: Request) -> Reply:
        """Answer one request that was let through the door."""
        if request.segments[:1] == ("control",):
            return self._dated(self._control.answer(request))
        self.land_due()
        arrival = self.arrivals.begin(request)
        if arrival is None:
            return self._slowed(self._dated(self._let_in(request, None)))
        if self._on_arrival is not None:
            self._on_arrival(arrival)
        reply = Reply.undelivered(Delivery.CLOSED)
        try:
            reply = self._let_in(request, arrival)
        finally:
            self.arrivals.finish(arrival, reply)
        return self._slowed(self._dated(reply))

    def _let_in(self, request: Request, arrival: Arrival | None) -> Reply:
        try:
            self._admit(request)
        except (Refusal, BitnobRefusal) as refusal:
            return self._refused(refusal)
        return self._carry_out(request, Script(), self.faults.once_inside(request), arrival)

    def _admit(self, request: Request) -> str:
        if request.segments[:1] == ("api",):
            self._bitnob.admit(request)
            return ""
        if request.segments[:1] == ("v1",):
            return self._coinmena.admit(request)
        raise Refusal(Reason.NOT_FOUND)

    def _carry_out(self, request: Request, script: Script, faults: list[Action], arrival: Arrival | None) -> Reply:
        """Let the first fault play around the others, and these around the partner's answer."""
        if faults:
            return faults[0].play(self._scene(request, script, faults[1:], arrival))
        try:
            if request.segments[:1] == ("api",):
                return self._bitnob.answer(request)
            return self._coinmena.answer(request, request.headers.get("x-partner-id", ""), script)
        except (Refusal, BitnobRefusal) as refusal:
            return self._refused(refusal)

    def _scene(self, request: Request, script: Script, faults: list[Action], arrival: Arrival | None) -> Scene:
        return Scene(
            request=request,
            script=script,
            clock=self.clock,
            carry_out=lambda changed: self._carry_out(request, changed, faults, arrival),
            admit=lambda: self._admit(request),
            land_later=lambda seconds, landing: self._land_later(seconds, landing, arrival),
        )

    def _refused(self, refusal: Refusal | BitnobRefusal) -> Reply:
        return refusal.reply(self.clock.nanoseconds()) if isinstance(refusal, BitnobRefusal) else refusal.reply()

    def _dated(self, reply: Reply) -> Reply:
        """Add `Date` from the sandbox's clock, which callers measure theirs against."""
        return reply if reply.header("Date") else reply.with_header("Date", http_date(self.clock.nanoseconds()))

    def _slowed(self, reply: Reply) -> Reply:
        return replace(reply, delay_seconds=reply.delay_seconds + self.switches.latency_ms / 1_000)

    # Requests that land late ------------------------------------------------------------------------------------------

    def _land_later(self, seconds: float, landing: Callable[[], Reply], arrival: Arrival | None) -> None:
        due = self.clock.nanoseconds() + round(seconds * NANOSECONDS)
        with self._landing_lock:
            heapq.heappush(self._landings, _Landing(due, next(self._landing_numbers), arrival, landing))

    def land_due(self) -> None:
        """Apply what was held back and is due by now; called before every request, and now and then by the server."""
        while landing := self._next_due():
            self._land(landing)

    def next_landing(self) -> int | None:
        """Return when, in nanoseconds of our clock, the next request that is held back will be carried out."""
        with self._landing_lock:
            return self._landings[0].due_ns if self._landings else None

    def holds_back(self, reference: str) -> bool:
        """Tell whether a request under this reference is still to be carried out."""
        with self._landing_lock:
            return any(landing.arrival and landing.arrival.reference == reference for landing in self._landings)

    def _next_due(self) -> _Landing | None:
        with self._landing_lock:
            is_due = bool(self._landings) and self._landings[0].due_ns <= self.clock.nanoseconds()
            return heapq.heappop(self._landings) if is_due else None

    def _land(self, landing: _Landing) -> None:
        try:
            reply = landing.carry_out()
        except (Refusal, BitnobRefusal) as refusal:
            reply = self._refused(refusal)
        if landing.arrival is not None:
            self.arrivals.land(landing.arrival, reply)

    # Down and up ------------------------------------------------------------------------------------------------------

    @property
    def is_down(self) -> bool:
        return self.clock.nanoseconds() < self._down_until

    def go_down(self, seconds: float) -> None:
        """Refuse connections for so many seconds; the server closes its listener meanwhile."""
        self._down_until = self.clock.nanoseconds() + round(seconds * NANOSECONDS)

    def come_up(self) -> None:
        self._down_until = 0

"""One world of the campaign: a database of its own, the sandbox, virtual time, and everybody who acts in it.

Everything that happens is an *act*: it is told in the story, may be killed, and whatever a running product would not
survive is a violation. While an act waits (for the partner, or stalled), other acts take place in the same thread; the
product holds no transaction then, so they are as interleaved as two processes would be.
"""

import gc
import heapq
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any, Final, TypeVar
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, connections
from procrastinate.exceptions import ConnectorException
from psycopg.rows import dict_row

from backoffice import failpoints
from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Asset, Client
from backoffice.database import clock as database_clock
from backoffice.database import embedded
from backoffice.failpoints import Failpoint
from backoffice.funding import tasks
from backoffice.funding.models import Kind, Operation
from backoffice.funding.services import creating, expiring, resolving, sending
from backoffice.funding.services.creating import EqualRequest, Intent, NotFundable
from backoffice.funding.services.doorbells import SEND
from backoffice.mirror import partners
from backoffice.partner import http
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.coinmena.config import CoinmenaConfig, load_private_key
from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.coinmena.records import Client as PartnerClient
from backoffice.sandbox.coinmena.records import Order, funding_draft
from backoffice.sandbox.credentials import COINMENA_PARTNER_ID
from backoffice.sandbox.messages import Request
from tests import database
from tests.faults.damage import Damage
from tests.faults.killed import Killed
from tests.faults.oracle import Scripted, Violation, count_violations, read_books
from tests.faults.virtual import NANOSECONDS, VirtualClock
from tests.faults.watch import Watch
from tests.faults.wire import Line, LineFault

Result = TypeVar("Result")

SWEEP_SECONDS: Final = 10
#: How deep acts may take place inside the waiting of others: two workers and a person at once.
DEEPEST: Final = 3
#: What a page answers with a sentence; nobody is surprised by it.
REFUSALS: Final = (Refused, Conflict, EqualRequest, NotFundable)
#: From a request's signature until its order can be seen, at most: late landing, lag of look-ups and error of clocks
#: together. Longer than Q + Q/5 nobody can tell such an order from none, and that is the partner's promise (docs).
LONGEST_DELAY_SECONDS: Final = 350.0
OVERSLEPT_NS: Final = NANOSECONDS // 10
BETWEEN_SCHEDULES_SECONDS: Final = 26 * 3600
ASSETS: Final = ("USD", "BHD", "SAR")


@dataclass(order=True)
class Event:
    """Something that will happen at a moment of true time."""

    at_ns: int
    number: int
    label: str = field(compare=False)
    act: Callable[[], object] = field(compare=False)
    is_fault: bool = field(compare=False, default=False)


@dataclass
class Cast:
    """Who acts. ``leaver`` is a manager whose account may be closed while a schedule runs."""

    maya: Person
    nadia: Person
    omar: Person
    lina: Person
    leaver: Person


class World:
    """A database clone, a sandbox and the people; schedules run in it one after another, each with clients of its own.

    Open one with `opened`. ``story`` is what has happened in the schedule so far, for people to read.
    """

    def __init__(self, server: embedded.Embedded, name: str) -> None:
        self.server, self.name = server, name
        self.clock = VirtualClock(waiting=self._others_act)
        self.database = _raw_connection(server, name)
        self.sandbox = Sandbox(
            clock=Clock(now_ns=self.clock.nanoseconds, sleep=self.clock.sleep),
            on_arrival=lambda arrival: self.watch.arrived(arrival),
        )
        self.line = Line(self.sandbox, self.clock)
        self.watch = Watch(self.database, self.clock, self.line)
        self.damage = Damage(self.clock, self.sandbox, is_acting=lambda: self._depth > 0)
        self.line.before_handing_in = self.damage.before_handing_in
        self.fired: Counter[str] = Counter()
        self.scripted = Scripted()
        self.random = Random(0)
        self.story: list[str] = []
        self.tells_moves = False
        self._last_move = 0
        self.surprises: list[str] = []
        self.clients: list[Client] = []
        self.operations: dict[int, str] = {}
        self._clients_of_ours: dict[tuple[Any, ...], CoinmenaClient] = {}
        self._events: list[Event] = []
        self._numbers = count()
        self._altered: list[tuple[Order, dict[str, Any]]] = []
        self._credentials = (settings.COINMENA_PARTNER_ID, settings.COINMENA_PRIVATE_KEY)
        self._depth = 0
        self._last_bell = 0
        self._holders = count(1)
        self.began_ns, self._delay_left = self.clock.true_ns, LONGEST_DELAY_SECONDS
        self.cast = _make_cast()
        self.assets = {asset: _make_asset(asset) for asset in ASSETS}
        self.watch.entitled = {
            manager.pk: (self.clock.true(), None) for manager in (self.cast.omar, self.cast.lina, self.cast.leaver)
        }
        self._watch_moves()

    # A schedule's beginning -------------------------------------------------------------------------------------------

    def begin(self, random: Random) -> None:
        """Forget the last schedule: its faults, clients and story; a day passes, so nothing of it is expected."""
        self.random = random
        self.faults_off()
        self.restore_altered()
        self.clock.forget_offsets()
        self.clock.pass_by(BETWEEN_SCHEDULES_SECONDS)
        self.sandbox.land_due()
        self.story, self.surprises, self.fired, self.scripted = [], [], Counter(), Scripted()
        self.watch.violations.clear()
        self.line.lands_at.clear()
        self.clients, self.operations, self._events, self._depth = [], {}, [], 0
        self._last_bell = self._newest_bell()
        self.began_ns, self._delay_left = self.clock.true_ns, LONGEST_DELAY_SECONDS
        self._reopen()
        self._replace_leaver()

    def _reopen(self) -> None:
        """Take back, over the raw connection, what the last schedule left for people to do."""
        frozen = self.database.execute("SELECT 1 FROM funding_freeze WHERE released_at IS NULL").fetchone()
        assert frozen is None, "the last schedule left a freeze behind, so nothing would be sent any more"
        self.database.execute("UPDATE funding_operation SET next_lookup_at = 'infinity' WHERE state = 'review'")
        self.database.execute(
            "UPDATE funding_gate SET paused_until = NULL, halted_at = NULL, halted_because = '', halt_code = '',"
            " unauthorised_in_a_row = 0, environment = %s",
            (partners.coinmena().environment,),
        )

    def faults_off(self) -> None:
        """End everything that was made to go wrong, and count what of it struck."""
        for rule in self.sandbox.faults.rules():
            if rule.label and rule.fired:
                self.fired[rule.label] += rule.fired
        for fault in self.line.faults:
            if fault.fired:
                self.fired[fault.name] += fault.fired
        self.fired.update(self.damage.fired)
        self.sandbox.faults.clear()
        self.sandbox.come_up()
        self.sandbox.clock.offset_seconds = 0.0
        self.clock.put_off(0.0)
        self.line.faults.clear()
        self.damage.clear()
        self.own_credentials()
        self._events = [event for event in self._events if not event.is_fault]
        heapq.heapify(self._events)

    def new_client(self, balance: str = "5000", asset: str = "USD") -> Client:
        """Register somebody who can be funded, here and at the partner, with something to withdraw."""
        name = f"user_{uuid4().hex[:12]}"
        self.sandbox.directory.add_client(COINMENA_PARTNER_ID, PartnerClient(name))
        self.sandbox.ledger.adjust(
            partner=COINMENA_PARTNER_ID, client=name, asset=asset, change=Decimal(balance), held=None
        )
        client = Client.objects.create(
            partner_client_id=name,
            name="Noura Al Khalifa",
            status="verified",
            active=True,
            raw=b"{}",
            read_at=self.clock.now(),
        )
        self.clients.append(client)
        return client

    def complete_one(self) -> None:
        """Complete a deposit in peace: the positive control of everything that follows."""
        self.begin(Random(0))
        client, asset, maya = self.new_client(), self.assets["USD"], self.cast.maya
        intent = Intent(Kind.DEPOSIT, client, asset, Decimal("1.00"), "The positive control", token())
        made = self.own(creating.create(intent, by=maya))
        self.send(made.pk)
        assert self.state_of(made) == "completed", self.story

    def own(self, operation: Operation) -> Operation:
        """Count an operation as this schedule's."""
        self.operations[operation.pk] = operation.reference
        return operation

    # What the schedule makes happen at the partner --------------------------------------------------------------------

    def break_line(self, name: str, how: str, fits: Callable[[Request], bool], times: int = 1) -> None:
        """Have the line itself fail; ``how`` as in `wire.LineFault`."""
        self.line.faults.append(LineFault(name, how, fits, times))

    def delayed_by(self, seconds: float) -> float:
        """Return how much of a delay may still be made, and count it: see `LONGEST_DELAY_SECONDS`."""
        seconds = min(seconds, self._delay_left)
        self._delay_left -= seconds
        return seconds

    def place_order(self, client: str, kind: str, asset: str, amount: str, *, reference: str | None) -> int:
        """Book an order that no request of ours made, and return its id. :raises InsufficientFunds, ReferenceTaken:"""
        draft = funding_draft(
            partner=COINMENA_PARTNER_ID,
            client=client,
            type=kind,
            asset=asset,
            amount=amount,
            reference=reference,
            created_at=self.sandbox.clock.microseconds(),
        )
        self.sandbox.ledger.check_funds(draft)
        return self.sandbox.ledger.place(draft).id

    def alter_order(self, reference: str, changes: dict[str, Any]) -> None:
        """Have the partner change, or hide, an order that we know as completed."""
        order = self.sandbox.ledger.order_by_reference(COINMENA_PARTNER_ID, reference)
        row = self.database.execute("SELECT state FROM funding_operation WHERE reference = %s", (reference,)).fetchone()
        if order is not None and row is not None and row["state"] == "completed":
            self.scripted.altered.add(reference)
            self._altered.append((order, dict(changes)))
            self.sandbox.ledger.change_order(order, **changes)
            self.fired["F31 altered"] += 1

    def restore_altered(self) -> None:
        """Put back what was altered, so that the next schedule's positive control can be any completed order."""
        for order, _changes in self._altered:
            self.sandbox.ledger.change_order(order)
        self._altered.clear()

    def own_credentials(self) -> None:
        """Let our workers run with our own partner id and key."""
        settings.COINMENA_PARTNER_ID, settings.COINMENA_PRIVATE_KEY = self._credentials

    @property
    def has_own_credentials(self) -> bool:
        return self._credentials == (settings.COINMENA_PARTNER_ID, settings.COINMENA_PRIVATE_KEY)

    # Acting -----------------------------------------------------------------------------------------------------------

    def act(self, label: str, do: Callable[[], Result]) -> Result | None:
        """Let somebody do something; None when it was refused, killed, or the database was made to fail it."""
        damage_before = self.damage.fired_in_database
        self._depth += 1
        try:
            result = do()
        except Killed as killed:
            self._drop_connection()
            self.tell(f"{label}: killed at {killed}")
        except REFUSALS as refusal:
            self.tell(f"{label}: refused ({type(refusal).__name__})")
        except (DatabaseError, ConnectorException) as error:
            connection.close()
            self.tell(f"{label}: {type(error).__name__}")
            if self.damage.fired_in_database == damage_before:
                self.surprised(label, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, a worker would not have survived it
            connection.close()
            self.tell(f"{label}: {type(error).__name__}")
            self.surprised(label, error)
        else:
            self.tell(f"{label}{'' if result is None else f': {_short(result)}'}")
            return result
        finally:
            self._depth -= 1
            self._tell_moves()
        return None

    def _tell_moves(self) -> None:
        """Tell which operations changed their state since the last time; only a story that is read needs it."""
        if self.tells_moves:
            for move in self.database.execute(
                "SELECT * FROM rig_moves WHERE id > %s AND kind = 'state' ORDER BY id", (self._last_move,)
            ).fetchall():
                self._last_move = move["id"]
                self.tell(f"  {move['reference']}: {move['before'] or 'new'} → {move['after']}")

    def surprised(self, label: str, error: Exception) -> None:
        self.surprises.append(f"{label} raised {type(error).__name__}: {error}")

    def tell(self, sentence: str) -> None:
        seconds = (self.clock.true_ns - self.began_ns) / NANOSECONDS
        self.story.append(f"{seconds:9.2f} s {'  ' * self._depth}{sentence}")

    def _drop_connection(self) -> None:
        """End the connection as the death of its process does: what was not committed is rolled back."""
        connection.close()

    # Workers ----------------------------------------------------------------------------------------------------------

    def send(self, operation_id: int) -> object:
        """Let a worker answer the bell to send."""
        holder = self._worker()
        name = self.operations.get(operation_id, str(operation_id))
        return self.act(f"{holder} sends {name}", lambda: sending.send(operation_id, holder=holder))

    def resolve(self, operation_id: int) -> object:
        """Let a worker answer the bell to look something up."""
        holder = self._worker()
        name = self.operations.get(operation_id, str(operation_id))
        return self.act(f"{holder} looks up {name}", lambda: resolving.resolve(operation_id, holder=holder))

    def sweep(self) -> None:
        """Let the periodic task look for what waits, and workers answer at once."""
        self.act("sweep expires", expiring.expire_due)
        due = self.act("sweep", lambda: tasks.waiting(self.clock.now())) or []
        for task, operation_id in due:
            if operation_id in self.operations:
                self.send(operation_id) if task == SEND else self.resolve(operation_id)

    def _worker(self) -> str:
        return f"worker {next(self._holders) % 8 + 1}"

    # Bells ------------------------------------------------------------------------------------------------------------

    def hear_bells(self) -> list[tuple[str, int, int]]:
        """Return the bells rung since the last time: task, operation, and when they are due in true nanoseconds."""
        rows = self.database.execute(
            "SELECT id, task_name, args, extract(epoch FROM scheduled_at) AS due FROM procrastinate_jobs"
            " WHERE id > %s ORDER BY id",
            (self._last_bell,),
        ).fetchall()
        self._last_bell = max([self._last_bell, *(row["id"] for row in rows)])
        return [
            (row["task_name"], row["args"]["operation_id"], round(float(row["due"] or 0) * NANOSECONDS))
            for row in rows
            if row["args"].get("operation_id") in self.operations
        ]

    def _newest_bell(self) -> int:
        row = self.database.execute("SELECT coalesce(max(id), 0) AS id FROM procrastinate_jobs").fetchone()
        return int(row["id"]) if row else 0

    # Time -------------------------------------------------------------------------------------------------------------

    def plan(self, in_seconds: float, label: str, act: Callable[[], object], *, is_fault: bool = False) -> None:
        """Let something happen in so many seconds; a fault only as long as faults are on."""
        at = self.clock.true_ns + round(in_seconds * NANOSECONDS)
        heapq.heappush(self._events, Event(at, next(self._numbers), label, act, is_fault))

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what is planned happens in its order."""
        until = self.clock.true_ns + round(seconds * NANOSECONDS)
        while self._events and self._events[0].at_ns <= until:
            event = heapq.heappop(self._events)
            self.clock.pass_until(event.at_ns)
            event.act()
        self.clock.pass_until(until)

    @property
    def has_events(self) -> bool:
        return bool(self._events)

    def forget_events(self) -> None:
        self._events.clear()

    def _others_act(self, seconds: float) -> None:
        """While one waits, the others go on; but nobody can act inside another's transaction.

        Whoever acts meanwhile may wait in turn, and for longer: then the first one wakes late, as if held up.
        """
        wakes_ns = self.clock.true_ns + round(seconds * NANOSECONDS)
        if self._depth >= DEEPEST or connection.in_atomic_block:
            self.clock.pass_by(seconds)
        else:
            self.pass_time(seconds)
        self.scripted.was_stalled |= self.clock.true_ns > wakes_ns + OVERSLEPT_NS

    # The partner's client ---------------------------------------------------------------------------------------------

    def client_for(
        self, base_url: str, partner_id: str, private_key: str, separator: str, include_query: bool, deadline: float
    ) -> CoinmenaClient:
        """Return the real client, its requests handed to the sandbox. Stands in for the cached factory."""
        key = (base_url, partner_id, private_key, separator, include_query, deadline)
        if key not in self._clients_of_ours:
            config = CoinmenaConfig(
                base_url=base_url,
                partner_id=partner_id,
                private_key=load_private_key(private_key),
                separator=separator,
                include_query=include_query,
                deadline_seconds=deadline,
            )
            self._clients_of_ours[key] = CoinmenaClient(config, clock=self.clock, open_session=self.line.open_session)
        return self._clients_of_ours[key]

    def forget_clock_skew(self) -> None:
        """Begin with clients that have measured nothing, as a restarted worker does."""
        self._clients_of_ours.clear()

    # Looking ----------------------------------------------------------------------------------------------------------

    def states(self) -> dict[int, str]:
        """Return the state of each operation of this schedule, past Django."""
        rows = self.database.execute(
            "SELECT id, state FROM funding_operation WHERE id = ANY(%s)", (list(self.operations),)
        ).fetchall()
        return {row["id"]: row["state"] for row in rows}

    def state_of(self, operation: Operation) -> str:
        return self.states().get(operation.pk, "")

    def is_anything_due(self, since_seconds: float = 0) -> bool:
        """Tell whether a sweep could find anything that has been due for so long; if not, the rig spares itself it."""
        due = self.clock.now() - timedelta(seconds=since_seconds)
        values = {"ours": list(self.operations), "due": due, "now": self.clock.now()}
        return self.database.execute(_ANYTHING_DUE, values).fetchone() is not None

    def quarantine_ends(self, seconds: float) -> int:
        """Return, in true nanoseconds, so many seconds after the last attempt of this schedule was claimed."""
        row = self.database.execute(
            "SELECT extract(epoch FROM max(claimed_at)) AS last FROM funding_attempt WHERE operation_id = ANY(%s)",
            (list(self.operations),),
        ).fetchone()
        return 0 if row is None or row["last"] is None else round((float(row["last"]) + seconds) * NANOSECONDS)

    def is_settled(self) -> bool:
        """Tell whether no operation of this schedule is under way, in doubt or waiting to be sent."""
        return not {"approved", "submitting", "unknown"} & set(self.states().values())

    def is_halted(self) -> bool:
        row = self.database.execute("SELECT halted_at FROM funding_gate").fetchone()
        return row is not None and row["halted_at"] is not None

    def leaver_leaves(self) -> None:
        """Close a manager's account; from now on that person may approve nothing."""
        self.database.execute("UPDATE accounts_person SET is_active = false WHERE id = %s", (self.cast.leaver.pk,))
        since, _until = self.watch.entitled[self.cast.leaver.pk]
        self.watch.entitled[self.cast.leaver.pk] = (since, self.clock.true())
        self.tell("Sami's account is closed")

    def _replace_leaver(self) -> None:
        """Have another manager where one has left: it takes two people to open a closed account again."""
        _since, until = self.watch.entitled[self.cast.leaver.pk]
        if until is not None:
            self.cast.leaver = _person("Sami Nasser", Role.MANAGER, email=f"sami{len(self.watch.entitled)}@example.com")
            self.watch.entitled[self.cast.leaver.pk] = (self.clock.true(), None)

    # A backup, restored -----------------------------------------------------------------------------------------------

    @contextmanager
    def restored_afterwards(self) -> Iterator[None]:
        """Take a backup now, let the block happen, and go back to it: our rows are then older than the partner's."""
        backup = f"{self.name}_backup"
        self._disconnect()
        embedded.create_database(self.server, backup, template=self.name)
        self._connect(self.name)
        yield
        self.tell("the backup is restored")
        self.watch.arrivals.clear()  # the claims that they were counted against are gone
        self._disconnect()
        embedded.drop_database(self.server, self.name)
        with self.server.administer() as administer:
            administer.execute(f"ALTER DATABASE {backup} RENAME TO {self.name}")
        self._connect(self.name)

    def _disconnect(self) -> None:
        connections.close_all()
        self.database.close()

    def _connect(self, name: str) -> None:
        database.connect_to(self.server, name)
        self.database = self.watch.database = _raw_connection(self.server, name)
        self._last_bell = self._newest_bell()

    # Counting ---------------------------------------------------------------------------------------------------------

    def violations(self) -> list[Violation]:
        """Count everything that must not be, at the end of a schedule."""
        self.scripted.was_stalled |= any(name.startswith("stall") for name in self.fired | self.damage.fired)
        names = [client.partner_client_id for client in self.clients]
        books = read_books(self.database, self.sandbox.store.connection, names)
        return [
            *(Violation("arrival", "other", sentence) for sentence in self.watch.violations),
            *(Violation("survival", "other", sentence) for sentence in self.surprises),
            *count_violations(books, self.scripted, self.clock.now()),
        ]

    # What the oracle needs --------------------------------------------------------------------------------------------

    def _watch_moves(self) -> None:
        """Have the database itself log every state and every audit entry of an operation, with its transaction."""
        for statement in _WATCH_MOVES.split(";;"):
            self.database.execute(statement)

    def close(self) -> None:
        self.database.close()
        self.sandbox.close()


_ANYTHING_DUE: Final = """
    SELECT 1 FROM funding_operation WHERE id = ANY(%(ours)s) AND (
        state = 'approved' OR (state = 'submitting' AND lease_until <= %(now)s)
        OR (state IN ('unknown', 'review') AND next_lookup_at <= %(due)s)
        OR (state = 'pending_approval' AND valid_until <= %(now)s)) LIMIT 1
"""

#: A log of the rig's own: what changed, and which transaction did it. The product neither writes nor reads it.
_WATCH_MOVES: Final = """
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
    FOR EACH ROW WHEN (NEW.object_type = 'operation' AND NEW.after ? 'state') EXECUTE FUNCTION rig_entry_written()
"""


@contextmanager
def opened(server: embedded.Embedded) -> Iterator[World]:
    """Open a world on a fresh clone, with Django's connections pointed at it, and drop it at the end."""
    name, former = database.clone(server), connections["default"].settings_dict["NAME"]
    database.connect_to(server, name)
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)  # a fifth of the time went into looking for garbage
    try:
        world = World(server, name)
        with in_virtual_time(world):
            world.complete_one()
            yield world
        world.close()
    finally:
        gc.set_threshold(*thresholds)
        connections.close_all()
        database.connect_to(server, former)
        embedded.drop_database(server, name)


@contextmanager
def in_virtual_time(world: World) -> Iterator[None]:
    """Put the world's clock, client and crash points in the places the product has for them."""
    clock = world.clock
    with ExitStack() as stack:
        for where, name, stand_in in (
            (database_clock, "now", clock.now),
            (database_clock, "monotonic", clock.monotonic),
            (database_clock, "sleep", clock.sleep),
            (partners, "_coinmena", world.client_for),
            (failpoints, "reached", world.damage.reached),
            (http, "_random", _SeededPauses(world)),
        ):
            stack.enter_context(patch.object(where, name, stand_in))
        stack.enter_context(patch("procrastinate.utils.utcnow", clock.now))
        stack.enter_context(world.damage.in_database())
        stack.enter_context(_quiet_logs())
        yield


@dataclass
class _SeededPauses:
    """The spread of the pauses between repeated reads, from the schedule's own randomness."""

    world: World

    def uniform(self, low: float, high: float) -> float:
        return self.world.random.uniform(low, high)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _raw_connection(server: embedded.Embedded, name: str) -> psycopg.Connection[dict[str, Any]]:
    """Connect as the owner, past Django and the product."""
    host = str(server.server.get_postmaster_info().socket_dir)
    return psycopg.connect(host=host, dbname=name, user=embedded.OWNER, autocommit=True, row_factory=dict_row)


def _make_cast() -> Cast:
    return Cast(
        maya=_person("Maya Haddad", Role.FINANCE),
        nadia=_person("Nadia Karim", Role.FINANCE),
        omar=_person("Omar Saleh", Role.MANAGER),
        lina=_person("Lina Aziz", Role.MANAGER),
        leaver=_person("Sami Nasser", Role.MANAGER),
    )


def _person(name: str, role: Role, *, email: str = "") -> Person:
    address = email or f"{name.split()[0].lower()}@example.com"
    return Person.objects.create_person(email=address, name=name, role=role, password=None)


def _make_asset(asset_id: str) -> Asset:
    return Asset.objects.create(
        asset_id=asset_id,
        name=asset_id,
        type="fiat",
        published=True,
        depositable=True,
        withdrawable=True,
        raw=b"{}",
        read_at=database_clock.now(),
    )


def _short(result: object) -> str:
    if isinstance(result, Operation):
        return f"{result.reference} {result.state}"
    return str(result)


def token() -> UUID:
    """Make a form's token."""
    return uuid4()


__all__ = ["Cast", "Failpoint", "World", "in_virtual_time", "opened", "settings", "token"]

"""One world of the campaign: a database of its own, the sandbox, virtual time, and everybody who acts in it.

Everything that happens is an *act*: it is told in the story, may be killed, and whatever a running product would not
survive is a violation. While an act waits (for the partner, or stalled), other acts take place in the same thread; the
product holds no transaction then, so they are as interleaved as two processes would be.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, connection, connections
from procrastinate.exceptions import ConnectorException
from psycopg.pq import TransactionStatus

from backoffice.accounts.policies import Refused
from backoffice.approvals.policies import Conflict
from backoffice.clients.models import Client
from backoffice.database import embedded
from backoffice.funding import tasks
from backoffice.funding.models import Kind, Operation
from backoffice.funding.services import creating, expiring, resolving, sending
from backoffice.funding.services.creating import EqualRequest, Intent, NotFundable
from backoffice.funding.services.doorbells import SEND
from backoffice.mirror import partners
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.coinmena.config import CoinmenaConfig, load_private_key
from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.clock import Clock
from tests import database
from tests.faults.cast import make_assets, make_cast, make_leaver
from tests.faults.damage import Damage
from tests.faults.killed import Killed
from tests.faults.oracle import Scripted, Violation, count_violations, read_books
from tests.faults.partner_side import PartnerSide
from tests.faults.rows import Rows, raw_connection
from tests.faults.virtual import NANOSECONDS, VirtualClock
from tests.faults.watch import Watch
from tests.faults.wire import Line

Result = TypeVar("Result")

SWEEP_SECONDS: Final = 10
#: How deep acts may take place inside the waiting of others: two workers and a person at once.
DEEPEST: Final = 3
#: What a page answers with a sentence; nobody is surprised by it.
REFUSALS: Final = (Refused, Conflict, EqualRequest, NotFundable)
OVERSLEPT_NS: Final = NANOSECONDS // 10
BETWEEN_SCHEDULES_SECONDS: Final = 26 * 3600


@dataclass(order=True)
class Event:
    """Something that will happen at a moment of true time."""

    at_ns: int
    number: int
    label: str = field(compare=False)
    act: Callable[[], object] = field(compare=False)
    is_fault: bool = field(compare=False, default=False)


class World:
    """A database clone, a sandbox and the people; schedules run in it one after another, each with clients of its own.

    Open one with `opened`. ``story`` is what has happened in the schedule so far, for people to read.
    """

    def __init__(self, server: embedded.Embedded, name: str) -> None:
        self.server, self.name = server, name
        self.clock = VirtualClock(waiting=self._others_act)
        self.database = raw_connection(server, name)
        self.sandbox = Sandbox(
            clock=Clock(now_ns=self.clock.nanoseconds, sleep=self.clock.sleep),
            on_arrival=lambda arrival: self.watch.arrived(arrival),
        )
        self.clock.partner = self.sandbox
        self.line = Line(self.sandbox, self.clock)
        self.watch = Watch(self.database, self.clock, self.line)
        self.damage = Damage(self.clock, self.sandbox, is_acting=lambda: self._depth > 0)
        self.line.before_handing_in = self.damage.before_handing_in
        self.partner = PartnerSide(self.sandbox, self.line)
        self.rows = Rows(self.database, self.clock, statements=lambda: self.damage.statements)
        self.fired: Counter[str] = Counter()
        self.scripted = Scripted()
        self.random = Random(0)
        self.story: list[str] = []
        self.tells_moves = False
        self.surprises: list[str] = []
        self.clients: list[Client] = []
        self._clients_of_ours: dict[tuple[Any, ...], CoinmenaClient] = {}
        self._events: list[Event] = []
        self._numbers = count()
        self._credentials = (settings.COINMENA_PARTNER_ID, settings.COINMENA_PRIVATE_KEY)
        self._depth = 0
        self._holders = count(1)
        self.began_ns = self.clock.true_ns
        self.cast, self.assets = make_cast(), make_assets()
        self.watch.entitled = {manager.pk: (self.clock.true(), None) for manager in self.cast.managers}
        self.rows.log_moves()

    @property
    def operations(self) -> dict[int, str]:
        """The operations of this schedule, by id, with their references."""
        return self.rows.operations

    # A schedule's beginning -------------------------------------------------------------------------------------------

    def begin(self, random: Random) -> None:
        """Forget the last schedule: its faults, clients and story; a day passes, so nothing of it is expected."""
        self.random = random
        self.faults_off()
        self.partner.begin()
        self.clock.forget_offsets()
        self.clock.pass_by(BETWEEN_SCHEDULES_SECONDS)
        self.story, self.surprises, self.fired, self.scripted = [], [], Counter(), Scripted()
        self.watch.violations.clear()
        self.line.forget()
        self.clients, self._events, self._depth = [], [], 0
        self.operations.clear()
        self.rows.forget()
        self.began_ns = self.clock.true_ns
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
        self.fired += self.partner.faults_off()
        self.fired += self.damage.fired
        self.clock.put_off(0.0)
        self.damage.clear()
        self.own_credentials()
        self._events = [event for event in self._events if not event.is_fault]
        heapq.heapify(self._events)

    def new_client(self, balance: str = "5000", asset: str = "USD") -> Client:
        """Register somebody who can be funded, here and at the partner, with something to withdraw."""
        name = f"user_{uuid4().hex[:12]}"
        self.partner.register(name, balance, asset)
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

    # The partner ------------------------------------------------------------------------------------------------------

    def alter_order(self, reference: str, changes: dict[str, Any]) -> None:
        """Have the partner change, or hide, an order that we know as completed."""
        row = self.database.execute("SELECT state FROM funding_operation WHERE reference = %s", (reference,)).fetchone()
        if row is not None and row["state"] == "completed" and self.partner.alter_order(reference, changes):
            self.scripted.altered.add(reference)
            self.fired["F31 altered"] += 1

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
        for move in self.rows.new_moves() if self.tells_moves else ():
            self.tell(f"  {move['reference']}: {move['before'] or 'new'} → {move['after']}")

    def surprised(self, label: str, error: Exception) -> None:
        self.surprises.append(f"{label} raised {type(error).__name__}: {error}")

    def tell(self, sentence: str) -> None:
        seconds = (self.clock.true_ns - self.began_ns) / NANOSECONDS
        self.story.append(f"{seconds:9.2f} s {'  ' * self._depth}{sentence}")

    def _drop_connection(self) -> None:
        """Take everything from the connection that the death of its process would: what was not committed was rolled
        back, and `DISCARD ALL` makes it as new. A truly new one is the same, after the server has read its catalogue
        and compiled its triggers once more; where the connection is not sound, there is a new one."""
        raw = connection.connection
        if raw is None or raw.closed or raw.info.transaction_status is not TransactionStatus.IDLE:
            connection.close()
            return
        raw.execute("DISCARD ALL")
        connection.init_connection_state()

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
        self.expire()
        due = self.act("sweep", lambda: tasks.waiting(self.clock.now())) or []
        for task, operation_id in due:
            if operation_id in self.operations:
                self.send(operation_id) if task == SEND else self.resolve(operation_id)

    def expire(self) -> None:
        """Let the periodic task end what was not decided on, or not sent, in time."""
        self.act("sweep expires", expiring.expire_due)

    def _worker(self) -> str:
        return f"worker {next(self._holders) % 8 + 1}"

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

    # Looking ----------------------------------------------------------------------------------------------------------

    def state_of(self, operation: Operation) -> str:
        return self.rows.states().get(operation.pk, "")

    def leaver_leaves(self) -> None:
        """Close a manager's account: what they approved until now counts, and from now on they may approve nothing."""
        self.clock.tick()
        self.database.execute("UPDATE accounts_person SET is_active = false WHERE id = %s", (self.cast.leaver.pk,))
        since, _until = self.watch.entitled[self.cast.leaver.pk]
        self.watch.entitled[self.cast.leaver.pk] = (since, self.clock.true())
        self.tell("Sami's account is closed")

    def _replace_leaver(self) -> None:
        """Have another manager where one has left: it takes two people to open a closed account again."""
        _since, until = self.watch.entitled[self.cast.leaver.pk]
        if until is not None:
            self.cast.leaver = make_leaver(f"sami{len(self.watch.entitled)}@example.com")
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
        self.database = self.watch.database = raw_connection(self.server, name)
        self.rows.reconnected(self.database)

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

    def close(self) -> None:
        self.database.close()
        self.sandbox.close()


def _short(result: object) -> str:
    if isinstance(result, Operation):
        return f"{result.reference} {result.state}"
    return str(result)


def token() -> UUID:
    """Make a form's token."""
    return uuid4()

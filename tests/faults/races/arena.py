"""Where races are run: real threads with connections of their own, real commits, the sandbox over real HTTP."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import Final
from unittest.mock import patch

from django.db import connection

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import Refused
from backoffice.approvals import pace
from backoffice.approvals.policies import Conflict
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Operation
from backoffice.funding.services.creating import EqualRequest
from tests.funding.cast import mirrored_asset, mirrored_client
from tests.partners import Partners

RACERS: Final = 8
#: What a loser may be told. Anything else, an error of the database for one, ends the race.
REFUSALS: Final = (Conflict, EqualRequest, Refused)

Act = Callable[[], object]


class Threads:
    """Threads that outlive the rounds, so that a round begins with open connections and all at one moment."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(RACERS + 1, thread_name_prefix="racer")

    def race(self, acts: Sequence[Act]) -> list[object]:
        """Do every act at the same moment, and return what each came to: its result, or how it was refused."""
        start = Barrier(len(acts))

        def run(act: Act) -> object:
            start.wait()
            try:
                return act()
            except REFUSALS as refusal:
                return refusal

        return list(self._pool.map(run, acts))

    def close(self) -> None:
        self.race([lambda: connection.close()] * (RACERS + 1))  # asked in each thread: the name means its own one
        self._pool.shutdown()


@dataclass(frozen=True)
class Arena:
    """Who races, about what, and the partner they race to."""

    threads: Threads
    partners: Partners
    maya: Person
    managers: tuple[Person, ...]
    usd: Asset
    clients: tuple[Client, ...]

    @property
    def client(self) -> Client:
        return self.clients[0]

    def all_at_once(self, act: Callable[[int], object]) -> list[object]:
        """Have every racer do ``act`` with its own number."""
        return self.threads.race([lambda number=number: act(number) for number in range(RACERS)])  # type: ignore[misc]


@contextmanager
def arena(partners: Partners) -> Iterator[Arena]:
    """Set the arena up in the database that is connected and at the partner, and end its threads after the block.

    Rounds come faster than people read, so managers may approve as often as they like (S38 has tests of its own).
    """
    partners.reset()
    threads = Threads()
    try:
        with patch.object(pace, "MOST_IN_A_MINUTE", 1_000_000):
            yield Arena(threads, partners, _finance(), _managers(), mirrored_asset(), _clients(partners))
    finally:
        threads.close()


def winners(results: list[object]) -> list[object]:
    """Return what was not refused, and not answered with "nothing to do"."""
    return [one for one in results if one and not isinstance(one, REFUSALS)]


def told_of(operation: Operation) -> list[str]:
    """Return the events that the audit log has of an operation, in order, refusals left out."""
    entries = Entry.objects.filter(object_type="operation", object_id=operation.reference, result=Entry.Result.DONE)
    return list(entries.order_by("number").values_list("event", flat=True))


def _finance() -> Person:
    return Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role=Role.FINANCE)


def _managers() -> tuple[Person, ...]:
    return tuple(
        Person.objects.create_person(email=f"m{n}@example.com", name=f"Manager {n}", role=Role.MANAGER, password="used")
        for n in range(RACERS)
    )


def _clients(partners: Partners) -> tuple[Client, ...]:
    clients = tuple(mirrored_client(f"racer_{number}", name=f"Racer {number}") for number in range(RACERS))
    for client in clients:
        partners.make_client(client.partner_client_id)
        partners.adjust(client.partner_client_id, "USD", change="100000000.00")
    return clients

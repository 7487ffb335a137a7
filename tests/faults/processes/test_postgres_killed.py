"""The database fails in every way it can, under real workers, and costs nothing (reliability.md §12, F23 to F25)."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Final, LiteralString

import psycopg
import pytest
from django.db import connection, connections
from procrastinate.contrib.django.models import ProcrastinateWorker
from pytest_django.plugin import DjangoDbBlocker

from backoffice.database import embedded
from backoffice.funding.models import AttemptOutcome, Operation
from backoffice.funding.states import TERMINAL_STATES, State
from tests import database
from tests.faults.processes.cycles import MOST_CRASHES, Drive
from tests.faults.processes.own_server import OwnServer, own_server
from tests.faults.processes.test_kills import host_of, until
from tests.faults.processes.world import World, world

WORKERS: Final = 2
ENDED_AT_LEAST: Final = 10
#: Seconds after a restart, where the machine has nothing else to do.
COMES_BACK_WITHIN_SECONDS: Final = 180
ROLE: Final = f"ALTER ROLE {embedded.APPLICATION} IN DATABASE"
SETTLED: Final = tuple(TERMINAL_STATES)
BACKENDS: Final = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND usename = %s AND pid <> %s AND query NOT ILIKE 'LISTEN%%'
"""
#: Ends a backend and waits for that: what it was about to commit is there or will never be.
GONE: Final = "SELECT pg_terminate_backend(%s, 60000)"
WAITS: Final = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = %s"
FULL: Final = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk();
    ALTER TABLE {table} ENABLE ALWAYS TRIGGER full_disk;
"""
EMPTIED: Final = "DROP TRIGGER full_disk ON {table}; DROP FUNCTION full_disk();"


def administer(server: embedded.Embedded, name: str) -> psycopg.Connection:
    return psycopg.connect(server.server.get_uri(database=name), autocommit=True)


def put_to_work(place: World) -> None:
    for number in range(WORKERS):
        place.fork("worker", name=f"worker {number}")


def own_backend() -> int:
    """Return which backend serves this process, so that it is spared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_backends_ended_at_random_cost_nothing(committed: str, postgres: embedded.Embedded) -> None:
    random, ended = Random(1), 0
    with world(host_of(postgres), committed, seed=1) as place, administer(postgres, committed) as admin:
        put_to_work(place)
        finish = time.monotonic() + 8
        while time.monotonic() < finish or ended <= ENDED_AT_LEAST:
            assert time.monotonic() < finish + 120
            place.submit(place.form())
            time.sleep(random.uniform(0.05, 0.3))
            backends = admin.execute(BACKENDS, [embedded.APPLICATION, own_backend()]).fetchall()
            for (pid,) in random.sample(backends, min(2, len(backends))):
                admin.execute("SELECT pg_terminate_backend(%s)", [pid])
                ended += 1
        until(place, 180, *SETTLED)

        assert ended > ENDED_AT_LEAST
        assert place.count().all == []


@pytest.fixture(scope="module")
def fragile() -> Iterator[OwnServer]:
    """A server that nobody else uses."""
    with own_server() as server:
        yield server


@contextmanager
def world_on(server: OwnServer, blocker: DjangoDbBlocker, seed: int) -> Iterator[World]:
    """Set up a world on a server of its own, and point Django back at the shared one afterwards."""
    former = dict(connections["default"].settings_dict)
    name = database.clone(server.embedded)
    with blocker.unblock():
        database.connect_to(server.embedded, name)
        try:
            with world(server.host, name, seed=seed) as place:
                yield place
        finally:
            connections.close_all()
            database.connect_to(database.start_server(), former["NAME"])


def test_a_server_that_is_killed_and_started_again_costs_nothing(
    fragile: OwnServer, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with world_on(fragile, django_db_blocker, seed=2) as place:
        put_to_work(place)
        for _ in range(2):
            for _ in range(6):
                place.submit(place.form())
            time.sleep(place.random.uniform(0.1, 1.0))
            fragile.kill()
            connections.close_all()
            time.sleep(0.5)
            fragile.start()
        until(place, COMES_BACK_WITHIN_SECONDS, *SETTLED)

        assert place.stable.ended() == {}, "a worker outlives its database's restart"
        assert place.count().all == []


@pytest.mark.parametrize(
    ("point", "is_durable"),
    [
        ("C4:1", "SELECT count(*) > 0 FROM funding_attempt WHERE operation_id = %s"),
        ("C10:1", "SELECT state = 'completed' FROM funding_operation WHERE id = %s"),
    ],
)
def test_a_commit_that_nobody_heard_of_is_read_again(
    fragile: OwnServer, django_db_setup: None, django_db_blocker: DjangoDbBlocker, point: str, is_durable: LiteralString
) -> None:
    """A commit waits for a standby that is not there; its backend is ended just then: durable, and not confirmed."""
    with world_on(fragile, django_db_blocker, seed=3) as place, administer(fragile.embedded, place.database) as admin:
        worker = place.fork("worker", name="worker 1", fail_at=point, number=int(signal.SIGSTOP))
        operation = place.submit(place.form(), is_troubled=False)
        place.until_stopped(worker, seconds=90)
        with confirming_nothing(fragile, admin):
            place.stable.signal(worker, signal.SIGCONT)
            until_one(lambda: end_commits(admin))
            until_one(lambda: is_further(admin, operation, is_durable))
        until(place, 180, State.COMPLETED)

        assert len(place.partners.orders_under(operation.reference)) == 1
        assert place.count().all == []


def is_further(admin: psycopg.Connection, operation: Operation, is_durable: LiteralString) -> bool:
    """End what waits, and tell whether an operation has come so far: what comes after waits as well."""
    end_commits(admin)
    row = admin.execute(is_durable, [operation.pk]).fetchone()
    return bool(row and row[0])


@contextmanager
def confirming_nothing(server: OwnServer, admin: psycopg.Connection) -> Iterator[None]:
    """Let no commit return inside the block; whoever is let go on in it finds that in force."""
    server.set("synchronous_standby_names = 'nobody'")
    try:
        until_one(lambda: keeps_waiting(admin))
        yield
    finally:
        server.set("synchronous_standby_names = ''")


def keeps_waiting(admin: psycopg.Connection) -> bool:
    """Tell whether a commit waits to be confirmed, by one that is given up for that; the server may not know it yet."""
    with closing(psycopg.connect(admin.info.dsn, autocommit=True)) as probe:
        probe.pgconn.send_query(b"SELECT pg_logical_emit_message(true, 'probe', '')")
        while probe.pgconn.is_busy():
            waits = admin.execute(WAITS, [probe.info.backend_pid]).fetchone()
            if waits is not None:
                admin.execute("SELECT pg_terminate_backend(%s)", [probe.info.backend_pid])
                return True
            time.sleep(0.02)
            probe.pgconn.consume_input()
    return False


def end_commits(admin: psycopg.Connection) -> bool:
    """End the backends that wait for their commit to be confirmed, and tell whether there were any."""
    found = admin.execute("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchall()
    for (pid,) in found:
        admin.execute("SELECT pg_terminate_backend(%s)", [pid])
    time.sleep(0.05)
    return bool(found)


def until_one(is_so: Callable[[], bool], seconds: float = 90) -> None:
    patience = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_a_disk_that_is_full_stops_sending_and_loses_nothing(committed: str, postgres: embedded.Embedded) -> None:
    """Wherever a write fails, nothing is sent without its claim and no state changes without its entry (F25)."""
    tables = ("funding_attempt", "funding_attemptoutcome", "audit_entry", "funding_lookup", "funding_lookupanswer")
    with world(host_of(postgres), committed, seed=4) as place, administer(postgres, committed) as admin:
        place.partners.settings(latency_ms=300)
        put_to_work(place)
        until_one(lambda: bool(ProcrastinateWorker.objects.count() == WORKERS))  # none starts beside a foreign trigger
        for table in tables:
            for _ in range(4):
                place.submit(place.form())
            time.sleep(0.4)
            admin.execute(FULL.format(table=table).encode())
            time.sleep(1.5)
            admin.execute(EMPTIED.format(table=table).encode())
        until(place, 180, *SETTLED)

        assert place.count().all == []


def test_processes_that_cannot_start_end_the_drive_and_are_told_of(committed: str, postgres: embedded.Embedded) -> None:
    with world(host_of(postgres), committed, seed=6) as place, administer(postgres, committed) as admin:
        admin.execute(FULL.format(table="funding_attempt").encode())  # workers refuse to work beside it
        outcome = Drive(place).run(cycles=1_000)

    assert len([one for one in outcome.wrong if "ended with 1" in one]) >= MOST_CRASHES


def test_a_database_that_only_reads_sends_nothing(committed: str, postgres: embedded.Embedded) -> None:
    with world(host_of(postgres), committed, seed=5) as place, administer(postgres, committed) as admin:
        place.partners.settings(latency_ms=600)
        put_to_work(place)
        place.submit(place.form(), is_troubled=False)
        until(place, 90, State.SUBMITTING, State.COMPLETED)
        admin.execute(f"{ROLE} {committed} SET default_transaction_read_only = on".encode())
        for (pid,) in admin.execute(BACKENDS, [embedded.APPLICATION, own_backend()]).fetchall():
            admin.execute(GONE, [pid])
        written_before = AttemptOutcome.objects.count()
        waiting = place.submit(place.form(), is_troubled=False)
        time.sleep(3)
        sent_meanwhile = len(place.partners.ledger(reference=waiting.reference)["arrivals"])
        written_meanwhile = AttemptOutcome.objects.count() - written_before
        admin.execute(f"{ROLE} {committed} RESET ALL".encode())
        until(place, 60, State.COMPLETED)

        assert (sent_meanwhile, written_meanwhile) == (0, 0)
        assert place.count().all == []
        assert Operation.objects.filter(state=State.COMPLETED).count() == 3

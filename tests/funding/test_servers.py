"""A database server that was switched over is found out before money moves, and locks once (reliability.md C17)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django.fixtures import DjangoAssertNumQueries

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.clients.models import Asset, Client
from backoffice.database import clock, embedded, server
from backoffice.database.checks import look, refuse_to_start_unarmed
from backoffice.funding import tasks
from backoffice.funding.freezing.policies import frozen_sentence
from backoffice.funding.freezing.reasons import SWITCHED_OVER
from backoffice.funding.freezing.standstill import notices
from backoffice.funding.models import Attempt, Freeze, Gate, Scope
from backoffice.funding.services.brakes import keep_to_environment
from backoffice.funding.services.claiming import claim
from backoffice.funding.services.freezing import freeze_after_restore
from backoffice.funding.services.servers import BY, keep_to_server
from backoffice.funding.states import State
from backoffice.mirror.partners import coinmena as coinmena_client
from backoffice.worker.starting import look_around
from tests.audit.conftest import second_place  # noqa: F401 - a fixture
from tests.audit.sealing.sealed_log import three_seals
from tests.faults.processes.own_server import OwnServer
from tests.funding.cast import approved_by, deposit, now, sent, withdrawal
from tests.partners import Partners

ELSEWHERE = "7711336534028177730/0000000A"


def switch_over() -> None:
    """Have the data come from another server: here is one that our rows do not know."""
    keep_to_server()
    assert Gate.objects.update(server=ELSEWHERE) == 1


def test_the_first_look_notes_the_server_and_holds_nothing(committed: str) -> None:
    assert Gate.objects.get().server == ""

    for _look in range(2):
        look_around()

    assert Gate.objects.get().server == server.here() != ""
    assert not Freeze.objects.exists()


def test_a_worker_on_another_server_freezes_everything_before_its_first_job_and_once(committed: str) -> None:
    switch_over()

    for _look in range(2):
        look_around()

    lock = Freeze.objects.get()
    assert (lock.scope, lock.frozen_by, lock.reason) == (Scope.EVERYTHING, None, SWITCHED_OVER)
    assert len(lock.reason) <= 200, "its page shows all of it"
    assert Gate.objects.get().server == server.here()
    entry = Entry.objects.get(event="freeze.made")
    assert (entry.who, entry.reason) == (BY.name, SWITCHED_OVER)
    assert frozen_sentence(lock).endswith("because the database server was switched over or restored.")
    assert [notice.text for notice in notices(clock.now())] == [
        "The database server was switched over or restored: nothing is sent until two people have looked."
    ]


def test_a_claim_on_another_server_locks_instead_and_sends_nothing(
    coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset
) -> None:
    """What the lost seconds had sent is approved here, and would be refused for want of funds."""
    sent(deposit(maya, noura, usd))
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    switch_over()

    assert claim(operation.pk, "worker 1") is None

    assert now(operation).state == State.APPROVED and not Attempt.objects.filter(operation=operation).exists()
    assert Freeze.objects.get().reason == SWITCHED_OVER
    assert coinmena.ledger(reference=operation.reference)["arrivals"] == []


def test_a_server_that_a_pooler_switches_in_the_middle_of_a_claim_is_claimed_nothing_on(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(deposit(maya, noura, usd))
    operation = deposit(maya, noura, usd, "7.00")
    monkeypatch.setattr("backoffice.funding.services.claiming.keep_to_environment", lambda *_asked: switch_over())

    assert claim(operation.pk, "worker 1") is None

    assert now(operation).state == State.APPROVED and not Attempt.objects.filter(operation=operation).exists()


def test_a_restore_that_is_told_locks_where_the_server_does_not_say_who_it_is(
    committed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_read_file('postgresql.conf')")
        raise AssertionError("the login may read files")

    monkeypatch.setattr("backoffice.funding.services.freezing.here", refused)

    assert freeze_after_restore(backup_at=clock.now(), by=BY) == Freeze.objects.get()
    assert Gate.objects.get().server == ""


def test_nothing_starts_where_nobody_may_ask_which_server_it_is(
    committed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look() == []
    monkeypatch.setattr(server, "NEEDED", (*server.NEEDED, "pg_read_file(text)", "pg_of_another_make()"))

    with pytest.raises(ImproperlyConfigured, match=r"may not call pg_read_file\(text\), pg_of_another_make\(\): grant"):
        refuse_to_start_unarmed()


def test_a_sweep_on_another_server_locks_before_anything_expires(
    committed: str, maya: Person, omar: Person, noura: Client, usd: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = approved_by(omar, withdrawal(maya, noura, usd))
    switch_over()
    later = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)

    tasks.sweep(timestamp=0)

    assert now(operation).state == State.APPROVED
    assert Freeze.objects.get().reason == SWITCHED_OVER


def test_a_claim_asks_for_the_server_and_the_environment_at_once(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sent(deposit(maya, noura, usd))

    with django_assert_num_queries(1):
        keep_to_environment(coinmena_client().environment, "worker 1")

    assert not Freeze.objects.exists()


# What the lock reaches back to ----------------------------------------------------------------------------------------


def test_the_lock_reaches_back_to_the_last_claim_whatever_was_written_since(
    coinmena: Partners, maya: Person, noura: Client, usd: Asset
) -> None:
    """People sign in on the new server before a worker looks; what is missing is older than that."""
    sent(deposit(maya, noura, usd))
    deposit(maya, noura, usd, "2.00")
    switch_over()

    keep_to_server()

    assert Freeze.objects.get().backup_at == Attempt.objects.get().claimed_at


@pytest.mark.usefixtures("coinmena", "second_place")
def test_the_lock_reaches_back_to_the_newest_seal() -> None:
    seal = three_seals()[-1]
    switch_over()

    keep_to_server()

    assert Freeze.objects.get().backup_at == seal.at


def test_where_nothing_was_ever_claimed_the_lock_reaches_back_from_now(committed: str) -> None:
    switch_over()
    before = clock.now()

    keep_to_server()

    backup_at = Freeze.objects.get().backup_at
    assert backup_at is not None and before <= backup_at <= clock.now()


# Restores that are told -----------------------------------------------------------------------------------------------


def test_a_restore_that_was_told_on_this_server_is_not_locked_for_again(committed: str) -> None:
    switch_over()
    lock = freeze_after_restore(backup_at=clock.now(), by=BY)

    look_around()

    assert Freeze.objects.get() == lock and lock.restored_again_at is None
    assert Gate.objects.get().server == server.here()
    assert not Entry.objects.filter(event="freeze.restored_again").exists()


def test_a_lock_that_came_with_the_data_counts_from_now_once(committed: str) -> None:
    """It may have been released in the seconds that are missing, and money sent after that."""
    older = freeze_after_restore(backup_at=clock.now(), by=BY)
    switch_over()

    for _look in range(2):
        look_around()

    lock = Freeze.objects.get()
    assert lock == older and lock.restored_at > older.frozen_at
    assert Entry.objects.get(event="freeze.restored_again").reason == SWITCHED_OVER


# A real server --------------------------------------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[tuple[OwnServer, Path]]:
    with TemporaryDirectory(prefix="own-postgres-") as name:
        directory = Path(name) / "data"
        own = OwnServer(directory)
        yield own, directory
        own.embedded.stop()


def told_by(own: OwnServer) -> str:
    with psycopg.connect(f"host={own.host} dbname=postgres user={embedded.APPLICATION}") as connection:
        row = connection.execute(server._HERE.encode()).fetchone()
    assert row is not None
    return row[0] or ""


def test_a_restart_keeps_the_identity_and_a_promotion_changes_it_at_once(own: tuple[OwnServer, Path]) -> None:
    postgres, directory = own
    first = told_by(postgres)
    postgres.kill()
    postgres.start()
    assert told_by(postgres) == first

    postgres.kill()
    (directory / "standby.signal").touch()
    postgres.start()
    assert told_by(postgres) == "", "a standby is no server to send from"
    with postgres.embedded.administer() as admin:
        admin.execute("SELECT pg_promote()")

    name, timeline = told_by(postgres).split("/")
    assert (name, timeline) == (first.split("/")[0], "00000002")

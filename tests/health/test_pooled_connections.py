"""A database that was restarted, or failed over, costs nobody a page: pooled connections are looked at before use."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections
from procrastinate.contrib.django import app

from backoffice.database.embedded import Embedded
from backoffice.mirror.fetching import THREADS
from backoffice.settings import POOL
from backoffice.worker.running import CONCURRENT_JOBS
from tests.partners import Partners

IDLE = 8
#: What a worker reads of the partners by itself.
READINGS = sorted(name for name in app.tasks if ".tasks.sync_" in name)
#: Of the readings of the partners, those that ask for pages ahead: orders and clients.
READ_AHEAD = 2


@pytest.fixture
def pooled(committed: str) -> Iterator[Any]:
    """The connection of this thread, out of the pool that production has and tests have not."""
    ours: Any = connections["default"]
    ours.close()
    ours.settings_dict["OPTIONS"]["pool"] = dict(POOL)
    yield ours
    ours.close_pool()
    ours.settings_dict["OPTIONS"].pop("pool")
    ours.close()


def answer_at_once(count: int) -> int:
    """Leave ``count`` connections idle in the pool, and return how many threads had one at the same time."""
    together, had_one = threading.Barrier(count), list[int]()

    def use() -> None:
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT 1")
            had_one.append(together.wait(timeout=10))
        except (OperationalError, threading.BrokenBarrierError):
            together.abort()
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=use) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(had_one)


def test_connections_that_died_while_idle_are_handed_to_nobody(postgres: Embedded, pooled: Any, committed: str) -> None:
    answer_at_once(IDLE)
    with postgres.administer() as admin:
        ended = admin.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s",
            [committed],
        ).fetchone()
    assert ended is not None and ended[0] >= IDLE

    for _ in range(IDLE):
        with pooled.cursor() as cursor:
            cursor.execute("SELECT 1")
        pooled.close()


def test_every_job_of_a_worker_finds_a_connection_while_pages_are_read_ahead(pooled: Any) -> None:
    """Sends keep theirs for as long as the partner takes; who finds none gets an error after ten seconds."""
    pooled.settings_dict["OPTIONS"]["pool"]["timeout"] = 1
    at_once = CONCURRENT_JOBS + READ_AHEAD * THREADS
    assert answer_at_once(at_once) == at_once


@pytest.mark.parametrize("reading", READINGS)
def test_a_reading_of_the_partners_gives_its_connection_back(committed: str, partners: Partners, reading: str) -> None:
    """The thread's next job is perhaps a payment, and nobody looks again at a connection that it still has."""
    app.tasks[reading].func(timestamp=0)
    assert connections["default"].connection is None


def test_there_are_readings() -> None:
    assert len(READINGS) == 5

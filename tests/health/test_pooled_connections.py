"""A database that was restarted, or failed over, costs nobody a page: pooled connections are looked at before use."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from backoffice.database.embedded import Embedded
from backoffice.settings import POOL

IDLE = 8


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


def answer_at_once(count: int) -> None:
    """Leave ``count`` connections idle in the pool: as many threads had one at the same time."""
    together = threading.Barrier(count)

    def use() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
        together.wait(timeout=10)
        connections["default"].close()

    threads = [threading.Thread(target=use) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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

"""An outage of the database is ours for no more than seconds longer."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import OperationalError, connections

from backoffice.database.embedded import Embedded
from backoffice.settings import POOL
from backoffice.worker import running

#: Long enough for a pool that only doubles its waits to be in one of eight seconds, which began after the seventh.
OUTAGE_SECONDS: Final = 8
WITHIN_SECONDS: Final = 4


@pytest.fixture
def pooled(committed: str) -> Iterator[Any]:
    """The connection of this thread, out of the pool that production has; but who asks gives up after a second, so that
    the outage is over when it says."""
    ours: Any = connections["default"]
    ours.close()
    ours.settings_dict["OPTIONS"]["pool"] = {**POOL, "timeout": 1}
    yield ours
    ours.close_pool()
    ours.settings_dict["OPTIONS"].pop("pool")
    ours.close()


def answers(connection: Any) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return False
    finally:
        connection.close()
    return True


def test_the_first_page_after_an_outage_comes_soon_after_it(postgres: Embedded, pooled: Any, committed: str) -> None:
    assert answers(pooled)
    with postgres.administer() as admin:
        admin.execute(f"ALTER DATABASE {committed} ALLOW_CONNECTIONS false".encode())
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [committed])
        over_at = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < over_at:
            assert not answers(pooled)
        admin.execute(f"ALTER DATABASE {committed} ALLOW_CONNECTIONS true".encode())
    came_back_at = time.monotonic()

    while not answers(pooled):
        assert time.monotonic() < came_back_at + WITHIN_SECONDS


def test_the_pool_of_the_librarys_worker_is_as_patient_as_ours(committed: str) -> None:
    async def opened() -> tuple[float, float]:
        connector = running._connector()
        await connector.open_async()
        pool = connector.pool
        await connector.close_async()
        return pool.timeout, pool.reconnect_timeout

    assert asyncio.run(opened()) == (POOL["timeout"], POOL["reconnect_timeout"])

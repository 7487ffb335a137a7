"""A worker that is asked to stop says so to whatever can wait, and a job that ends because of it has not failed."""

import asyncio
import os
import signal
from threading import Event

import pytest

from backoffice.accounts.context import one_job
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.reading import read_as_a_job
from backoffice.orders.models import Order
from backoffice.worker import running, stopping
from backoffice.worker.stopping import Stopping, stop_if_asked
from tests.partners import Partners, minutes_ago
from tests.stopping import asked_to_stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_what_can_wait(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_asked", Event())

    async def signalled() -> None:
        stop = running._stop_signal()
        stop_if_asked()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 5)

    asyncio.run(signalled())

    with pytest.raises(Stopping):
        stop_if_asked()


def test_a_job_that_ends_with_its_worker_has_not_failed(db: None) -> None:
    with asked_to_stop(), one_job():
        stop_if_asked()


def test_a_reading_that_ends_with_its_worker_is_taken_up_by_the_next(committed: str, partners: Partners) -> None:
    partners.make_client("user_1")
    partners.make_order("user_1", created_at=minutes_ago(60))
    with asked_to_stop():
        read_as_a_job(Mirror.ORDERS)
    left = SyncRun.objects.get()
    assert (left.state, Order.objects.count()) == (SyncRun.State.RUNNING, 0)

    read_as_a_job(Mirror.ORDERS)

    left.refresh_from_db()
    assert (left.state, Order.objects.count()) == (SyncRun.State.COMPLETE, 1)

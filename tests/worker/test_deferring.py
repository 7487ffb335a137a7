"""Periodic jobs go on when the machine's clock was wrong for a while and is set right (F22)."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.worker import Worker

from backoffice.database import clock
from backoffice.funding.services.doorbells import RESOLVE, ring_once, ring_to_resolve
from backoffice.worker.deferring import Deferrer

START: Final = 1_800_000_000.0


def due(deferrer: PeriodicDeferrer, at: float) -> list[str]:
    return [one.task.name for one, _timestamp in deferrer.get_previous_tasks(at=at)]


@pytest.fixture
def deferrer() -> Deferrer:
    return Deferrer(registry=app.periodic_registry)


def test_a_worker_defers_with_the_memory_that_can_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    worked = list[PeriodicDeferrer]()

    async def work(deferrer: PeriodicDeferrer) -> None:
        worked.append(deferrer)

    monkeypatch.setattr(PeriodicDeferrer, "worker", work)

    asyncio.run(Worker(app=app)._periodic_deferrer())  # type: ignore[no-untyped-call]

    assert [type(one) for one in worked] == [Deferrer]


@pytest.mark.parametrize("hours", [1, 6, 72])
def test_the_sweep_goes_on_within_seconds_of_the_clock_being_set_back(deferrer: Deferrer, hours: int) -> None:
    due(deferrer, START)
    due(deferrer, START + hours * 3600)

    back = [due(deferrer, START + second) for second in range(10, 70)]

    assert "funding.sweep" in back[0], "at once"
    assert sum(one.count("funding.sweep") for one in back) == 13, "and then every five seconds, each of them once"
    assert sum("late_orders" in name for one in back for name in one) <= 2, "and what comes each minute, as often"


def test_a_clock_that_trembles_defers_nothing_twice(deferrer: Deferrer) -> None:
    moments = [START + 1, START + 5.6, START + 2.1, START + 5.2, START + 10.6]

    swept = [due(deferrer, at).count("funding.sweep") for at in moments]

    assert swept == [1, 1, 0, 0, 1]


def test_a_daily_job_that_a_wrong_clock_brought_forward_comes_again_at_its_time(deferrer: Deferrer) -> None:
    daily = "backoffice.worker.tasks.forget_old_jobs"
    its_time = next(START + second for second in range(0, 86_400, 60) if daily in due(deferrer, START + second))

    hours_before, at_its_time = (daily in due(deferrer, its_time - seconds) for seconds in (2 * 3600, 0))

    assert (hours_before, at_its_time) == (False, True)


def test_a_bell_set_for_later_while_the_clock_ran_ahead_does_not_keep_the_sweep_from_ringing(db: None) -> None:
    """The library plans by the machine's clock; the sweep goes by the operation's own row."""
    ring_to_resolve(7, in_seconds=6 * 3600)

    ring_once(RESOLVE, 7)

    now = clock.now()
    planned = ProcrastinateJob.objects.filter(task_name=RESOLVE).values_list("scheduled_at", flat=True)
    assert sorted(moment is None or moment < now + timedelta(seconds=5) for moment in planned) == [False, True]

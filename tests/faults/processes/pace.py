"""Drive (b) runs the product's own code at a quicker pace: every wait is shorter, and their order of size is kept.

What must hold between them is what must hold in earnest (reliability.md §6): a lease outlives the request it was taken
for, and the quarantine is longer than the partner's window for signatures and whatever lands late together. The
figures of recovery are measured at the real pace, in `benchmarks/bench_recovery.py`.
"""

from datetime import timedelta
from types import ModuleType
from typing import Any, Final

import attr
from django.conf import settings
from procrastinate.contrib.django import app

from backoffice.funding import policies
from backoffice.funding.services import claiming, recording, resolving
from backoffice.worker import tasks as housekeeping
from tests.faults.processes.quick import BEGIN_WITHIN_SECONDS, DEADLINE_SECONDS, QUARANTINE_SECONDS

EVERY_SECOND: Final = "* * * * * *"


def quicken() -> None:
    """Shorten the waits of the product in this process; called in processes of the tests only."""
    settings.COINMENA_DEADLINE_SECONDS = DEADLINE_SECONDS
    settings.COINMENA_QUARANTINE_SECONDS = QUARANTINE_SECONDS
    _put(claiming, BEGIN_WITHIN_SECONDS=BEGIN_WITHIN_SECONDS)
    _put(policies, RETRY_WAITS=tuple(wait / 10 for wait in policies.RETRY_WAITS))
    _put(recording, FIRST_LOOKUP_SECONDS=1)
    _put(resolving, LOOK_AFTER_SECONDS=(1, 2, 3, 4, 6), REGULAR=timedelta(seconds=2), RAREST=timedelta(seconds=4))
    _put(housekeeping, SECONDS_WITHOUT_HEARTBEAT=3)
    app.worker_defaults |= {
        "update_heartbeat_interval": 1.0,
        "stalled_worker_timeout": 3.0,
        "fetch_job_polling_interval": 0.5,
    }
    _sweep_every_second()


def _put(module: ModuleType, **constants: Any) -> None:
    """Set constants that are there; one that was renamed fails here instead of leaving a wait as long as it is."""
    for name, value in constants.items():
        assert hasattr(module, name), f"{module.__name__} has no {name}"
        setattr(module, name, value)


def _sweep_every_second() -> None:
    """Sweep every second, and leave out mirrors and runs: the former are read by processes of their own here."""
    tasks = app.periodic_registry.periodic_tasks
    kept = {key: task for key, task in tasks.items() if key[0] == "funding.sweep" or "stalled" in key[0]}
    assert len(kept) == 2
    tasks.clear()
    tasks.update({key: attr.evolve(task, cron=EVERY_SECOND) for key, task in kept.items()})

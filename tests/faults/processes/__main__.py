"""``python -m tests.faults.processes --cycles 2000 --seed 1``: as many kill cycles as wanted, world after world.

Every world has a seed of its own, counted up from the first. One JSON line a world goes to ``var/campaign``, the last
one adds them up; the exit code says whether anything was wrong.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
warnings.simplefilter("ignore")

import django  # noqa: E402

django.setup()

from django.db import connections  # noqa: E402

from backoffice.database import embedded  # noqa: E402
from tests import database  # noqa: E402
from tests.faults.processes.cycles import Drive, Outcome  # noqa: E402
from tests.faults.processes.world import world  # noqa: E402

CYCLES_A_WORLD: Final = 50
REPORTS: Final = database.ROOT / "var" / "campaign"


def run_cycles(cycles: int, seed: int) -> dict[str, Any]:
    """Run so many cycles, write them down, and return the sum."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"kills-{datetime.now(UTC):%Y%m%dT%H%M%S}-{seed}.jsonl"
    server, began, told = database.start_server(), time.monotonic(), list[dict[str, Any]]()
    while (done := sum(one["cycles"] for one in told)) < cycles:
        number = seed + len(told)
        log = report.with_suffix(f".{number}.log")
        with _database(server) as (host, name), world(host, name, number, log=log) as place:
            told.append(_told(number, Drive(place).run(min(CYCLES_A_WORLD, cycles - done))))
        _write(report, told[-1])
    total = {
        "sum": True,
        "seeds": [seed, seed + len(told) - 1],
        **_sum(told),
        "seconds": round(time.monotonic() - began),
    }
    _write(report, total)
    return total


@contextmanager
def _database(server: embedded.Embedded) -> Iterator[tuple[str, str]]:
    name = database.clone(server)
    database.connect_to(server, name)
    try:
        yield str(server.server.get_postmaster_info().socket_dir), name
    finally:
        connections.close_all()
        embedded.drop_database(server, name)


def _told(seed: int, outcome: Outcome) -> dict[str, Any]:
    found = outcome.found
    return {
        "seed": seed,
        "cycles": len(outcome.kills),
        "operations": found.operations,
        "orders": found.orders,
        "states": dict(found.states),
        "kills": outcome.per_point,
        "drained": outcome.drained,
        "held": outcome.held,
        "faults": outcome.faults,
        "doubled": len(found.doubled),
        "lost": len(found.lost),
        "misbooked": len(found.misbooked),
        "stuck": len(found.stuck),
        "unproven": len(found.unproven),
        "crashed": len(outcome.crashed),
        "wrong": outcome.wrong,
        "slowest_recovery_seconds": round(outcome.slowest_recovery, 1),
        "rest_seconds": round(outcome.rest_seconds, 1),
    }


def _sum(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Add worlds up: counts by name, figures, and of the times the worst."""
    total: dict[str, Any] = {}
    for name in told[0]:
        values = [one[name] for one in told]
        if isinstance(values[0], dict):
            total[name] = dict(sum((Counter(value) for value in values), Counter()))
        elif name.endswith("_seconds"):
            total[name] = max(values)
        elif name != "seed":
            total[name] = sum(values, start=type(values[0])())
    return total


def _write(report: Path, line: dict[str, Any]) -> None:
    text = json.dumps(line, sort_keys=False)
    with report.open("a") as written:
        written.write(text + "\n")
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run what the command line says; 1 when anything was doubled, lost, misbooked, stuck or unproven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES_A_WORLD)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        return 1 if run_cycles(options.cycles, options.seed)["wrong"] else 0
    finally:
        database.stop_server_if_last()


if __name__ == "__main__":
    sys.exit(main())

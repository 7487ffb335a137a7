"""Recovery at the product's own pace: real workers, real sockets, SIGKILL. Bounds of reliability.md §13.

Picked up: from the end of a dead worker's lease, or the start of the worker that is there, whichever is later, to the
look-up's row. Completed: from the moment the partner can be reached again to `completed`, once where it refused
connections meanwhile and once where it let every question hang. Drained: from SIGTERM in the middle of a send to the
end of the process. Run: python -m benchmarks.bench_recovery
"""

import signal
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import common

KILLED = 8
LOST = 20
AWAY_SECONDS = 80
SLOW_MS = 3_000

FIRST_LOOK = "SELECT min(asked_at) FROM funding_lookup WHERE operation_id = %s"
LEASE = "SELECT lease_until FROM funding_operation WHERE id = %s"
COMPLETED = """
    SELECT extract(epoch FROM ended_at - %s)::float8 FROM funding_operation
    WHERE state = 'completed' AND id >= %s AND ended_at > %s
"""


def main() -> int:
    """Measure, print a JSON line for each figure, and return 1 when one does not hold."""
    with common.database() as name:
        from tests import database
        from tests.faults.processes.world import world

        host = str(database.start_server().server.get_postmaster_info().socket_dir)
        with world(host, name, seed=1, is_quick=False) as place:
            holds = [
                picked_up_by_a_living_worker(place),
                picked_up_by_a_new_worker(place),
                completed_after(place, "refused", _refusing),
                completed_after(place, "hanging", _hanging),
                drained(place),
            ]
            found = place.count()
            print(*found.all, sep="\n", file=sys.stderr)
    return 0 if all(holds) and not found.all else 1


# A killed worker's open work -----------------------------------------------------------------------------------------


def picked_up_by_a_living_worker(place: Any) -> bool:
    """Kill workers in the middle of a send, one after the other, while another worker is there all the time."""
    leases = leave_open(place)
    living = place.fork("worker", name="living")
    wait_until(max(leases.values()) + timedelta(seconds=15))
    return told("picked up by a living worker, slowest", picked_up(leases), place, living)


def picked_up_by_a_new_worker(place: Any) -> bool:
    """Kill every worker, and start one when all leases are over."""
    leases = leave_open(place)
    wait_until(max(leases.values()) + timedelta(seconds=1))
    began = datetime.now(UTC)
    new = place.fork("worker", name="new")
    wait_until(began + timedelta(seconds=15))
    return told("picked up by a new worker, slowest", picked_up(leases, began), place, new)


def leave_open(place: Any) -> dict[int, datetime]:
    """Have workers die, each with one request sent and its answer in memory; return until when each lease holds."""
    leases = {}
    for number in range(KILLED):
        pid = place.fork("worker", name=f"killed {number}", fail_at="C9:1", number=int(signal.SIGKILL))
        # Each for another client: of one client only one is under way at a time.
        operation = place.submit(place.form(client=place.clients[number]), is_troubled=False)
        assert place.end_of(pid, seconds=30) == -signal.SIGKILL
        leases[operation.pk] = rows(LEASE, [operation.pk])[0][0]
    return leases


def picked_up(leases: dict[int, datetime], began: datetime | None = None) -> list[float]:
    """Return how long after its lease, or after a worker was there, each operation was looked up."""
    looks = {number: rows(FIRST_LOOK, [number])[0][0] for number in leases}
    return [(looks[number] - max(until, began or until)).total_seconds() for number, until in leases.items()]


def wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def told(figure: str, seconds: list[float], place: Any, *workers: int) -> bool:
    """Report the slowest and end the workers."""
    for pid in workers:
        place.stable.signal(pid, signal.SIGTERM)
        place.end_of(pid, seconds=60)
    assert len(seconds) == KILLED, seconds
    return common.report(
        figure, measured=max(seconds), bound=10, unit="s", median=round(statistics.median(seconds), 2), cases=KILLED
    )


# A lost answer -------------------------------------------------------------------------------------------------------


def completed_after(place: Any, how: str, away: Callable[[Any], None]) -> bool:
    """Lose answers, keep the partner away for longer than any look-up's first waits, and let it come back."""
    from backoffice.database import clock

    workers = [place.fork("worker", name=f"{how} {number}") for number in range(2)]
    operations = [lose_an_answer(place) for _ in range(LOST)]
    wait_for(lambda: counted("unknown", operations[0]) == LOST, seconds=60)
    away(place)
    back, first = clock.now(), operations[0]
    wait_for(lambda: counted("unknown", first) == 0, seconds=120)
    seconds = sorted(value for (value,) in rows(COMPLETED, [back, first, back]))
    for pid in workers:
        place.stable.signal(pid, signal.SIGTERM)
        place.end_of(pid, seconds=60)
    p95 = seconds[round(0.95 * len(seconds)) - 1]
    details = {"median": round(statistics.median(seconds), 2), "slowest": round(seconds[-1], 2), "cases": len(seconds)}
    return common.report(f"lost answer completed, {how} partner, p95", measured=p95, bound=30, unit="s", **details)


def lose_an_answer(place: Any) -> int:
    """Have one deposit applied and its answer lost; look-ups see nothing until the partner was away and is back."""
    from django.db import transaction

    form = place.form()
    with transaction.atomic():
        operation = place.submit(form, is_troubled=False)
        match = {"method": "POST", "reference": operation.reference}
        place.partners.fault("close_after_apply", match=match)
        place.partners.fault("html", match={"method": "GET", "reference": operation.reference}, times=None)
    return int(operation.pk)


def _refusing(place: Any) -> None:
    """Refuse connections for a while."""
    with place.partners.down():
        place.partners.clear_faults()
        time.sleep(AWAY_SECONDS)


def _hanging(place: Any) -> None:
    """Let every question hang for a while."""
    place.partners.clear_faults()
    place.partners.fault("answer_late", match={"method": "GET"}, times=None, seconds=60.0, when="before")
    time.sleep(AWAY_SECONDS)
    place.partners.clear_faults()


# A polite stop -------------------------------------------------------------------------------------------------------


def drained(place: Any) -> bool:
    """Stop a worker in the middle of a slow send; it ends by itself and the operation is completed."""
    place.partners.settings(latency_ms=SLOW_MS)
    pid = place.fork("worker", name="drained")
    operation = place.submit(place.form(), is_troubled=False)
    wait_for(lambda: counted("submitting", operation.pk) == 1, seconds=20)
    place.stable.signal(pid, signal.SIGTERM)
    began = time.monotonic()
    code = place.end_of(pid, seconds=60)
    seconds, completed = time.monotonic() - began, counted("completed", operation.pk) == 1
    place.partners.settings(latency_ms=0)
    holds = common.report("drained on SIGTERM", measured=seconds, bound=25, unit="s", partner_seconds=SLOW_MS / 1000)
    return holds and code == 0 and completed


# Asking --------------------------------------------------------------------------------------------------------------


def rows(query: str, values: list[Any]) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def counted(state: str, first: int) -> int:
    found = rows("SELECT count(*) FROM funding_operation WHERE state = %s AND id >= %s", [state, first])
    return int(found[0][0])


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    patience = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < patience, "it took longer than the benchmark waits"
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())

"""Real processes killed fifty times, and nothing doubled, lost, misbooked or stuck (reliability.md §12, drive b)."""

import signal
import time
from typing import Final

from backoffice.database import clock, embedded
from backoffice.failpoints import Failpoint
from backoffice.funding.models import Attempt, AttemptOutcome, Kind, Operation
from backoffice.funding.states import State
from tests.faults.processes.cycles import Drive
from tests.faults.processes.world import World, world

CYCLES: Final = 50
#: C17 is no crash of a process but a restore, which has tests of its own.
POINTS: Final = frozenset(point.value for point in Failpoint) - {"C17"}


def host_of(server: embedded.Embedded) -> str:
    return str(server.server.get_postmaster_info().socket_dir)


def until(place: World, seconds: float, *states: State) -> None:
    """Wait until every operation is in one of ``states``."""
    patience = time.monotonic() + seconds
    while (left := Operation.objects.exclude(state__in=states).first()) is not None:
        assert time.monotonic() < patience, f"{left.reference} is {left.state}: {place.stable.log.read_text()[-4000:]}"
        place.stable.ended()
        time.sleep(0.05)


def test_fifty_kills_cost_nothing(committed: str, postgres: embedded.Embedded) -> None:
    with world(host_of(postgres), committed, seed=20261121) as place:
        outcome = Drive(place).run(CYCLES, POINTS)

    assert outcome.wrong == []
    assert len(outcome.kills) >= CYCLES
    assert outcome.per_point.keys() >= POINTS, "a crash point that nobody was killed at is a hole"
    assert outcome.drained and outcome.held


def test_a_polite_stop_finishes_the_send_at_hand(committed: str, postgres: embedded.Embedded) -> None:
    with world(host_of(postgres), committed, seed=1) as place:
        place.partners.settings(latency_ms=600)
        pid = place.fork("worker", name="worker 1")
        place.submit(place.form(), is_troubled=False)
        until(place, 180, State.SUBMITTING, State.COMPLETED)
        place.stable.signal(pid, signal.SIGTERM)
        place.until_heeded(pid, signal.SIGTERM, seconds=60)
        place.submit(place.form(), is_troubled=False)
        codes = place.end_of(pid, seconds=60)

        assert codes == 0
        assert list(Operation.objects.order_by("id").values_list("state", flat=True)) == [
            State.COMPLETED,
            State.COMPLETED,
            State.APPROVED,
        ]
        assert place.count().doubled == []


def test_a_worker_taken_for_dead_works_on(committed: str, postgres: embedded.Embedded) -> None:
    with world(host_of(postgres), committed, seed=2) as place:
        slow = place.fork("worker", name="the slow one")
        place.submit(place.form(), is_troubled=False)
        until(place, 180, State.COMPLETED)
        place.hold(slow, seconds=60)
        time.sleep(4)  # longer than a worker may be silent at the quick pace
        other = place.fork("worker", name="the other one")  # at its start it strikes off whom it takes for dead
        place.submit(place.form(), is_troubled=False)
        until(place, 180, State.COMPLETED)
        place.stable.signal(slow, signal.SIGCONT)
        place.stable.signal(other, signal.SIGTERM)
        assert place.end_of(other, seconds=60) == 0
        place.submit(place.form(), is_troubled=False)
        until(place, 180, State.COMPLETED)

        assert Attempt.objects.latest("id").worker == "the slow one"


def test_an_answer_that_comes_after_the_lease_is_kept(committed: str, postgres: embedded.Embedded) -> None:
    with world(host_of(postgres), committed, seed=3) as place:
        slow = place.fork("worker", name="the slow one", fail_at="C9:1", number=int(signal.SIGSTOP))
        operation = place.submit(place.form(Kind.DEPOSIT), is_troubled=False)
        place.until_stopped(slow, seconds=90)
        place.fork("worker", name="the other one")
        until(place, 180, State.COMPLETED)
        settled_at = clock.now()
        place.stable.signal(slow, signal.SIGCONT)
        attempt = Attempt.objects.get(operation=operation)
        patience = time.monotonic() + 60
        while not attempt.outcomes.filter(kind=AttemptOutcome.Kind.ANSWER, recorded_at__gt=settled_at).exists():
            assert time.monotonic() < patience, "the late answer was not kept"
            time.sleep(0.05)

        assert attempt.outcomes.filter(kind=AttemptOutcome.Kind.LOST).exists()
        assert place.count().all == []

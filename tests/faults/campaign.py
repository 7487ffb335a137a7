"""``python -m tests.faults``: the campaign in slices over all cores, one schedule told in words, or the sum so far.

Every slice is one line in ``var/campaign/schedules.jsonl``: which seeds, on which version of the code, what fired and
what was found. A campaign that was broken off goes on where it stopped; figures of different versions are kept apart.
``--keep`` puts what was run beside the code, where it is found again on any machine.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from tests import database
from tests.faults import pool
from tests.faults.catalogue import FAULTS
from tests.faults.opening import opened
from tests.faults.product import product
from tests.faults.schedule import run
from tests.faults.slices import COUNTS, Tally

REPORTS: Final = database.ROOT / "var" / "campaign"
LOG: Final = REPORTS / "schedules.jsonl"
#: What was run and is to be known for good, a file for each version: `docs/reliability.md` takes its figures from here.
KEPT: Final = database.ROOT / "docs" / "campaign"


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; the exit code is 1 when anything was found."""
    parser = ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="tell the story of one schedule")
    parser.add_argument("--runs", type=int, help="how many schedules to run")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--slice", type=int, default=250, help="schedules in one world")
    parser.add_argument("--processes", type=int, default=2, help="worlds at a time")
    parser.add_argument("--summary", action="store_true", help="add up what was run of this version")
    parser.add_argument("--keep", action="store_true", help="put what was run of this version beside the code")
    chosen = parser.parse_args(arguments)
    if chosen.seed is not None:
        return tell(chosen.seed)
    if chosen.runs is not None:
        campaign(chosen)
    if chosen.keep:
        keep()
    return summarise(known())


# One schedule ---------------------------------------------------------------------------------------------------------


def tell(seed: int) -> int:
    """Run one seed and print what happened and what was found."""
    with opened(database.start_server()) as world:
        world.tells_moves = True
        outcome = run(world, seed)
    _say(f"Schedule {seed}")
    for sentence in outcome.story:
        _say(sentence)
    for name, times in sorted(outcome.fired.items()):
        _say(f"fired: {name}, {times} times")
    for violation in outcome.violations:
        _say(f"FOUND {violation}")
    _say("Nothing was found." if not outcome.violations else f"{len(outcome.violations)} violations.")
    return 1 if outcome.violations else 0


# Many -----------------------------------------------------------------------------------------------------------------


def campaign(chosen: Namespace) -> None:
    """Run the slices that the log does not hold yet, and write each down as it ends."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    database.start_server()
    done = {(tally.first, tally.last) for tally in known()}
    waiting = iter([one for one in slices(chosen.first, chosen.runs, chosen.slice) if one not in done])
    with ProcessPoolExecutor(chosen.processes, mp_context=get_context("spawn"), initializer=pool.prepare) as executor:
        running: set[Future[dict[str, Any]]] = set()
        for _ in range(chosen.processes):
            _start_next(executor, waiting, running)
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                _write_down(Tally.from_json(future.result()))
                _start_next(executor, waiting, running)


def slices(first: int, runs: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut the seeds into slices."""
    end = first + runs
    for start in range(first, end, size):
        yield start, min(start + size, end) - 1


def _start_next(
    executor: ProcessPoolExecutor, waiting: Iterator[tuple[int, int]], running: set[Future[dict[str, Any]]]
) -> None:
    following = next(waiting, None)
    if following is not None:
        running.add(executor.submit(pool.run_one, *following))


def _write_down(tally: Tally) -> None:
    with LOG.open("a") as log:
        log.write(_line(tally) + "\n")
    found = sum(tally.counts.values())
    pace = tally.seconds / max(tally.runs, 1) * 1000
    _say(f"seeds {tally.first} to {tally.last}: {tally.operations} operations, {found} found, {pace:.0f} ms each")
    for seed, sentences in tally.bad.items():
        _say(f"  seed {seed}: {'; '.join(sentences)}")


# The sum --------------------------------------------------------------------------------------------------------------


def known() -> list[Tally]:
    """Read the slices that this version of the code has run, here or elsewhere, in the order of their seeds."""
    found = {(tally.first, tally.last): tally for path in (record(), LOG) for tally in logged(path)}
    return [found[seeds] for seeds in sorted(found)]


def logged(path: Path) -> list[Tally]:
    """Read the slices of this version of the code that are written down in a file."""
    if not path.exists():
        return []
    version = product()
    told = (json.loads(line) for line in path.read_text().splitlines())
    return [Tally.from_json(one) for one in told if one["product"] == version]


def record() -> Path:
    """Name the file in which what was run of this version is kept beside the code."""
    return KEPT / f"schedules-{product()}.jsonl"


def keep() -> None:
    """Write what was run of this version beside the code."""
    KEPT.mkdir(parents=True, exist_ok=True)
    record().write_text("".join(f"{_line(tally)}\n" for tally in known()))


def _line(tally: Tally) -> str:
    return json.dumps(tally.as_json(), sort_keys=True)


def summarise(tallies: Iterable[Tally]) -> int:
    """Print the figures of reliability.md §12; 1 when anything was found or nothing was run."""
    total: Tally | None = None
    for tally in tallies:
        if total is None:
            total = tally
        else:
            total.merge(tally)
    if total is None:
        _say("No schedule was run on this version.")
        return 1
    _say(f"{total.runs:,} schedules, seeds {total.first} to {total.last}, {total.operations:,} operations")
    _say(", ".join(f"{count} {total.counts[count]}" for count in COUNTS))
    _say(f"ended as: {', '.join(f'{state} {count:,}' for state, count in total.states.most_common())}")
    _say(f"slowest recovery: {total.slowest_recovery_seconds:.0f} s after the end of the faults")
    for row, times in sorted(fired_by_row(total).items(), key=lambda item: _row_order(item[0])):
        _say(f"  {row}: {times:,}" + ("  (never fired: a hole)" if not times else ""))
    return 1 if sum(total.counts.values()) else 0


def fired_by_row(tally: Tally) -> dict[str, int]:
    """Add up what fired by row of the table; a row of the catalogue that never fired stands there with 0."""
    rows = dict.fromkeys((fault.row for fault in FAULTS), 0)
    for name, times in tally.fired.items():
        row = name.split()[0]
        rows[row] = rows.get(row, 0) + times
    return rows


def _row_order(row: str) -> tuple[bool, int]:
    number = row.removeprefix("F")
    return (not number.isdigit(), int(number) if number.isdigit() else 0)


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()

"""``python -m tests.faults.bugs --random --runs 500``: after how many random schedules each seeded bug is caught.

Without ``--random``, what is found of each bug on its shortest schedule. ``--only`` takes numbers, such as ``2,9``.
"""

import os
import sys
import warnings

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
warnings.simplefilter("ignore")

import django  # noqa: E402

django.setup()

from argparse import ArgumentParser  # noqa: E402
from random import Random  # noqa: E402

from backoffice.database import embedded  # noqa: E402
from tests import database  # noqa: E402
from tests.faults import schedule  # noqa: E402
from tests.faults.bugs.breaking import Bug, counted  # noqa: E402
from tests.faults.bugs.seeded import SEEDED  # noqa: E402
from tests.faults.opening import opened  # noqa: E402
from tests.faults.world import World  # noqa: E402

#: Schedules in one world; what a bug has done in a world may hide it from later ones.
IN_ONE_WORLD = 25


def main(arguments: list[str]) -> int:
    """Try the chosen bugs one after another; the exit code is how many were not caught."""
    parser = ArgumentParser(prog="python -m tests.faults.bugs", description=__doc__)
    parser.add_argument("--random", action="store_true", help="try random schedules instead of the shortest one")
    parser.add_argument("--runs", type=int, default=500, help="how many random schedules to try at most")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--only", default="", help="the numbers of the bugs to try")
    chosen = parser.parse_args(arguments)
    numbers = {int(number) for number in chosen.only.split(",") if number}
    server, missed = database.start_server(), 0
    for bug in SEEDED:
        if not numbers or bug.number in numbers:
            is_caught = by_chance(server, bug, chosen.first, chosen.runs) if chosen.random else at_once(server, bug)
            missed += not is_caught
    return missed


def at_once(server: embedded.Embedded, bug: Bug) -> bool:
    """Play the bug's own schedule and say what is found."""
    with opened(server) as world:
        world.begin(Random(0))
        found = bug.found_in(world)
    _say(f"{bug}: {'; '.join(found) or 'NOT CAUGHT'}")
    return bool(found)


def by_chance(server: embedded.Embedded, bug: Bug, first: int, runs: int) -> bool:
    """Play random schedules until one of them finds the bug, and say which."""
    for start in range(first, first + runs, IN_ONE_WORLD):
        with opened(server) as world, bug.put_into(world):
            seed, found = _first_that_finds(world, range(start, min(start + IN_ONE_WORLD, first + runs)))
        if found:
            _say(f"{bug}: caught after {seed - first + 1} schedules, by seed {seed}: {found[0]}")
            return True
    _say(f"{bug}: NOT CAUGHT by {runs} schedules")
    return False


def _first_that_finds(world: World, seeds: range) -> tuple[int, list[str]]:
    for seed in seeds:
        schedule.run(world, seed)
        found = counted(world)
        if found:
            return seed, found
    return seeds[-1], []


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

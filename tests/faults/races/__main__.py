"""Run every race many times: ``python -m tests.faults.races --rounds 1000``."""

import argparse
import sys
from time import monotonic

from benchmarks.common import database


def main(arguments: list[str]) -> None:
    """Run the races that were chosen and print one line for each; the first round that does not hold ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.races", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="how often each race is run")
    parser.add_argument("--only", default="", help="a part of the name of the races to run")
    chosen = parser.parse_args(arguments)
    with database():
        from tests.faults.races.rounds import RACES

        names = [name for name in RACES if chosen.only in name]
    for name in names:
        with database():
            run(name, chosen.rounds)


def run(name: str, rounds: int) -> None:
    """Run one race in a database of its own, with a sandbox of its own."""
    from django.test import override_settings

    from backoffice.audit.verifying.checking import verify
    from backoffice.mirror.partners import forget_clients
    from tests.faults.races.arena import arena
    from tests.faults.races.rounds import RACES
    from tests.partners import running_sandbox

    with running_sandbox() as partners, override_settings(COINMENA_BASE_URL=partners.address):
        forget_clients()
        with arena(partners) as place:
            began = monotonic()
            for number in range(rounds):
                RACES[name](place, number)
            seconds = monotonic() - began
        log = verify()
    sys.stdout.write(f"{name}: {rounds:,} rounds in {seconds:.1f} s, each as it says. {log.sentence}\n")
    sys.stdout.flush()
    assert log.is_intact, log.sentence


if __name__ == "__main__":
    main(sys.argv[1:])

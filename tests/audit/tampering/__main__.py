"""Tamper many times: ``python -m tests.audit.tampering --runs 10000``."""

import argparse
import base64
import sys
import tempfile
from pathlib import Path
from time import monotonic

from benchmarks.common import database


def main(arguments: list[str]) -> int:
    """Run the campaign, say how many of each way were found, and return 1 when one was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit.tampering", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="the number of the first run; each is one random tampering")
    wanted = parser.parse_args(arguments)
    with database(), tempfile.TemporaryDirectory() as place:
        return tampered(wanted.runs, wanted.seed, Path(place))


def tampered(runs: int, seed: int, place: Path) -> int:
    from django.test import override_settings

    from tests.audit.tampering.campaign import campaign

    key = base64.b64encode(b"a key for the seals of the tests").decode()
    began = monotonic()
    with override_settings(AUDIT_SEAL_KEY=key, AUDIT_SEAL_DIRECTORY=str(place), AUDIT_SEAL_FORMER_KEYS=[]):
        outcome = campaign(runs, place, seed=seed)
    for name, count in outcome.runs.items():
        sys.stdout.write(f"{name}: {count:,}\n")
    for missed in outcome.missed[:20]:
        sys.stdout.write(f"NOT FOUND {missed}\n")
    found = runs - len(outcome.missed)
    sys.stdout.write(f"{found:,} of {runs:,} found by both and named, in {monotonic() - began:.0f} s\n")
    return 1 if outcome.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

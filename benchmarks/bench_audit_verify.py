"""Verifying 1,000,000 entries against a bare SHA-256 pass over the same bytes of the same table, in the same run.

Bounds: under 60 s, and no slower than 3x the bare pass. The bare pass hashes every canonical text and compares it with
the hash that stands beside it: no links, no numbers, no columns. Both read what PostgreSQL has in memory by then, in
one process each. They take turns, and the median of the turns' ratios counts: a machine that others share is slow for
seconds on end, which a long pass never escapes and a short one may. Then every hundredth entry is sealed, and log and
seals are verified together. The offline verifier, a single Python process, is measured beside them without a bound, and
so is making its bundle.

Run: python -m benchmarks.bench_audit_verify [--entries N] [--no-bundle]
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import audit_log, common

BARE = "SELECT count(*) FROM audit_entry WHERE encode(sha256(convert_to(canonical, 'UTF8')), 'hex') <> hash"
TURNS = 9


def main() -> int:
    """Measure, print one JSON line a figure, and return 1 when one does not hold."""
    parser = argparse.ArgumentParser(description="Measure the verification of the audit log.")
    parser.add_argument("--entries", type=int, default=common.MILLION)
    parser.add_argument("--no-bundle", action="store_true", help="leave the offline verifier out")
    wanted = parser.parse_args()
    with common.database():
        audit_log.fill_log(wanted.entries)
        turns = [(timed(bare_pass), timed(verified)) for _ in range(TURNS)]
        holds = all([figures(wanted.entries, turns), with_seals(wanted.entries)])
        if not wanted.no_bundle:
            offline(wanted.entries)
    return 0 if holds else 1


def figures(entries: int, turns: list[tuple[float, float]]) -> bool:
    """Report the median of the whole passes, and of what each is to the bare pass before it."""
    bare, whole = (median(times) for times in zip(*turns, strict=True))
    ratio = median(whole / bare for bare, whole in turns)
    said = {"entries": entries, "bare_seconds": round(bare, 2)}
    return all(
        [
            common.report("verifying the log", measured=whole, bound=60, unit="s", **said),
            common.report("verifying against a bare SHA-256 pass", measured=ratio, bound=3, unit="x", **said),
        ]
    )


def with_seals(entries: int) -> bool:
    """Verify the same log with its seals."""
    from django.conf import settings

    settings.AUDIT_SEAL_KEY = base64.b64encode(os.urandom(32)).decode()
    audit_log.fill_seals()
    seconds, said = timed(verified), {"entries": entries, "seals": entries // audit_log.EVERY}
    return common.report("verifying the log with its seals", measured=seconds, bound=60, unit="s", **said)


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def bare_pass() -> None:
    """Hash every text once, in one statement of one process."""
    with common.owner() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute(BARE)
        assert cursor.fetchone() == (0,)


def verified() -> None:
    """Verify as the page and the command do."""
    from backoffice.audit.verifying.checking import verify

    found = verify()
    assert found.is_intact, found.sentence


def offline(entries: int) -> None:
    """Write a bundle and have the offline verifier check it."""
    from backoffice.accounts.actors import System
    from backoffice.exports.bundles.services import write_bundle

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.zip"
        with path.open("wb") as file:
            making = timed(lambda: write_bundle(by=System("benchmark"), to=file))
        command = [sys.executable, str(common.ROOT / "verifier" / "verify_backoffice.py"), str(path)]
        checking = timed(lambda: subprocess.check_call(command, stdout=subprocess.DEVNULL))
        megabytes = round(path.stat().st_size / 1024 / 1024)
    said = {"figure": "the log checked elsewhere", "entries": entries, "megabytes": megabytes}
    print(json.dumps({**said, "bundle_seconds": round(making, 1), "verifier_seconds": round(checking, 1)}), flush=True)


if __name__ == "__main__":
    sys.exit(main())

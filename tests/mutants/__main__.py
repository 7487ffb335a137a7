"""``python -m tests.mutants money states …``: change one thing at a time, and see whether a test says so.

What is changed is a copy; each change is judged by the tests named here for its module, which stop at the first that
fails. Changes no reader would make are left out (`LEFT_OUT`). The exit code says whether a score is below what
reliability.md §13 asks. cosmic-ray makes the changes and has to be on the path: ``pipx install cosmic-ray``.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402

django.setup()

from tests import database  # noqa: E402

ASKED_PERCENT: Final = 85
A_TEST_RUNS_SECONDS: Final = 120
#: Shifts and bits in sums, ``is`` for ``==``, and what annotations and formats are written with.
LEFT_OUT: Final = [
    "core/ReplaceBinaryOperator_.*_(RShift|LShift|BitOr|BitAnd|BitXor|Pow|Mod|FloorDiv)",
    "core/ReplaceBinaryOperator_(BitOr|Mod)_.*",
    "core/ReplaceComparisonOperator_.*_(Is|IsNot)",
    "core/ReplaceComparisonOperator_(Is|IsNot)_(Eq|NotEq|Lt|LtE|Gt|GtE)",
    "core/ReplaceUnaryOperator_.*_Invert",
    "core/ReplaceUnaryOperator_USub_UAdd",
]
_COUNTED: Final = """
    SELECT sum(test_outcome = 'KILLED'), count(*) FROM work_results WHERE worker_outcome = 'NORMAL'
"""


@dataclass(frozen=True)
class Part:
    """A module and the tests that hold it."""

    module: str
    tests: tuple[str, ...]


PARTS: Final = {
    "money": Part("backoffice/money.py", ("tests/money",)),
    "outcome": Part("backoffice/partner/outcome.py", ("tests/partner/test_outcome.py",)),
    "signing": Part("backoffice/partner/coinmena/signing.py", ("tests/partner/test_signing.py",)),
    "signing-bitnob": Part("backoffice/partner/bitnob/signing.py", ("tests/partner/test_signing.py",)),
    "csv": Part("backoffice/exports/csv.py", ("tests/exports/test_csv.py", "tests/exports/test_formats.py")),
    "csv-read": Part(
        "backoffice/funding/bulk/reading.py",
        ("tests/funding/bulk/test_reading.py", "tests/funding/bulk/test_checking.py"),
    ),
}


def score(name: str, program: str) -> tuple[int, int]:
    """Return how many changes a test found, and how many there were; what nobody found is written out."""
    part = PARTS[name]
    with TemporaryDirectory(prefix="mutants-") as folder:
        copy, session, config = Path(folder) / "copy", Path(folder) / "session.sqlite", Path(folder) / "config.toml"
        subprocess.run(["git", "clone", "-q", database.ROOT, copy], check=True)
        config.write_text(_config(part))
        for step in (
            (program, "init", config, session),
            (shutil.which("cr-filter-operators") or "cr-filter-operators", session, config),
            (program, "exec", config, session),
        ):
            subprocess.run([str(word) for word in step], cwd=copy, check=True)
        report = shutil.which("cr-report") or "cr-report"
        subprocess.run([report, "--surviving-only", "--show-diff", session], check=True)
        with sqlite3.connect(session) as results:
            found, made = results.execute(_COUNTED).fetchone()
    return int(found), int(made)


def _config(part: Part) -> str:
    command = " ".join([sys.executable, "-m pytest -x -q -p no:cacheprovider", *part.tests])
    return (
        f'[cosmic-ray]\nmodule-path = "{part.module}"\ntimeout = {A_TEST_RUNS_SECONDS}.0\nexcluded-modules = []\n'
        f'test-command = "{command}"\n[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(LEFT_OUT)}\n"
    )


def main() -> int:
    """Score the parts named; 1 when one is below what is asked, 2 without cosmic-ray."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    names = parser.parse_args().part or list(PARTS)
    program = shutil.which("cosmic-ray")
    if program is None:
        sys.stderr.write("cosmic-ray is not on the path. Install it: pipx install cosmic-ray\n")
        return 2
    database.start_server()
    try:
        scores = {name: score(name, program) for name in names}
    finally:
        database.stop_server_if_last()
    for name, (found, made) in scores.items():
        sys.stdout.write(f"{name}: {found} of {made} found, {100 * found / made:.1f} %\n")
    return 1 if any(100 * found < ASKED_PERCENT * made for found, made in scores.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

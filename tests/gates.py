"""Every gate of `make check`: all are run, all failures are reported, nothing is changed."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests import settings  # noqa: F401  (the environment every gate needs)

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

GATES: dict[str, list[str]] = {
    "format": [f"{BIN}/ruff", "format", "--check", "--quiet", "."],
    "lint": [f"{BIN}/ruff", "check", "--quiet", "."],
    "types": [f"{BIN}/mypy", "backoffice", "tests", "benchmarks", "manage.py"],
    "import directions": [f"{BIN}/lint-imports", "--no-logo"],
    "settings": [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
    "migrations complete": [sys.executable, "-m", "tests.migrations_complete"],
    "templates": [f"{BIN}/djlint", "--lint", "--quiet", "templates"],
    "generated files": [sys.executable, "manage.py", "states", "--check"],
    "security document": [sys.executable, "-m", "tests.security.book", "--check"],
    "translations": [sys.executable, "-m", "tests.translations_compile"],
}


def main() -> int:
    failed = [name for name, command in GATES.items() if not passes(name, command)]
    if failed:
        print(f"\n{len(failed)} of {len(GATES)} gates are closed: {', '.join(failed)}")  # noqa: T201
        return 1
    print(f"\nAll {len(GATES)} gates are open.")  # noqa: T201
    return 0


def passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    mark = "ok    " if done.returncode == 0 else "CLOSED"
    print(f"{mark} {name} ({time.monotonic() - began:.1f} s)", flush=True)  # noqa: T201
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)  # noqa: T201
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())

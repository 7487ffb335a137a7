"""What `make` runs outside the tests can be taken in by a process where nobody has set Django up yet."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

ROOT: Final = Path(settings.BASE_DIR)
BENCHMARKS: Final = sorted(f"benchmarks.{path.stem}" for path in ROOT.glob("benchmarks/bench_*.py"))


@pytest.mark.parametrize("module", [*BENCHMARKS, "tests.security.hostile.__main__", "backoffice.demo.__main__"])
def test_a_script_is_taken_in_without_django_around_it(module: str) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE"))}
    taken = subprocess.run(
        [sys.executable, "-c", f"import {module}"], cwd=ROOT, env=bare, capture_output=True, text=True, check=False
    )
    assert taken.returncode == 0, taken.stderr

"""Gate: every message catalogue compiles, and the compiled file that is committed is up to date."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    return sum(is_stale(catalogue) for catalogue in sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po")))


def is_stale(catalogue: Path) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".mo") as compiled:
        command = ["msgfmt", "--check", "-o", compiled.name, str(catalogue)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        fresh = Path(compiled.name).read_bytes()
    committed = catalogue.with_suffix(".mo")
    if done.returncode or not committed.exists() or committed.read_bytes() != fresh:
        trouble = done.stderr or "the compiled file is stale: manage.py compilemessages"
        print(f"{catalogue.relative_to(ROOT)}: {trouble}")  # noqa: T201
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())

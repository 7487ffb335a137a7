"""The offline verifier, as a process of its own: what an auditor runs, on a machine without this product."""

import subprocess
import sys
from pathlib import Path

from backoffice.accounts.actors import System
from backoffice.exports.bundles.services import write_bundle

VERIFIER = Path(__file__).resolve().parents[3] / "verifier" / "verify_backoffice.py"


def bundle_in(folder: Path) -> Path:
    """Write a bundle of the log as it is."""
    path = folder / "bundle.zip"
    with path.open("wb") as file:
        write_bundle(by=System("Command line"), to=file)
    return path


def run(*words: object) -> tuple[int, str]:
    """Run the verifier with no way to the product's code, and return its exit code and what it said."""
    command = [sys.executable, "-I", str(VERIFIER), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={"PYTHONUTF8": "1"}, check=False)
    return done.returncode, done.stdout + done.stderr

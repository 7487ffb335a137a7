"""From a fresh clone to a usable sign-in page by `make demo`, with packages in pip's cache.

The clone is made in an empty folder with an environment of its own; the clock stops when the sign-in page answers.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backoffice.demo.processes import answers, free_port
from benchmarks.common import ROOT, report

LIMIT_SECONDS = 600


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="fresh-clone-") as folder:
        clone, port = Path(folder) / "backoffice", free_port()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        began = time.monotonic()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "TEST_"))}
        command = ["make", "demo", f"PORT={port}"]
        process = subprocess.Popen(command, cwd=clone, env=environment, stdout=sys.stderr, start_new_session=True)
        try:
            seconds = seconds_until_open(process, port, began)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(120)
    holds = report("Fresh clone to a usable sign-in page by `make demo`", measured=seconds, bound=60, unit="s")
    return 0 if holds else 1


def seconds_until_open(process: "subprocess.Popen[bytes]", port: int, began: float) -> float:
    """Wait for the sign-in page and say how long that took."""
    while not answers(port, "/accounts/login/"):
        if process.poll() is not None or time.monotonic() - began > LIMIT_SECONDS:
            raise RuntimeError("The demo did not open.")
        time.sleep(0.1)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())

"""The whole product as `make demo` starts it, in a folder and on ports of the tests' own."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backoffice.demo.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 120


@dataclass(frozen=True)
class Stack:
    """A running demo: where its pages are, and the partners' control path."""

    port: int
    sandbox_port: int
    directory: Path
    #: When the demo was started: its story is told from there.
    started: datetime

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mails(self) -> list[Path]:
        """List the e-mails the demo has kept instead of sending them."""
        return list((self.directory / "mail").glob("*"))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the sandbox's control path and return its answer."""
        request = urllib.request.Request(  # noqa: S310  (loopback)
            f"http://127.0.0.1:{self.sandbox_port}/control/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")


@contextmanager
def running(directory: Path) -> Iterator[Stack]:
    """Start the demo and end it with SIGINT, as Ctrl-C would."""
    port, started = free_port(), datetime.now(UTC)
    command = [sys.executable, "-m", "backoffice.demo", "--port", str(port)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE", "TEST_"))
    }
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, "DEMO_DIRECTORY": str(directory)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        await_introduction(process)
        yield Stack(port, int((directory / "sandbox-port").read_text()), directory, started)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)


def await_introduction(process: subprocess.Popen[str]) -> None:
    told = []
    for line in process.stdout or ():
        told.append(line)
        if "Ctrl-C ends all of it" in line:
            return
    raise RuntimeError("The demo did not start: " + "".join(told))

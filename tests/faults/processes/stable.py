"""The tests' side of `zygote.py`: fork a process, send it a signal, hear that it has ended."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.partners import ROOT


@dataclass
class Stable:
    """Processes that were forked here and have not ended; nothing else ever gets a signal."""

    zygote: "subprocess.Popen[str]"
    log: Path
    alive: set[int] = field(default_factory=set)

    def fork(self, **order: Any) -> int:
        """Fork a process that does what `roles.play` reads in ``order``, and return its id."""
        order = {"fail_at": "", "number": 9, "is_quick": True, "log": str(self.log), **order}
        pid = int(self._ask(order)["pid"])
        self.alive.add(pid)
        return pid

    def ended(self) -> dict[int, int]:
        """Return the exit codes of the processes that have ended since the last time; below zero: by that signal."""
        ended = {int(pid): int(code) for pid, code in self._ask({"ended": True})["ended"]}
        self.alive -= ended.keys()
        return ended

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to a process of this stable. One that ended and was not asked for yet takes no harm."""
        if pid in self.alive:
            os.kill(pid, number)

    def is_stopped(self, pid: int) -> bool:
        """Tell whether a process is held by SIGSTOP."""
        if pid not in self.alive:
            return False
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def heeds(self, pid: int, number: int) -> bool:
        """Tell whether a process has a handler for a signal: a worker has one from soon after its fork until a stop."""
        if pid not in self.alive:
            return False
        caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()
        return bool(caught and int(caught[0], 16) >> (number - 1) & 1)

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self.zygote.stdin and self.zygote.stdout
        self.zygote.stdin.write(json.dumps(asked) + "\n")
        self.zygote.stdin.flush()
        return dict(json.loads(self.zygote.stdout.readline()))


@contextmanager
def stable(log: Path) -> Iterator[Stable]:
    """Start the process that forks the others, and end all of them after the block."""
    command = [sys.executable, "-m", "tests.faults.processes.zygote"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONDONTWRITEBYTECODE": "1"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as zygote:
        try:
            assert zygote.stdout
            assert json.loads(zygote.stdout.readline()) == {"ready": True}
            yield Stable(zygote, log)
        finally:
            assert zygote.stdin
            zygote.stdin.close()
            zygote.wait(timeout=30)

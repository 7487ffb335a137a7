"""A process that has Django loaded and forks the workers and web processes to be killed: a fork costs milliseconds.

It has no thread and no connection, so nothing is shared by accident. It reads orders as JSON lines and ends, with
everything it forked, when its input ends. Run by `stable.py`: ``python -m tests.faults.processes.zygote``
"""

import gc
import json
import os
import signal
import sys
import traceback
from typing import Any, Final

import django
from django.db import OperationalError

_ENDED: Final = "ended"
#: The exit code of what gave up over a lock that a held process keeps: a person would be asked to try again.
TRY_AGAIN: Final = 75


def main() -> None:
    """Answer each order with a process id, and each question with what has ended since the last one."""
    django.setup()
    from tests.faults.processes import roles  # noqa: F401 - loaded once, before the first fork

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    _say({"ready": True})
    alive = set[int]()
    for line in sys.stdin:
        asked = json.loads(line)
        if _ENDED in asked:
            ended = _reap(alive)
            alive -= ended.keys()
            _say({_ENDED: list(ended.items())})
        else:
            alive.add(pid := _fork(asked))
            _say({"pid": pid})
    _end(alive)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become_own_process(order["log"])
        from tests.faults.processes import roles

        roles.play(order)
        code = 0
    except OperationalError:
        traceback.print_exc()
        code = TRY_AGAIN
    except BaseException:  # noqa: BLE001 - whatever it is, the parent's loop must not go on in here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _become_own_process(log: str) -> None:
    """Let go of the parent's pipes and signals, and write to the log."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)


def _reap(alive: set[int]) -> dict[int, int]:
    """Return the exit codes of those that have ended: as `subprocess` tells them, below zero for a signal."""
    ended = {}
    for pid in alive:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def _end(alive: set[int]) -> None:
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()

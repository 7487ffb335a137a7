"""Starting, awaiting and ending the demo's processes. Each is ended by its own process id, nothing else is."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SECONDS_TO_START = 60
SECONDS_TO_END = 60


class NotStarted(Exception):
    """A process ended, or did not answer in time. The text says which and where its log is."""


@dataclass
class Processes:
    """The children of one demo, with a log file each."""

    logs: Path
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *arguments: str) -> None:
        """Run one command of Django's to its end.

        :raises NotStarted: when it fails; its output has been shown.
        """
        with self.beside(*arguments):
            pass

    @contextmanager
    def beside(self, *arguments: str) -> Iterator[None]:
        """Run one command of Django's while the block does something else, both to their end; interrupted, end it.

        :raises NotStarted: when it fails; its output has been shown.
        """
        with subprocess.Popen([sys.executable, "manage.py", *arguments], env=self.environment) as command:  # noqa: S603
            try:
                yield
                command.wait()
            except BaseException:
                command.kill()
                raise
        if command.returncode:
            raise NotStarted(f"`manage.py {' '.join(arguments)}` ended with code {command.returncode}.")

    def start(self, name: str, *arguments: str) -> None:
        """Start one long-running process of this Python. What runs long never holds the owner's login."""
        self.logs.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in self.environment.items() if name != "DATABASE_OWNER_URL"}
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, *arguments], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def await_ready(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a process answers.

        :raises NotStarted: when it ended or stayed silent.
        """
        deadline = time.monotonic() + SECONDS_TO_START
        while not is_ready():
            if self.running[name].poll() is not None or time.monotonic() > deadline:
                raise NotStarted(f"The {name} did not start: see {self.logs / name}.log")
            time.sleep(0.05)

    def ended(self) -> str | None:
        """Name a process that has ended by itself, if one has."""
        return next((name for name, process in self.running.items() if process.poll() is not None), None)

    def end(self) -> None:
        """End all processes, the last started first; a worker finishes the send at hand."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Go through with it: a second Ctrl-C while all is being ended must leave nothing running."""
    heeded = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)


def free_port() -> int:
    """Ask the system for a loopback port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int, path: str) -> bool:
    """Tell whether a server on a loopback port answers a GET with anything but trouble of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()

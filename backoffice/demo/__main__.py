"""``make demo``: the whole product on this machine, with both partners simulated and some weeks of history.

Everything lives in `var/demo`; Ctrl-C ends every process it started. Delete the folder to begin afresh.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import fasteners

from backoffice.database import embedded
from backoffice.demo.cast import CAST, PASSWORD
from backoffice.demo.environment import DATABASE, MAIL, ROOT, VAR, environment, partners_port
from backoffice.demo.processes import NotStarted, Processes, answers, is_free, undisturbed


def main() -> int:
    arguments = parse()
    os.chdir(ROOT)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts its background jobs deaf to Ctrl-C
        signal.signal(number, signal.default_int_handler)
    if not is_free(arguments.port):
        say(f"Port {arguments.port} is taken. Choose another: make demo PORT={arguments.port + 1}")
        return 1
    try:
        with running(arguments.port, partners_port(arguments.sandbox_port)) as processes:
            return watch(processes)
    except NotStarted as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        say("Ended.")
        return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="the port of the web server")
    parser.add_argument("--sandbox-port", type=int, default=0, help="the sandbox's port; 0 keeps to the one it had")
    return parser.parse_args()


@contextmanager
def collecting_static(processes: Processes) -> Iterator[None]:
    """Gather the static files meanwhile; one demo after the other, since those of one checkout share the folder."""
    with (
        fasteners.InterProcessLock(ROOT / "var" / "static.lock"),
        processes.beside("collectstatic", "--no-input", "--verbosity=0"),
    ):
        yield


@contextmanager
def running(port: int, sandbox_port: int) -> Iterator[Processes]:
    """Start the database, the partners, the worker and the web server in this order, and end them in the reverse."""
    began = time.monotonic()
    say("Starting PostgreSQL …")
    postgres = embedded.start(VAR / "postgres")
    processes = Processes(VAR / "logs", environment(postgres, port=port, sandbox_port=sandbox_port))
    try:
        if not embedded.database_exists(postgres, DATABASE):
            embedded.create_database(postgres, DATABASE)
        say("Preparing the database and the partners …")
        start_partners(processes, sandbox_port)
        with collecting_static(processes):
            processes.run("migrate", "--verbosity=0")
        processes.run("seed_demo")
        start_product(processes, port)
        introduce(port, sandbox_port, time.monotonic() - began)
        yield processes
    finally:
        with undisturbed():
            processes.end()
            postgres.stop()


def start_partners(processes: Processes, port: int) -> None:
    processes.start(
        "sandbox",
        *("-m", "backoffice.sandbox", "--port", str(port)),
        *("--state", str(VAR / "sandbox.sqlite3"), "--seed", "7", "--history", "demo"),
    )
    processes.await_ready("sandbox", lambda: answers(port, "/v1/public/assets"))


def start_product(processes: Processes, port: int) -> None:
    processes.start("worker", "manage.py", "worker", "--name", "worker 1")
    processes.start(
        "web",
        *("-m", "gunicorn", "backoffice.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"),
        *("--worker-class", "gthread", "--workers", "1", "--threads", "8", "--graceful-timeout", "5"),
    )
    processes.await_ready("web", lambda: answers(port, "/accounts/login/"))


def introduce(port: int, sandbox_port: int, seconds: float) -> None:
    say(f"\nThe back office is open at http://127.0.0.1:{port}/ ({seconds:.0f} s). Both partners are simulated.")
    say(f"\nSign in with any of these; the password of all is: {PASSWORD}")
    for person in CAST:
        say(f"  {person.email:20} {person.name}, {person.role}")
    say(f"\nThe partners' control path: http://127.0.0.1:{sandbox_port}/control/   Logs: {VAR / 'logs'}")
    say(f"E-mails are not sent but kept, one file each: {MAIL}")
    say("Ctrl-C ends all of it.")


def watch(processes: Processes) -> int:
    """Wait for Ctrl-C, or for a process that ends by itself."""
    while (name := processes.ended()) is None:
        time.sleep(0.5)
    say(f"The {name} ended by itself: see {processes.logs / name}.log")
    return 1


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (a command line talks to the person who typed it)


if __name__ == "__main__":
    sys.exit(main())

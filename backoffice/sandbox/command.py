"""The command line of the sandbox: `python -m backoffice.sandbox`, or `manage.py sandbox` with the same options."""

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Any, Final

from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.history import HISTORIES
from backoffice.sandbox.server import Server

DEFAULT_PORT: Final = 9000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options both entry points share."""
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="loopback port; 0 picks a free one")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="SQLite file; without it nothing is kept")
    parser.add_argument("--seed", type=int, default=1, help="which history; the same number gives the same one")
    parser.add_argument("--history", choices=HISTORIES, default="none", help="what a new state begins with")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added before every answer of the partners")


def run(*, port: int, state: str, seed: int, history: str, latency_ms: float) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code."""
    sandbox = Sandbox(state=state, history=history, seed=seed, latency_ms=latency_ms)
    try:
        server = Server(sandbox, port)
    except OSError as error:
        sandbox.close()
        sys.stderr.write(f"The sandbox cannot listen on port {port}: {error.strerror}. Choose another with --port.\n")
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    sys.stdout.write(f"Sandbox partners ready at {server.address} (CoinMENA /v1/, Bitnob /api/, faults /control/)\n")
    sys.stdout.flush()
    server.serve()
    sandbox.close()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m backoffice.sandbox", description=__doc__)
    add_options(parser)
    options: dict[str, Any] = vars(parser.parse_args(arguments))
    return run(**options)

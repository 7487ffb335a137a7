"""The sandbox as drive (b) needs it: with the quick pace's window, and a witness at its door.

The witness asks the product's database, over a connection of its own, whether what has just arrived was durable there
before: the reference, and an attempt with exactly these bytes. ``python -m tests.faults.processes.partner --port 0
--database URL --unforeseen FILE``
"""

import argparse
import signal
import sys
from pathlib import Path

import psycopg

from backoffice.sandbox import signatures
from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.arrivals import Arrival
from backoffice.sandbox.server import Server
from tests.faults.processes.quick import WINDOW_SECONDS

ATTEMPTS = """
    SELECT count(*) FROM funding_attempt AS attempt JOIN funding_operation AS operation
        ON operation.id = attempt.operation_id
    WHERE operation.reference = %s AND attempt.body_digest = %s
"""


class Witness:
    """Writes down what arrived and was not durable at home before, or was sent more often than it was claimed."""

    def __init__(self, database: str, unforeseen: Path) -> None:
        self._database = database
        self._unforeseen = unforeseen
        self._arrived: dict[tuple[str, str], int] = {}

    def see(self, arrival: Arrival) -> None:
        """Check one POST before anything else happens to it; one that broke off before its reference says nothing."""
        if arrival.reference is None:
            return
        reference, key = arrival.reference, (arrival.reference, arrival.body_digest)
        self._arrived[key] = self._arrived.get(key, 0) + 1
        with psycopg.connect(self._database) as connection:
            row = connection.execute(ATTEMPTS, [reference, arrival.body_digest]).fetchone()
        if row is None or row[0] < self._arrived[key]:
            with self._unforeseen.open("a") as report:
                report.write(f"{reference} arrived {self._arrived[key]} times, {row and row[0]} claims were durable\n")


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--unforeseen", type=Path, required=True)
    options = parser.parse_args()
    signatures.COINMENA_WINDOW_MS = round(WINDOW_SECONDS * 1000)  # type: ignore[misc]
    server = Server(Sandbox(on_arrival=Witness(options.database, options.unforeseen).see), options.port)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    sys.stdout.write(f"Sandbox ready at {server.address}\n")
    sys.stdout.flush()
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The sandbox as drive (b) needs it: with the quick pace's window, and a witness at its door.

The witness asks the product's database, over a connection of its own, whether what has just arrived was durable there
before: the reference, and an attempt with exactly these bytes. ``python -m tests.faults.processes.partner --port 0
--database URL --unforeseen FILE``
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from threading import Lock
from typing import Final

import psycopg

from backoffice.sandbox import signatures
from backoffice.sandbox.app import Sandbox
from backoffice.sandbox.arrivals import Arrival
from backoffice.sandbox.server import Server
from tests.faults.processes.quick import WINDOW_SECONDS

PATIENCE_SECONDS: Final = 60
ATTEMPTS: Final = """
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
        self._lock = Lock()

    def see(self, arrival: Arrival) -> None:
        """Check one POST before anything else happens to it; one that broke off before its reference says nothing."""
        if arrival.reference is None:
            return
        with self._lock:
            key = (arrival.reference, arrival.body_digest)
            self._arrived[key] = self._arrived.get(key, 0) + 1
            times = self._arrived[key]
        claims = self._claims(*key)
        if claims < times:
            with self._lock, self._unforeseen.open("a") as report:
                report.write(f"{arrival.reference} arrived {times} times, {claims} claims were durable\n")

    def _claims(self, reference: str, digest: str) -> int:
        """Count the durable claims; while there is no database, the request waits for it at the door."""
        patience = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with psycopg.connect(self._database) as connection:
                    row = connection.execute(ATTEMPTS, [reference, digest]).fetchone()
                return int(row[0]) if row else 0
            except psycopg.OperationalError:
                if time.monotonic() > patience:
                    raise
                time.sleep(0.1)


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

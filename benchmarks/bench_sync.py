"""Sync of 100,000 orders from the sandbox, 20 ms latency a page, against the network alone in the same run.

The network alone: the same signed requests for the same pages, over as many connections at a time, bodies read and
thrown away. Bound: the sync, which also checks, types, writes and commits every row, within 1.5x of it. Both share
this machine's processors with the sandbox. Run: python -m benchmarks.bench_sync [ROWS]
"""

import http.client
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import local
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks import common

ROWS = 100_000
LATENCY_MS = 20
DAYS = 30
PAGE_SIZE = 100
ROUNDS = 2


def main(rows: int) -> int:
    """Measure, print one JSON line, and return 1 when the figure does not hold."""
    with common.database(), partner(rows) as sandbox:
        fetch_alone(sandbox.address, range(1, 21))
        alone = min(fetch_alone(sandbox.address, range(1, rows // PAGE_SIZE + 1)) for _ in range(ROUNDS))
        sync, run = synced()
        again, _run = synced()
    complete = run.state == "complete" and run.rows_reported == rows
    holds = common.report(
        f"sync of {rows:,} orders over network alone",
        measured=sync / alone,
        bound=1.5,
        unit="x",
        network_seconds=round(alone, 2),
        sync_seconds=round(sync, 2),
        again_seconds=round(again, 2),
        rows=run.rows_read,
        complete=complete,
    )
    return 0 if holds and complete else 1


@contextmanager
def partner(rows: int) -> Iterator[Any]:
    """Run a sandbox with so many orders, slow as a network, and point the settings at it."""
    from django.conf import settings

    from tests.partners import running_sandbox

    with running_sandbox("--latency-ms", str(LATENCY_MS)) as sandbox:
        sandbox.make_orders(rows, days=DAYS)
        settings.COINMENA_BASE_URL = settings.BITNOB_BASE_URL = sandbox.address
        yield sandbox


def fetch_alone(address: str, pages: range) -> float:
    """Fetch the pages, as many at a time as the sync does, and return the seconds that took."""
    from backoffice.mirror.fetching import THREADS

    began = time.perf_counter()
    connections = local()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda page: fetch(connections, address, page), pages))
    return time.perf_counter() - began


def fetch(connections: local, address: str, page: int) -> None:
    """Ask for one page over the thread's own connection and throw the body away."""
    from backoffice.mirror.partners import coinmena
    from backoffice.partner.coinmena.signing import sign, timestamp_of

    if not hasattr(connections, "open"):
        connections.open = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    now = datetime.now(UTC).replace(microsecond=0)
    window = {"from_datetime": now - timedelta(days=DAYS + 1), "to_datetime": now - timedelta(minutes=3)}
    query = {name: moment.strftime("%Y-%m-%dT%H:%M:%SZ") for name, moment in window.items()}
    target = "/v1/partner/orders?" + urlencode({**query, "page": page, "page_size": PAGE_SIZE})
    signed = sign(coinmena().config, timestamp_of(time.time()), "GET", target, b"")
    connections.open.request("GET", target, headers=dict(signed.headers))
    answer = connections.open.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


def synced() -> tuple[float, Any]:
    """Read the orders into the mirror; return the seconds and the run."""
    from backoffice.orders.services import sync_orders

    began = time.perf_counter()
    run = sync_orders()
    return time.perf_counter() - began, run


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))

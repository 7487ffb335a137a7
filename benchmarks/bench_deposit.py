"""What the back-office adds to one deposit: from the click until `completed` can be read in the database.

Beside it in the same run, by turns, the bare request to the partner, made with our own client and nothing around it.
Web process, worker, database (with `fsync`) and sandbox are the ones `make demo` starts, each a process of its own.
Bound: the median click costs less than 100 ms more than the median bare request. Run:
python -m benchmarks.bench_deposit [--clicks N] [--latency-ms MS]
"""

import argparse
import logging
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import environ
import psycopg
import requests
import structlog

from backoffice.demo.cast import PASSWORD
from backoffice.partner.coinmena.client import CoinmenaClient
from backoffice.partner.coinmena.config import CoinmenaConfig, load_private_key
from benchmarks.common import report
from tests.browser import stack as stacks

BOUND_MS = 100
WARM_UP = 5
LONGEST_SECONDS = 30
LOOK_EVERY_SECONDS = 0.001
CLIENT, ASSET = "user_12345", "USD"
STATE = "SELECT state FROM funding_operation WHERE reference = %s"
ANSWER_MS = """
    SELECT o.duration_ms FROM funding_attemptoutcome o
    JOIN funding_attempt a ON a.id = o.attempt_id JOIN funding_operation f ON f.id = a.operation_id
    WHERE f.reference = %s
"""


@dataclass(frozen=True)
class Click:
    """One deposit, in milliseconds: until the page answered, until it was completed, and the partner's part of it."""

    answered: float
    completed: float
    partner: float


class Desk:
    """Maya, signed in, with the deposit form before her."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._send("/accounts/login/", login="maya@example.com", password=PASSWORD)
        self._send("/accounts/factor/", code=self._read("data-demo-code>([0-9]{6})<", "/accounts/factor/"))

    def form(self) -> dict[str, str]:
        """Open the form as a person does before the click, and return its hidden fields."""
        return self._hidden("/funding/deposit/")

    def click(self, hidden: dict[str, str], amount: Decimal) -> str:
        """Press the button and return the reference of what was made."""
        typed = {"client": CLIENT, "asset": ASSET, "amount": str(amount), "reason": "Bank transfer received"}
        answer = self._session.post(f"{self._url}/funding/deposit/", hidden | typed, allow_redirects=False, timeout=30)
        made = re.fullmatch(r"/funding/(dep-[^/]+)/", answer.headers.get("Location", ""))
        if made is None:
            raise RuntimeError(f"The deposit was answered {answer.status_code}: {answer.text[:300]!r}")
        return made[1]

    def _send(self, path: str, **typed: str) -> None:
        answer = self._session.post(
            self._url + path, self._hidden(path) | typed, headers={"Referer": self._url + path}, timeout=30
        )
        answer.raise_for_status()

    def _hidden(self, path: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self._page(path)))

    def _read(self, pattern: str, path: str) -> str:
        found = re.search(pattern, self._page(path))
        if found is None:
            raise RuntimeError(f"{path} shows nothing like {pattern}.")
        return found[1]

    def _page(self, path: str) -> str:
        page = self._session.get(self._url + path, timeout=30)
        page.raise_for_status()
        return page.text


def main() -> int:
    arguments = parse()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="bench-deposit-") as folder, stacks.running(Path(folder)) as stack:
        stack.control("POST", "settings", {"latency_ms": arguments.latency_ms})
        settings = dict(settings_in(Path(folder) / "environment"))
        with connected(settings["DATABASE_URL"]) as database:
            bare, clicks = measured(Desk(stack.url), database, partner_of(settings), arguments.clicks)
            is_synced = database.execute("SHOW fsync").fetchone() == ("on",)
    return 0 if figures(bare, clicks, latency_ms=arguments.latency_ms, is_synced=is_synced) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=100, help="how many deposits, one after the other")
    parser.add_argument("--latency-ms", type=int, default=50, help="how long the partner takes over each request")
    return parser.parse_args()


def settings_in(path: Path) -> Iterator[tuple[str, str]]:
    """Read the settings the demo left."""
    for line in path.read_text().splitlines():
        name, _equals, value = line.partition("=")
        yield name, value


def connected(url: str) -> psycopg.Connection:
    """Open a connection of our own, beside the product's, to see what is committed."""
    where = environ.Env.db_url_config(url)
    return psycopg.connect(host=where["HOST"], user=where["USER"], dbname=where["NAME"], autocommit=True)


def partner_of(settings: dict[str, str]) -> CoinmenaClient:
    """The product's own client, without a database behind it."""
    return CoinmenaClient(
        CoinmenaConfig(
            base_url=settings["COINMENA_BASE_URL"],
            partner_id=settings["COINMENA_PARTNER_ID"],
            private_key=load_private_key(settings["COINMENA_PRIVATE_KEY"]),
        )
    )


def measured(
    desk: Desk, database: psycopg.Connection, partner: CoinmenaClient, count: int
) -> tuple[list[float], list[Click]]:
    """Take turns: a bare request, then a click. The first few of both only warm everything up."""
    bare, clicks = [], []
    for number in range(WARM_UP + count):
        bare.append(asked(partner, Decimal(number) + Decimal("0.25")))
        clicks.append(clicked(desk, database, Decimal(number) + Decimal("0.75")))
    return bare[WARM_UP:], clicks[WARM_UP:]


def asked(partner: CoinmenaClient, amount: Decimal) -> float:
    """Return how long one deposit takes when nobody keeps a record of it."""
    began = time.perf_counter()
    exchange = partner.deposit(
        partner_client_id=CLIENT, asset_id=ASSET, amount=amount, partner_order_ref=f"bare-{uuid4().hex[:16]}"
    )
    spent = milliseconds_since(began)
    if exchange.status != 200:
        raise RuntimeError(f"The bare request was answered {exchange.status}: {exchange.body[:300]!r}")
    return spent


def clicked(desk: Desk, database: psycopg.Connection, amount: Decimal) -> Click:
    """Return how long one deposit takes from the click on."""
    hidden = desk.form()
    began = time.perf_counter()
    reference = desk.click(hidden, amount)
    answered = milliseconds_since(began)
    while read(database, STATE, reference) != "completed":
        if time.perf_counter() - began > LONGEST_SECONDS:
            raise RuntimeError(f"{reference} is still {read(database, STATE, reference)}.")
        time.sleep(LOOK_EVERY_SECONDS)
    completed = milliseconds_since(began)
    return Click(answered, completed, float(read(database, ANSWER_MS, reference)))


def read(database: psycopg.Connection, question: str, reference: str) -> Any:
    row = database.execute(question, [reference]).fetchone()
    return None if row is None else row[0]


def milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1_000


def figures(bare: list[float], clicks: list[Click], *, latency_ms: int, is_synced: bool) -> bool:
    completed = [click.completed for click in clicks]
    added = statistics.median(completed) - statistics.median(bare)
    own = [click.completed - click.partner for click in clicks]
    return report(
        "What the back office adds to one deposit, click to completed, median",
        measured=added,
        bound=BOUND_MS,
        unit="ms",
        clicks=len(clicks),
        partner_latency_ms=latency_ms,
        fsync=is_synced,
        bare_request_ms=round(statistics.median(bare), 1),
        click_to_page_ms=round(statistics.median(click.answered for click in clicks), 1),
        click_to_completed_ms=round(statistics.median(completed), 1),
        click_to_completed_p95_ms=round(statistics.quantiles(completed, n=20)[-1], 1),
        without_its_own_request_ms=round(statistics.median(own), 1),
    )


if __name__ == "__main__":
    sys.exit(main())

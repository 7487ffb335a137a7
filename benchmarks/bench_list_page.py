"""The orders list over 1,000 and over 1,000,000 orders: page 1, the deepest page, queries, and searches.

Server time through the real view, middleware and templates included; medians of `RUNS` requests, taken in turns.
Bounds: deepest page within 1.3x of page 1, and page 1 within 2x of the same page over 1,000 orders. Run:
python -m benchmarks.bench_list_page
"""

import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

from benchmarks import common

RUNS = 25
TURNS = 3
WARM_UP = 5
PAGE = 50
SLOWEST_FILTER_MS = 1_000
FILTERS = {
    "This month": "created_from=2026-11-01",
    "Not completed": "status=failed&status=rejected&status=open",
    "Withdrawals from 10,000": "kind=withdrawal&amount_min=10000",
    "Not ours": "made=elsewhere",
    "a reference": "q=ref-777777",
    "an order number": "q=MND0000777778",
    "a client's name": "q=Client number 77",
    "nothing": "q=there-is-no-such-order",
    "largest amounts": "sort=-amount",
}


@dataclass(frozen=True)
class Timing:
    """The median server time of one address, in milliseconds, and its queries."""

    milliseconds: float
    queries: int


def main() -> int:
    """Measure, print one JSON line a figure, and return 1 when one does not hold."""
    with common.database() as small:
        common.fill_orders(1_000)
        browsers = {small: signed_in()}
        with common.database() as large:
            common.fill_orders(common.MILLION)
            browsers[large] = signed_in()
            held = [compared(browsers, small, large)]
            held += [filtered(browsers[large], name) for name in FILTERS]
            held.append(summed(browsers[large]))
    return 0 if all(held) else 1


def compared(browsers: dict[str, Any], small: str, large: str) -> bool:
    """Ask both databases in turns, and let the quietest turn of each count."""
    turns = []
    for _ in range(TURNS):
        common.connect_to(small)
        (short,) = timed(browsers[small], "/orders/")
        common.connect_to(large)
        turns.append((short, *timed(browsers[large], "/orders/", f"/orders/?page={deepest_token()}")))
    return figures(*(min(timings, key=lambda timing: timing.milliseconds) for timings in zip(*turns, strict=True)))


def figures(small: Timing, first: Timing, deepest: Timing) -> bool:
    details = {
        "page_1_ms": round(first.milliseconds, 1),
        "deepest_page_ms": round(deepest.milliseconds, 1),
        "page_1_of_1000_ms": round(small.milliseconds, 1),
        "queries": [small.queries, first.queries, deepest.queries],
    }
    deep = max(first.milliseconds, deepest.milliseconds) / min(first.milliseconds, deepest.milliseconds)
    return all(
        [
            common.report(
                "deepest page against page 1, 1,000,000 orders", measured=deep, bound=1.3, unit="x", **details
            ),
            common.report(
                "page 1 of 1,000,000 orders against 1,000",
                measured=first.milliseconds / small.milliseconds,
                bound=2,
                unit="x",
            ),
        ]
    )


def filtered(browser: Any, name: str) -> bool:
    (timing,) = timed(browser, f"/orders/?{FILTERS[name]}", runs=5)
    return common.report(
        f"list filtered by {name}, 1,000,000 orders",
        measured=timing.milliseconds,
        bound=SLOWEST_FILTER_MS,
        unit="ms",
        queries=timing.queries,
    )


def summed(browser: Any) -> bool:
    """The count and sums of all orders, which the page asks for apart."""
    (timing,) = timed(browser, "/orders/?part=summary", runs=3, HTTP_HX_REQUEST="true")
    return common.report(
        "count and sums of 1,000,000 orders",
        measured=timing.milliseconds,
        bound=3_000,
        unit="ms",
        queries=timing.queries,
    )


def signed_in() -> Any:
    from django.test import Client

    from backoffice.accounts.models import Person, Role
    from tests.factors import sign_in_at_once

    person = Person.objects.create_person(email="maya@example.com", name="Maya Haddad", role=Role.FINANCE)
    browser = Client()
    sign_in_at_once(browser, person)
    return browser


def timed(browser: Any, *addresses: str, runs: int = RUNS, **headers: str) -> list[Timing]:
    """Ask for addresses until warm, then `runs` times each, in turns: a busy moment slows all of them alike."""
    queries = [counted(browser, address, **headers) for address in addresses]
    spent: list[list[float]] = [[] for _ in addresses]
    for _ in range(runs):
        for times, address in zip(spent, addresses, strict=True):
            began = time.perf_counter()
            browser.get(address, **headers)
            times.append((time.perf_counter() - began) * 1_000)
    return [Timing(statistics.median(times), count) for times, count in zip(spent, queries, strict=True)]


def counted(browser: Any, address: str, **headers: str) -> int:
    """Warm an address up and count its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(WARM_UP):
        assert browser.get(address, **headers).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        browser.get(address, **headers)
    return len(captured)


def deepest_token() -> str:
    """The token of the last page: what the link to it would hold after 20,000 pages."""
    from backoffice.orders import queries
    from backoffice.orders.views import ORDERS
    from backoffice.ui import keyset

    sort = ORDERS.sorts[0]
    last = list(queries.listed().order_by(*sort.reversed().order_by())[: PAGE + 1])
    return keyset._token(keyset.OLDER, sort, last[PAGE])


if __name__ == "__main__":
    sys.exit(main())

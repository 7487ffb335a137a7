"""The approval queue with 10,000 waiting requests against the same with 100: as a manager opens it, in every order.

Server time through the real views, middleware and templates; medians of `RUNS` requests, taken in turns, the quietest
of `TURNS` turns. Bound: within 1.5x. Run: python -m benchmarks.bench_queue
"""

import sys
from typing import Any

from benchmarks import common
from benchmarks.bench_list_page import Timing, timed

TURNS = 5
RUNS = 15
BOUND = 1.5
SHORT, LONG = 100, 10_000
PAGES = {
    "the queue, oldest first": "/approvals/",
    "the queue, largest first": "/approvals/?sort=-size",
    "the queue, first to expire": "/approvals/?sort=expires",
    "what waits for others": "/approvals/?lane=others",
}

#: Waiting requests of Maya's for a thousand clients; every other one has an approval of Omar already.
REQUESTS = """
    INSERT INTO approvals_request (
        kind, subject, title, client, amount, asset, reason, fingerprint, rule, rule_version, people_needed, state,
        requested_by_id, requested_at, valid_until
    )
    SELECT 'operation', 'wd-2026-' || lpad(n::text, 8, '0'), 'Withdrawal of ' || n || '.00 USD for Client ' || n,
        'user_' || (n %% 1000), n, 'USD', 'Client payout', encode(sha256(n::text::bytea), 'hex'), %(rule)s, %(version)s,
        %(needed)s, 'waiting', %(maya)s, now() - make_interval(secs => n), now() - make_interval(secs => n) + %(valid)s
    FROM generate_series(1, %(count)s) AS n
"""
APPROVALS = """
    WITH proven AS (
        INSERT INTO accounts_proof (person_id, covers, method, made_at)
        SELECT %(omar)s, ARRAY[fingerprint], 'code', now() FROM approvals_request WHERE id %% 2 = 0
        RETURNING id, covers, made_at
    )
    INSERT INTO approvals_decision (request_id, requested_by_id, decided_by_id, verdict, reason_code, note,
        fingerprint, proof_id, decided_at)
    SELECT r.id, r.requested_by_id, %(omar)s, 'approved', '', '', r.fingerprint, p.id, p.made_at
    FROM proven p JOIN approvals_request r ON r.fingerprint = p.covers[1]
"""


def main() -> int:
    """Measure, print one JSON line a figure, and return 1 when one does not hold."""
    with common.database() as short:
        browsers = {short: filled(SHORT)}
        with common.database() as long:
            browsers[long] = filled(LONG)
            held = [compared(name, page, browsers, short, long) for name, page in PAGES.items()]
    return 0 if all(held) else 1


def filled(count: int) -> Any:
    """Write so many waiting requests, and return the browser of the manager who opens the queue."""
    from django.test import Client

    from backoffice.accounts.models import Person, Role
    from tests.factors import sign_in_at_once

    maya, omar = (
        Person.objects.create_person(email=f"{name}@example.com", name=name.title(), role=role)
        for name, role in (("maya", Role.FINANCE), ("omar", Role.MANAGER))
    )
    fill(count, maya=maya.pk, omar=omar.pk)
    browser = Client()
    sign_in_at_once(browser, omar)
    return browser


def fill(count: int, *, maya: int, omar: int) -> None:
    """Write requests that wait: one half for Omar, one half for others after him."""
    from backoffice.approvals.models import Rule

    every = Rule.objects.select_related("rule_set").get(name="Every withdrawal")
    said = {
        "rule": every.name,
        "version": every.version,
        "needed": every.people_needed,
        "valid": every.validity,
        "maya": maya,
    }
    with common.owner() as cursor:
        cursor.execute(REQUESTS, {**said, "count": count})
        cursor.execute(APPROVALS, {"omar": omar})
        cursor.execute("VACUUM (ANALYZE) approvals_request, approvals_decision")


def compared(name: str, page: str, browsers: dict[str, Any], short: str, long: str) -> bool:
    """Ask both databases in turns, and let the quietest turn of each count."""
    turns: list[tuple[Timing, Timing]] = []
    for _ in range(TURNS):
        common.connect_to(short)
        (few,) = timed(browsers[short], page, runs=RUNS)
        common.connect_to(long)
        (many,) = timed(browsers[long], page, runs=RUNS)
        turns.append((few, many))
    few, many = (min(timings, key=lambda timing: timing.milliseconds) for timings in zip(*turns, strict=True))
    return common.report(
        f"{name}, {LONG:,} waiting against {SHORT}",
        measured=many.milliseconds / few.milliseconds,
        bound=BOUND,
        unit="x",
        short_ms=round(few.milliseconds, 1),
        long_ms=round(many.milliseconds, 1),
        queries=[few.queries, many.queries],
    )


if __name__ == "__main__":
    sys.exit(main())

"""The audit log's pages over 1,000,000 entries: the list by every filter it has, words included, and a person's day.

Server time through the real view, middleware and templates included; medians of `RUNS` requests. Each of them writes
the entry that says the log was read, and pays for it. Bound: no question takes longer than a second. Run:
python -m benchmarks.bench_audit_list [ENTRIES]
"""

import sys
from typing import Any

from benchmarks import common
from benchmarks.audit_log import switch_triggers
from benchmarks.bench_list_page import timed

SLOWEST_MS = 1_000
RUNS = 7
#: So many people took turns in writing the log, of whom one in `RARE` entries is the auditor's.
PEOPLE = 20
RARE = 5_000
DAY = "2026-11-02"

ENTRIES = """
    INSERT INTO audit_entry (
        number, at, event, person_id, who, role, delegate_of, address, request_id, object_type, object_id, client,
        before, after, reason, result, version, prev, canonical, hash
    )
    SELECT
        n, timestamptz '2026-11-19 12:00:00Z' - make_interval(secs => (%(count)s - n) * 30),
        CASE WHEN n %% %(rare)s = 7 THEN 'freeze.made' ELSE
            (ARRAY['operation.requested', 'operation.approved', 'operation.completed', 'audit.read'])[1 + n %% 4] END,
        CASE WHEN n %% 4 <> 2 THEN
            first_person + CASE WHEN n %% %(rare)s = 1 THEN 0 ELSE 1 + n %% (%(people)s - 1) END END,
        CASE WHEN n %% 4 = 2 THEN 'worker 1' ELSE 'Person ' || n %% %(people)s END,
        CASE WHEN n %% 4 = 2 THEN '' WHEN n %% %(rare)s = 1 THEN 'auditor'
            ELSE (ARRAY['finance', 'manager', 'finance', 'administrator'])[1 + n %% 4] END,
        '', '192.0.2.' || n %% 250, 'request-' || n, 'operation', 'wd-2026-' || lpad((n / 4)::text, 8, '0'),
        'user_' || n %% %(clients)s, '{"state": "pending_approval"}'::jsonb,
        jsonb_build_object('state', 'approved', 'amount', (n * 7919 %% 10000000 / 100.0)::numeric(12, 2)::text,
            'fingerprint', encode(sha256(n::text::bytea), 'hex')),
        'Checked with the client, call ' || n
            || CASE WHEN n %% %(rare)s = 3 THEN ', a statement nobody explains' ELSE '' END,
        CASE WHEN n %% %(rare)s = 5 THEN 'refused' ELSE 'done' END,
        1, '', '', encode(sha256(('entry ' || n)::bytea), 'hex')
    FROM generate_series(1::bigint, %(count)s) AS n, (SELECT min(id) AS first_person FROM accounts_person) AS people
"""
FILTERS = {
    "nothing": "",
    "a person": "person={person}",
    "a person who acts seldom": "person={rare_person}",
    "a role": "role=manager",
    "a role that acts seldom": "role=auditor",
    "an event": "event=operation.approved",
    "an event that is rare": "event=freeze.made",
    "a client": "client=user_77",
    "an object": "object=operation%20wd-2026-00000077",
    "a kind of object": "about=operation",
    "a kind of object there is none of": "about=freeze",
    "refusals": "result=refused",
    "a day": f"at_from={DAY}&at_to={DAY}",
    "a person's entries of a day": f"person={{person}}&at_from={DAY}&at_to={DAY}",
    "an entry's number": "q=777,777",
    "a reference": "q=wd-2026-00000077",
    "a request id": "q=request-777",
    "words that few entries have": "q=statement%20explains",
    "words that one entry has": "q=%22call%20777%22",
    "words that all entries have": "q=checked",
    "words that no entry has": "q=unheard",
    "words of a role": "q=statement&role=manager",
}


def main(count: int = common.MILLION) -> int:
    """Measure, print one JSON line a figure, and return 1 when one does not hold."""
    with common.database():
        auditor, browser = cast()
        fill(count)
        people = {"person": auditor + 5, "rare_person": auditor}
        held = [asked(browser, name, "/audit/?" + query.format(**people), count) for name, query in FILTERS.items()]
        held.append(asked(browser, "a person's day", f"/audit/day/?person={people['person']}&day={DAY}", count))
        held.append(asked(browser, "all events", "/audit/events/", count))
    return 0 if all(held) else 1


def cast() -> tuple[int, Any]:
    """Make the people who wrote the log, the auditor first, and a browser for the auditor."""
    from django.test import Client

    from backoffice.accounts.models import Person, Role
    from tests.factors import sign_in_at_once

    roles = [Role.AUDITOR] + [Role.FINANCE] * (PEOPLE - 1)
    people = [
        Person.objects.create_person(email=f"person{n}@example.com", name=f"Person {n}", role=role)
        for n, role in enumerate(roles)
    ]
    browser = Client()
    sign_in_at_once(browser, people[0])
    return people[0].pk, browser


def fill(count: int) -> None:
    """Write ``count`` entries as the owner, in one statement; the index on words is made afterwards."""
    with common.owner() as cursor:
        switch_triggers(cursor, "DISABLE")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'entry_by_words'")
        ((index,),) = cursor.fetchall()
        cursor.execute("DROP INDEX entry_by_words")
        cursor.execute("DELETE FROM audit_entry")
        cursor.execute(ENTRIES, {"count": count, "rare": RARE, "people": PEOPLE, "clients": common.CLIENTS})
        cursor.execute(index)
        cursor.execute(
            "UPDATE audit_head SET (number, hash) = (SELECT number, hash FROM audit_entry WHERE number = %s)", [count]
        )
        switch_triggers(cursor, "ENABLE ALWAYS")
        cursor.execute("VACUUM (ANALYZE) audit_entry")


def asked(browser: Any, name: str, address: str, count: int) -> bool:
    (timing,) = timed(browser, address, runs=RUNS)
    return common.report(
        f"audit log asked for {name}, {count:,} entries",
        measured=timing.milliseconds,
        bound=SLOWEST_MS,
        unit="ms",
        queries=timing.queries,
    )


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))

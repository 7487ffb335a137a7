"""A run over ROWS operations and ROWS orders with 0.5 % of each kind of discrepancy, against the bare full join.

The bare join does the same comparison: it reads the same tables, follows both sides beyond the window by reference,
joins them in full and names the same verdict for each row, duplicates and look-ups included. That and both sides are
inserted into a plain table: no key, no index, no check, no order. Ours writes verdicts that are kept for good, and
exceptions people work on. Both in one database, with the same memory, in turns.

Bounds: within 1.5x of the bare join; ten times the rows within 12x the time; a row of a day in a year within 2x of a
row of the same day alone; the worker under 150 MB; every planted discrepancy found, with the right verdict, and
nothing else. pandas and datacompy compare the same rows in a process of their own (`alternatives.py`), and have to be
slower, like with like: they keep nothing, and so stand beside the comparison that keeps nothing; pandas with its pairs
taken in by a plain table stands beside the findings and exceptions written. Where the Python that is named, or else
this one, does not have both, they are not measured.

Run: python -m benchmarks.bench_reconciliation [ROWS] [--python-of-alternatives PATH]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import common

ROWS = 100_000
ROUNDS = 3
CLIENTS = 1_000
#: One row in so many is of each kind.
EVERY = 200
END = datetime(2026, 11, 19, tzinfo=UTC)
#: How `alternatives.py` ends the name of what keeps its pairs.
KEPT = ", kept"
#: All rows of a comparison lie in a day, but for those of the year around it.
DAY = END - timedelta(days=1)

#: A day of few rows, measured alone and again in the year around it.
FEW = 2_000
QUIET_DAY = END - timedelta(days=200)

#: The tables a run writes, and those that name its rows.
FORGOTTEN = "^reconciliation_(?!ledger|referencecheck)"

#: What stands where, by the remainder of the row's number: in the order of `KINDS`.
KINDS = [
    "amount_differs",
    "status_differs",
    "asset_differs",
    "client_differs",
    "type_differs",
    "extra_at_partner",
    "missing_at_partner",
    "duplicate_reference",
    "too_early",
    "mirror_behind",
]
AMOUNT, STATUS, ASSET, CLIENT, TYPE, EXTRA, MISSING, DUPLICATE, EARLY, BEHIND = range(len(KINDS))

OPERATIONS = f"""
    INSERT INTO funding_operation (
        reference, submission_token, kind, amount, reason, fingerprint, confirmed_equal, requested_at, state, version,
        lease_holder, failure_code, failure_sentence, ended_at, partner_order_id, asset_id, client_id, requested_by_id,
        approved_at, approved_by_id
    )
    SELECT 'ref-' || n, gen_random_uuid(), CASE WHEN n %% 5 <> 0 THEN 'deposit' ELSE 'withdrawal' END,
        (n * 7919 %% 10000000 / 100.0 + 1)::numeric(12, 2), 'Invoice', '', false, at - interval '1 minute',
        CASE WHEN n %% {EVERY} = {EARLY} THEN 'unknown' ELSE 'completed' END, 1, '', '', '',
        CASE WHEN n %% {EVERY} <> {EARLY} THEN at + interval '1 second' END, n,
        (ARRAY['USD', 'AED', 'BHD', 'SAR'])[1 + n %% 4], c.id, %(maya)s, at, %(omar)s
    FROM generate_series(%(first)s::bigint, %(last)s) AS n
    CROSS JOIN LATERAL (SELECT %(start)s::timestamptz + (n - %(first)s) * %(step)s::interval AS at) moment
    JOIN clients_client c ON c.partner_client_id = 'user_' || n %% {CLIENTS}
    WHERE n %% {EVERY} <> {EXTRA}
"""  # noqa: S608  (no value of anybody's: constants of this module)
ATTEMPTS = """
    INSERT INTO funding_attempt (operation_id, number, lease_token, worker, environment, body, body_digest, planned_at,
        claimed_at)
    SELECT id, 1, gen_random_uuid(), 'w1', 'sandbox', '', '', requested_at, requested_at + interval '1 minute'
    FROM funding_operation p
    WHERE NOT EXISTS (SELECT FROM funding_attempt a WHERE a.operation_id = p.id)
"""
ORDERS = f"""
    INSERT INTO orders_order (
        id, order_no, partner_client_id, type, source, status, debit, debit_asset_id, credit, credit_asset_id,
        partner_order_ref, created_at, raw, read_at, is_cleaned
    )
    SELECT %(id)s + n, 'MN' || n, 'user_' || (n + (n %% {EVERY} = {CLIENT})::int) %% {CLIENTS},
        CASE WHEN is_deposit THEN 'deposit' ELSE 'withdrawal' END, 'bank',
        CASE WHEN n %% {EVERY} = {STATUS} THEN 'failed' ELSE 'completed' END,
        CASE WHEN is_deposit THEN amount END, CASE WHEN is_deposit THEN asset END,
        CASE WHEN NOT is_deposit THEN amount END, CASE WHEN NOT is_deposit THEN asset END, 'ref-' || n, at,
        convert_to(json_build_object('id', n, 'partner_client_id', 'user_' || n %% {CLIENTS}, 'amount', amount,
            'status', 'completed', 'partner_order_ref', 'ref-' || n, 'created_at', at)::text, 'UTF8'),
        at, false
    FROM (
        SELECT n, (n %% 5 <> 0) <> (n %% {EVERY} = {TYPE}) AS is_deposit,
            (n * 7919 %% 10000000 / 100.0 + 1 + 0.01 * (n %% {EVERY} = {AMOUNT})::int)::numeric(12, 2) AS amount,
            (ARRAY['USD', 'AED', 'BHD', 'SAR'])[1 + (n + (n %% {EVERY} = {ASSET})::int) %% 4] AS asset,
            %(start)s::timestamptz + (n - %(first)s) * %(step)s::interval + interval '1 second' AS at
        FROM generate_series(%(first)s::bigint, %(last)s) AS n
    ) AS made
    WHERE n %% {EVERY} <> {MISSING} AND n %% {EVERY} <> {BEHIND}
"""  # noqa: S608
CHECKS = f"""
    INSERT INTO reconciliation_referencecheck (reference, environment, asked_at, found, http_status, request_id, raw,
        sentence)
    SELECT 'ref-' || n, 'sandbox', %(end)s, false, 404, '', '{{}}', 'Not there.'
    FROM generate_series(%(first)s::bigint, %(last)s) AS n WHERE n %% {EVERY} = {MISSING}
    RETURNING id
"""  # noqa: S608

BARE = """
    WITH near_ours AS (
        SELECT p.*, c.partner_client_id, COALESCE(a.claimed_at, p.approved_at, p.requested_at) AS at
        FROM funding_operation p
        JOIN clients_client c ON c.id = p.client_id
        LEFT JOIN funding_attempt a ON a.operation_id = p.id AND a.number = 1
        WHERE COALESCE(a.claimed_at, p.approved_at, p.requested_at) >= %(window_from)s
          AND COALESCE(a.claimed_at, p.approved_at, p.requested_at) < %(window_to)s
    ), near_theirs AS (
        SELECT * FROM orders_order WHERE created_at >= %(window_from)s AND created_at < %(window_to)s
    ), ours AS (
        SELECT * FROM near_ours
        UNION ALL
        SELECT p.*, c.partner_client_id, COALESCE(a.claimed_at, p.approved_at, p.requested_at) AS at
        FROM (
            SELECT DISTINCT t.partner_order_ref AS reference FROM near_theirs t
            WHERE NOT EXISTS (SELECT FROM near_ours o WHERE o.reference = t.partner_order_ref)
        ) AS beyond
        JOIN funding_operation p USING (reference)
        JOIN clients_client c ON c.id = p.client_id
        LEFT JOIN funding_attempt a ON a.operation_id = p.id AND a.number = 1
    ), theirs AS (
        SELECT o.*, CASE WHEN type = 'deposit' THEN debit ELSE credit END AS amount,
               CASE WHEN type = 'deposit' THEN credit ELSE debit END AS opposite,
               row_number() OVER (PARTITION BY partner_order_ref ORDER BY id) AS nth,
               count(*) OVER (PARTITION BY partner_order_ref) AS copies
        FROM (
            SELECT * FROM near_theirs
            UNION ALL
            SELECT o.* FROM orders_order o
            WHERE (o.created_at < %(window_from)s OR o.created_at >= %(window_to)s)
              AND o.partner_order_ref IN (
                  SELECT reference FROM near_ours UNION SELECT partner_order_ref FROM near_theirs
              )
        ) AS o
    )
    SELECT CASE WHEN t.copies > 1 THEN 'duplicate_reference' WHEN o.id IS NULL THEN 'extra_at_partner'
                WHEN t.id IS NULL AND o.state = 'unknown' THEN 'too_early'
                WHEN t.id IS NULL AND made.id IS NULL THEN 'mirror_behind'
                WHEN t.id IS NULL THEN 'missing_at_partner' WHEN t.type <> o.kind THEN 'type_differs'
                WHEN t.effect_asset_id <> o.asset_id THEN 'asset_differs'
                WHEN t.partner_client_id <> o.partner_client_id THEN 'client_differs'
                WHEN t.amount <> o.amount OR COALESCE(t.opposite, 0) <> 0 THEN 'amount_differs'
                WHEN o.state = 'unknown' THEN 'too_early'
                WHEN t.status = o.state THEN 'matched' ELSE 'status_differs' END AS verdict,
           COALESCE(o.reference, t.partner_order_ref) AS reference, o.id AS operation_id, t.id AS order_id,
           o.partner_client_id AS our_client, o.kind AS our_type, o.asset_id AS our_asset, o.amount AS our_amount,
           o.state AS our_state, o.at AS our_at, t.partner_client_id AS their_client, t.type AS their_type,
           t.effect_asset_id AS their_asset, t.amount AS their_amount, t.opposite AS their_opposite_amount,
           t.status AS their_status, t.created_at AS their_at, t.copies AS same_reference_count, made.id AS check_made
    FROM ours o
    FULL JOIN theirs t ON t.partner_order_ref = o.reference AND t.nth = 1
    LEFT JOIN reconciliation_referencecheck made ON made.reference = o.reference AND made.id = ANY(%(checks)s::bigint[])
    WHERE t.id IS NULL OR t.created_at >= %(window_from)s AND t.created_at < %(window_to)s
"""


#: Both sides as two files with the same columns, for whoever compares outside the database.
OUR_FILE = """
    COPY (
        SELECT p.reference, c.partner_client_id AS client, p.kind AS type, p.asset_id AS asset, p.amount,
               p.state AS status
        FROM funding_operation p JOIN clients_client c ON c.id = p.client_id
        WHERE p.requested_at >= %s AND p.requested_at < %s
    ) TO STDOUT WITH (FORMAT csv, HEADER)
"""
THEIR_FILE = """
    COPY (
        SELECT partner_order_ref AS reference, partner_client_id AS client, type, effect_asset_id AS asset,
               COALESCE(debit, credit) AS amount, status
        FROM orders_order WHERE created_at >= %s AND created_at < %s
    ) TO STDOUT WITH (FORMAT csv, HEADER)
"""


def main(rows: int, python: str) -> int:
    """Measure, print the figures as JSON lines, and return how many do not hold."""
    with common.database():
        world = World()
        world.fill(FEW, QUIET_DAY)
        alone = world.fastest(QUIET_DAY)
        world.fill(rows // 10, DAY - timedelta(days=10))
        tenth = world.fastest(DAY - timedelta(days=10))
        world.fill(rows, DAY)
        held = compared(world, rows, tenth.seconds, python)
        world.fill(rows, DAY - timedelta(days=380), length=timedelta(days=360))
        held += [a_day_in_a_year(world, alone)]
    return held.count(False)


class Timed:
    """What one run took, and what it made."""

    def __init__(self, seconds: float, parts: dict[str, float], made: Any) -> None:
        self.seconds, self.parts, self.made = seconds, parts, made


class World:
    """Both sides in a database, by the window."""

    def __init__(self) -> None:
        from backoffice.accounts.models import Person, Role
        from backoffice.clients.models import Asset

        self.maya = Person.objects.create(email="maya@example.com", name="Maya Haddad", role=Role.FINANCE)
        self.omar = Person.objects.create(email="omar@example.com", name="Omar Saleh", role=Role.MANAGER)
        self.last = 0
        self.checks: dict[datetime, list[int]] = {}
        with common.owner() as cursor:
            cursor.execute(
                "INSERT INTO clients_client (partner_client_id, name, status, active, country_id, raw, read_at,"
                " is_cleaned) SELECT 'user_' || n, 'Client ' || n, 'verified', true, 'bh', '{}', now(), false"
                " FROM generate_series(0, %s) AS n",
                [CLIENTS - 1],
            )
        for asset in ("USD", "AED", "BHD", "SAR"):
            Asset.objects.get_or_create(asset_id=asset, defaults={"raw": b"{}", "read_at": END})

    def fill(self, rows: int, day: datetime, length: timedelta = timedelta(hours=23)) -> None:
        """Write so many rows of both sides into a window from `day` on, as the owner of the tables."""
        first, last = self.last + 1, self.last + rows
        facts = {"first": first, "last": last, "start": day, "step": length / rows, "end": day + timedelta(days=2)}
        with common.owner() as cursor:
            cursor.execute("ALTER TABLE funding_operation DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE funding_attempt DISABLE TRIGGER USER")
            cursor.execute(OPERATIONS, {**facts, "maya": self.maya.pk, "omar": self.omar.pk})
            cursor.execute(ATTEMPTS)
            cursor.execute("ALTER TABLE funding_operation ENABLE TRIGGER USER")
            cursor.execute("ALTER TABLE funding_attempt ENABLE TRIGGER USER")
            cursor.execute(ORDERS, {**facts, "id": 0})
            cursor.execute(f"{ORDERS} AND n %% {EVERY} = {DUPLICATE}", {**facts, "id": 1_000_000_000})
            cursor.execute(CHECKS, facts)
            self.checks[day] = [check for (check,) in cursor.fetchall()]
            # As the database does by itself in time; the summaries of the findings' index are made by it, too.
            cursor.execute("VACUUM (ANALYZE) funding_operation, funding_attempt, orders_order, clients_client")
            cursor.execute("VACUUM (ANALYZE) reconciliation_finding, reconciliation_exceptionitem")
        self.last = last

    def comparison(self, day: datetime) -> Any:
        from backoffice.reconciliation.comparing.matching import Comparison
        from backoffice.reconciliation.comparing.windows import Window

        read_to = day + timedelta(days=5)
        window = Window(day, day + timedelta(days=1))
        return Comparison(window=window, client=None, read_to=read_to, started_at=read_to)

    def run(self, day: datetime) -> Timed:
        """Make the pass and write the run, as a worker does once it has asked the partner."""
        from django.db import transaction

        from backoffice.reconciliation.comparing.evidence import Evidence
        from backoffice.reconciliation.comparing.partner_total import PartnerTotal
        from backoffice.reconciliation.comparing.patience import NOBODY_WAITS
        from backoffice.reconciliation.models import RunJob
        from backoffice.reconciliation.services import writing

        comparison, evidence = self.comparison(day), Evidence(tuple(self.checks.get(day, ())))
        job = RunJob.objects.create(
            window_from=day, window_to=day + timedelta(days=1), asked_at=END, state="running", holder="w1"
        )
        parts: dict[str, float] = {}
        with transaction.atomic(), timed_parts(writing, ("match", "sums_of", "digest_of", "take_in"), parts):
            began = time.perf_counter()
            made = writing.write_run(
                comparison, evidence, PartnerTotal(), job=job, by=self.maya, at_most=NOBODY_WAITS.wait
            )
        return Timed(time.perf_counter() - began, parts, made)

    def fastest(self, day: datetime) -> Timed:
        """Return the fastest of a few runs."""
        return min((self.run(day) for _ in range(ROUNDS)), key=lambda one: one.seconds)

    def alone(self, day: datetime) -> float:
        """Make the comparison of a run and keep nothing: how many pairs each verdict has. Return the seconds."""
        from django.db import connection, transaction

        from backoffice.reconciliation.comparing.matching import pairs_of
        from backoffice.reconciliation.comparing.sides import SIDES
        from backoffice.reconciliation.services import writing

        comparison, checks = self.comparison(day), list(self.checks.get(day, ()))
        statement = f"{pairs_of(SIDES[comparison.source])} SELECT verdict, count(*) FROM pairs GROUP BY verdict"
        with transaction.atomic(), connection.cursor() as cursor:
            writing.make_room()
            began = time.perf_counter()
            cursor.execute(statement, {**comparison.parameters, "checks": checks})
            return time.perf_counter() - began

    def forget(self) -> None:
        """Take all runs and exceptions away, as the owner, so that the next run opens every exception anew."""
        from django.db import transaction

        with common.owner() as cursor, transaction.atomic(using="owner"):
            cursor.execute("SELECT tablename FROM pg_tables WHERE tablename ~ %s", [FORGOTTEN])
            names = [name for (name,) in cursor.fetchall()]
            for name in names:
                cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
            cursor.execute(f"TRUNCATE {', '.join(names)}")
            for name in names:
                cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")

    def bare(self, day: datetime, number: int) -> float:
        """Make the bare join, with the memory a run has, and not compiled either."""
        from django.db import transaction

        values = {"window_from": day, "window_to": day + timedelta(days=1), "checks": self.checks.get(day, [])}
        with common.owner() as cursor:
            cursor.execute(f"CREATE TABLE bare_{number} AS {BARE} WITH NO DATA", values)
        with common.owner() as cursor, transaction.atomic(using="owner"):
            cursor.execute("SET LOCAL work_mem = '256MB'; SET LOCAL jit = off")
            began = time.perf_counter()
            cursor.execute(f"INSERT INTO bare_{number} {BARE}", values)  # noqa: S608
        took = time.perf_counter() - began
        with common.owner() as cursor:
            cursor.execute(f"DROP TABLE bare_{number}")
        return took


class timed_parts:
    """Note how long each named function of a module takes, inside the block."""

    def __init__(self, module: Any, names: tuple[str, ...], parts: dict[str, float]) -> None:
        self.module, self.parts = module, parts
        self.former = {name: getattr(module, name) for name in names}

    def __enter__(self) -> None:
        for name, function in self.former.items():
            setattr(self.module, name, self.noting(name, function))

    def __exit__(self, *_error: object) -> None:
        for name, function in self.former.items():
            setattr(self.module, name, function)

    def noting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                self.parts[name] = round(self.parts.get(name, 0) + time.perf_counter() - began, 3)

        return noted


def compared(world: World, rows: int, tenth_seconds: float, python: str) -> list[bool]:
    """Our run against the bare join, in turns; and against a tenth of the rows."""
    peak_before = reset_peak()
    ours, bare = [], []
    for number in range(ROUNDS):
        world.forget()
        bare.append(world.bare(DAY, number))
        ours.append(world.run(DAY))
    best = min(ours, key=lambda one: one.seconds)
    written = min(one.parts["match"] + one.parts["take_in"] for one in ours)
    counts = best.made.counts
    planted = dict.fromkeys(KINDS, rows // EVERY)
    planted["duplicate_reference"] *= 2
    found = {kind: counts.get(kind, 0) for kind in KINDS}
    details = {"bare_seconds": round(min(bare), 3), "parts": best.parts}
    return [
        common.report(
            f"{rows:,} x {rows:,}: verdicts and exceptions written, over the bare join",
            measured=written / min(bare),
            bound=1.5,
            unit="x",
            seconds=round(written, 3),
            **details,
        ),
        common.report(
            f"{rows:,} x {rows:,}: the whole run with totals, digest and commit, over the bare join",
            measured=best.seconds / min(bare),
            bound=3.0,
            unit="x",
            seconds=round(best.seconds, 3),
        ),
        common.report(
            "planted discrepancies not found with the right verdict, or found and not planted",
            measured=sum(abs(planted[kind] - found[kind]) for kind in KINDS)
            + abs(best.made.rows_count - sum(planted.values()) - counts.get("matched", 0)),
            bound=0,
            unit="rows",
            found=found,
        ),
        common.report(
            "ten times the rows",
            measured=best.seconds / tenth_seconds,
            bound=12,
            unit="x",
            tenth_seconds=round(tenth_seconds, 3),
        ),
        common.report("memory of the worker", measured=peak(), bound=150, unit="MB", before=peak_before),
        *others(python, min(world.alone(DAY) for _ in range(ROUNDS)), written),
    ]


def reset_peak() -> float:
    """Forget the highest memory so far, where the system can, and return what it was, in MB."""
    before = peak()
    Path("/proc/self/clear_refs").write_text("5")
    return before


def peak() -> float:
    """The most memory this process had resident since the peak was reset, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def others(python: str, alone: float, written: float) -> list[bool]:
    """Compare with pandas and datacompy on the same rows, where `python` has both: like with like.

    :param alone: the seconds of our comparison when nothing is kept of it.
    :param written: the seconds of our comparison with findings and exceptions written.
    """
    took = alternatives(python)
    if not took:
        print(json.dumps({"figure": "pandas merge and datacompy", "measured": "not measured"}), flush=True)
    return [beside(name, theirs, alone=alone, written=written) for name, theirs in took.items()]


def beside(name: str, theirs: float, *, alone: float, written: float) -> bool:
    """Say what ours takes beside one alternative: everything written, where that keeps its pairs too."""
    done, ours = ("written", written) if name.endswith(KEPT) else ("compared alone", alone)
    figure = f"{done}, over {name}"
    return common.report(
        figure, measured=ours / theirs, bound=1.0, unit="x", seconds=round(theirs, 3), ours=round(ours, 3)
    )


def alternatives(python: str) -> dict[str, float]:
    """Return the seconds each alternative takes, the files included; nothing where it cannot run."""
    installed = subprocess.run([python, "-c", "import pandas, datacompy"], capture_output=True, check=False)
    if installed.returncode:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("ours.csv", "theirs.csv", "pairs.csv")]
        began = time.perf_counter()
        for statement, file in zip((OUR_FILE, THEIR_FILE), files, strict=False):
            write_file(statement, Path(file))
        read = time.perf_counter() - began
        script = str(Path(__file__).with_name("alternatives.py"))
        made = subprocess.run([python, script, *files], capture_output=True, text=True, check=True)
        taken_in = take_in_file(Path(files[-1]))
    seconds = json.loads(made.stdout.splitlines()[-1])
    return {name: read + took + (taken_in if name.endswith(KEPT) else 0) for name, took in seconds.items()}


def take_in_file(path: Path) -> float:
    """Have the database take a file into a plain table of texts; return the seconds."""
    with path.open("rb") as file, common.owner() as cursor:
        columns = ", ".join(f'"{name}" text' for name in file.readline().decode().strip().split(","))
        cursor.execute(f"CREATE TABLE kept_pairs ({columns})")
        began = time.perf_counter()
        with cursor.copy("COPY kept_pairs FROM STDIN WITH (FORMAT csv)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE kept_pairs")
    return took


def write_file(statement: str, path: Path) -> None:
    window = [DAY, DAY + timedelta(days=1)]
    with common.owner() as cursor, path.open("wb") as file, cursor.copy(statement, window) as rows:
        for block in rows:
            file.write(block)


def a_day_in_a_year(world: World, alone: Timed) -> bool:
    """The same day, once a year of other rows lies around it and some of them in it: what a row of the day costs."""
    inside = world.fastest(QUIET_DAY)
    more = inside.made.rows_count / alone.made.rows_count
    return common.report(
        f"a row of a day among {world.last:,}, over a row of the same day alone",
        measured=inside.seconds / alone.seconds / more,
        bound=2.0,
        unit="x",
        rows=inside.made.rows_count,
        alone_rows=alone.made.rows_count,
        seconds=round(inside.seconds, 3),
        alone_seconds=round(alone.seconds, 3),
        parts=inside.parts,
        alone_parts=alone.parts,
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("rows", nargs="?", type=int, default=ROWS)
    asked.add_argument("--python-of-alternatives", default=sys.executable)
    values = asked.parse_args()
    sys.exit(main(values.rows, values.python_of_alternatives))

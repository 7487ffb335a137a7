"""What the benchmarks share: a database of their own, orders by the million, figures as JSON lines.

The database is a clone on the tests' embedded server, as `tests/database.py` makes one, and is dropped afterwards.
"""

import atexit
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MILLION = 1_000_000
CLIENTS = 1_000
#: One order in so many is no deposit and no withdrawal of ours that completed.
RARE = 1_000

ORDERS_BY_THE_MILLION = """
    INSERT INTO orders_order (
        id, order_no, partner_client_id, type, source, status, debit, debit_asset_id, credit, credit_asset_id,
        fee, fee_asset_id, vat, partner_order_ref, created_at, transitioned_at, updated_at, raw, read_at, is_cleaned
    )
    SELECT
        n, (CASE WHEN is_deposit THEN 'MND' ELSE 'MNW' END) || lpad(n::text, 10, '0'), 'user_' || (n %% %(clients)s),
        CASE WHEN is_deposit THEN 'deposit' ELSE 'withdrawal' END, 'bank',
        CASE WHEN n %% %(rare)s = 0 THEN 'failed' ELSE 'completed' END,
        CASE WHEN is_deposit THEN amount END, CASE WHEN is_deposit THEN asset END,
        CASE WHEN NOT is_deposit THEN amount END, CASE WHEN NOT is_deposit THEN asset END,
        0, asset, 0, 'ref-' || n, at, at, at,
        convert_to(json_build_object('id', n, 'partner_client_id', 'user_' || (n %% %(clients)s), 'amount', amount,
            'status', 'completed', 'partner_order_ref', 'ref-' || n, 'created_at', at)::text, 'UTF8'),
        at, false
    FROM (
        SELECT n, n %% 5 <> 0 AS is_deposit, (n * 7919 %% 10000000 / 100.0)::numeric(12, 2) AS amount,
            (ARRAY['USD', 'AED', 'BHD', 'SAR'])[1 + n %% 4] AS asset,
            timestamptz '2026-11-19 12:00:00Z' - make_interval(secs => n * 30) AS at
        FROM generate_series(1::bigint, %(count)s) AS n
    ) AS made
"""


@contextmanager
def database() -> Iterator[str]:
    """Give an empty, migrated database that Django is connected to; drop it after the block."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    sys.path.insert(0, str(ROOT))
    warnings.simplefilter("ignore")
    import django

    django.setup()
    from django.db import connections

    from backoffice.database import embedded
    from tests import database as clones

    atexit.register(clones.stop_server_if_last)
    server = clones.start_server()
    name = clones.clone(server)
    clones.connect_to(server, name)
    try:
        yield name
    finally:
        connections.close_all()
        embedded.drop_database(server, name)


def connect_to(name: str) -> None:
    """Point Django at another database of this run."""
    from tests import database as clones

    clones.connect_to(clones.start_server(), name)


def fill_orders(count: int) -> None:
    """Write ``count`` orders of a thousand clients, nearly all completed and under references of ours, as the owner."""
    with owner() as cursor:
        cursor.execute(
            "INSERT INTO orders_mintedreference (reference, minted_at)"
            " SELECT 'ref-' || n, now() FROM generate_series(1, %s) AS n WHERE n %% %s <> 1",
            [count, RARE],
        )
        cursor.execute(
            "INSERT INTO clients_client (partner_client_id, name, status, active, country_id, raw, read_at, is_cleaned)"
            " SELECT 'user_' || n, 'Client number ' || n, 'verified', true, 'bh', '{}', now(), false"
            " FROM generate_series(0, %s - 1) AS n",
            [CLIENTS],
        )
        cursor.execute(ORDERS_BY_THE_MILLION, {"count": count, "clients": CLIENTS, "rare": RARE})
        cursor.execute("VACUUM (ANALYZE) orders_order, orders_mintedreference, clients_client")


@contextmanager
def owner() -> Iterator[Any]:
    """Give a cursor of the database's owner, without a limit on how long a statement runs."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        yield cursor


def report(figure: str, *, measured: float, bound: float, unit: str, **details: Any) -> bool:
    """Print one figure as a JSON line and say whether it holds."""
    holds = measured <= bound
    line = {"figure": figure, "measured": round(measured, 3), "bound": bound, "unit": unit, "holds": holds, **details}
    print(json.dumps(line), flush=True)
    return holds

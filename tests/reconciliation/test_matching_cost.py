"""What the pass reads: a day inside a year costs what the day holds."""

from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from backoffice.reconciliation.comparing.matching import Comparison, pass_over
from backoffice.reconciliation.comparing.sides import SIDES
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.services.writing import make_room
from tests.reconciliation.rows import DAY, READ

A_YEAR_OF_ORDERS = """
    INSERT INTO orders_order (
        id, order_no, partner_client_id, type, source, status, partner_order_ref, created_at, raw, read_at, is_cleaned
    )
    SELECT n, 'MN' || n, 'user_1', 'deposit', 'bank', 'completed', 'ref-' || n,
           %(end)s::timestamptz - n * interval '30 minutes', '', %(end)s, false
    FROM generate_series(1, 2 * 24 * 365) n
"""


def plan_of(comparison: Comparison) -> list[str]:
    """The steps by which the database makes the pass."""
    statement = pass_over(SIDES[comparison.source])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", {**comparison.parameters, "run_id": 1, "checks": []})
        return [step.strip() for (step,) in cursor.fetchall()]


@pytest.mark.usefixtures("committed")
def test_a_day_inside_a_year_is_compared_without_reading_the_year() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(A_YEAR_OF_ORDERS, {"end": READ})
        cursor.execute("ANALYZE orders_order")
    day = Comparison(window=Window(DAY, DAY + timedelta(days=1)), client=None, read_to=READ, started_at=READ)

    with transaction.atomic():
        make_room()
        plan = plan_of(day)

    assert not [step for step in plan if "Seq Scan on orders_order" in step]
    assert [step for step in plan if "on orders_order" in step]

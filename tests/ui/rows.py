"""A table that lives for one test, so that pages are read from a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from django.db import connection, models

START = datetime(2026, 11, 1, tzinfo=UTC)


class Row(models.Model):
    """A row as a mirror has it: times repeat, numbers do not."""

    created_at = models.DateTimeField()
    amount = models.DecimalField(max_digits=38, decimal_places=18)
    name = models.TextField()
    key = models.UUIDField()

    objects: ClassVar[models.Manager["Row"]] = models.Manager()

    class Meta:
        app_label = "ui"
        managed = False
        db_table = "keyset_rows"

    def __str__(self) -> str:
        return f"row {self.pk}"


@pytest.fixture
def table(db: None) -> Iterator[None]:
    """An empty table, with the index a list by time needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE keyset_rows (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, "
            "amount numeric(38, 18) NOT NULL, name text NOT NULL, key uuid NOT NULL DEFAULT gen_random_uuid())"
        )
        cursor.execute("CREATE INDEX ON keyset_rows (created_at DESC, id DESC)")
        yield
        cursor.execute("DROP TABLE keyset_rows")


def fill(minutes: list[int]) -> None:
    """Make one row for each entry, created so many minutes after the start."""
    Row.objects.all().delete()
    Row.objects.bulk_create(
        Row(
            id=number,
            created_at=START + timedelta(minutes=minute),
            amount=Decimal(minute) / 8,
            name=f"n{minute % 3}",
            key=f"00000000-0000-4000-8000-{number:012d}",
        )
        for number, minute in enumerate(minutes, 1)
    )


def fill_many(count: int) -> None:
    """Make `count` rows in one statement, two for each second, and tell the planner about them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO keyset_rows (id, created_at, amount, name) "
            "SELECT n, %s + n / 2 * interval '1 second', n, 'n' FROM generate_series(1, %s) n",
            [START, count],
        )
        cursor.execute("ANALYZE keyset_rows")

"""What a free slot takes first: what is in doubt before what is to be sent, a payment before the rows of files."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from backoffice.accounts.models import Person
from backoffice.approvals.models import Request
from backoffice.audit.sealing import bells
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import Operation
from backoffice.funding.services.bulk_creating import create_operations
from backoffice.funding.services.bulk_files import confirm, upload
from backoffice.funding.services.doorbells import (
    CREATE,
    RESOLVE,
    SEND,
    ring_once,
    ring_once_to_create,
    ring_to_create,
    ring_to_resolve,
    ring_to_send,
)
from backoffice.reconciliation.days import nightly
from backoffice.worker import priorities
from tests.approving import approve
from tests.funding.cast import deposit, mirrored_asset, mirrored_client

pytestmark = pytest.mark.usefixtures("committed")


def taken() -> tuple[str, int]:
    """What a worker's free slot takes next: the task, and which operation or file it is about."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, coalesce(args->>'operation_id', args->>'file_id')::bigint"
            " FROM procrastinate_fetch_job_v2(NULL, NULL)"
        )
        return cursor.fetchone()  # type: ignore[no-any-return]


def forget_bells() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def rows(maya: Person, omar: Person) -> list[int]:
    """The operations of a file that Maya uploaded, whose bells nobody heard."""
    mirrored_client()
    mirrored_asset()
    content = (
        b"type,client,asset,amount,reason\ndeposit,user_12345,USD,10.00,Payroll\ndeposit,user_12345,USD,20.00,Rent\n"
    )
    file = upload(name="payroll.csv", content=content, by=maya).file
    confirm(file_id=file.pk, count=2, totals={"deposit USD": Decimal("30.00")}, confirmed_equal=True, by=maya)
    for request in Request.objects.filter(kind="bulk"):
        approve(request, by=omar)
    assert not create_operations(file.pk, holder="worker 1")
    forget_bells()
    return list(Operation.objects.order_by("pk").values_list("pk", flat=True))


@pytest.mark.parametrize("ring", [lambda: ring_to_resolve(7, in_seconds=0), lambda: ring_once(RESOLVE, 7)])
def test_a_look_up_goes_before_fifty_sends_that_were_asked_for_earlier(ring: Callable[[], None]) -> None:
    for number in range(50):
        ring_to_send(100 + number)
    ring()

    assert [taken() for _slot in range(3)] == [(RESOLVE, 7), (SEND, 100), (SEND, 101)]


def test_a_single_payment_goes_before_the_rows_of_a_file(maya: Person, rows: list[int]) -> None:
    for row in rows:
        ring_to_send(row)
    ring_once(SEND, rows[0])
    ring_to_create(8)
    ring_once_to_create(9)
    single = deposit(maya, Client.objects.get(), Asset.objects.get(), "5.00").pk

    assert [taken() for _slot in range(6)] == [
        (SEND, single),
        (CREATE, 8),
        (CREATE, 9),
        *((SEND, row) for row in [*rows, rows[0]]),
    ]


def test_what_finds_lost_things_and_reads_the_books_goes_before_look_ups() -> None:
    periodic = {one.task.name: one.task.priority for one in app.periodic_registry.periodic_tasks.values()}
    sweeps = {name for name, priority in periodic.items() if priority == priorities.SWEEPS}
    books = {name for name, priority in periodic.items() if priority == priorities.BOOKS}

    assert priorities.SWEEPS > priorities.BOOKS > priorities.IN_DOUBT > priorities.PAYMENT
    assert {name for name in periodic if name.endswith(".sweep")} | {
        "backoffice.worker.tasks.retry_stalled_jobs"
    } == sweeps
    assert books == {name for name in periodic if ".tasks.sync_" in name} | {"funding.late_orders", bells.SEAL}


def test_closed_days_wait_for_whoever_waits_and_not_for_files() -> None:
    nightly.ring_once_to_check(date(2026, 11, 20))

    with connection.cursor() as cursor:
        cursor.execute("SELECT priority FROM procrastinate_jobs")
        assert cursor.fetchall() == [(priorities.NIGHTLY,)]
    assert priorities.PAYMENT > priorities.NIGHTLY > priorities.FILE > priorities.ROW_OF_A_FILE

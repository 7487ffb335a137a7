"""What the workers do for funding. Every task may run twice, late or not at all: the state column is the truth.

Sending is never retried by the library. Sweeps find what no bell rang for: approved and not claimed, leases run out,
look-ups due, permissions run out.
"""

from datetime import datetime
from typing import Final

from procrastinate import JobContext
from procrastinate.contrib.django import app

from backoffice.accounts.context import one_job
from backoffice.database import clock
from backoffice.funding import queries
from backoffice.funding.bulk import queries as bulk_queries
from backoffice.funding.services import bulk_creating, expiring, late_orders, resolving, sending, servers
from backoffice.funding.services.doorbells import (
    CREATE,
    QUEUE,
    RESOLVE,
    SEND,
    ring_once,
    ring_once_to_create,
    ring_to_create,
)
from backoffice.worker import priorities

SWEPT_AT_ONCE: Final = 100


def holder_of(context: JobContext) -> str:
    """Name the worker as the operation's page and the audit log show it."""
    return context.worker_name or "worker"


@app.task(name=SEND, queue=QUEUE, pass_context=True, retry=False)
def send(context: JobContext, operation_id: int) -> None:
    """Send one approved operation."""
    with one_job():
        sending.send(operation_id, holder=holder_of(context))


@app.task(name=RESOLVE, queue=QUEUE, pass_context=True, retry=False)
def resolve(context: JobContext, operation_id: int) -> None:
    """Look one operation in doubt up."""
    with one_job():
        resolving.resolve(operation_id, holder=holder_of(context))


@app.task(name=CREATE, queue=QUEUE, pass_context=True, retry=False)
def create_from_file(context: JobContext, file_id: int) -> None:
    """Create the operations of a confirmed file for a while, and ring for another job where rows are left."""
    with one_job():
        if bulk_creating.create_operations(file_id, holder=holder_of(context)):
            ring_to_create(file_id)


@app.periodic(cron="* * * * * */5")  # the sixth field is the second
@app.task(name="funding.sweep", queue=QUEUE, queueing_lock="funding.sweep", priority=priorities.SWEEPS, retry=False)
def sweep(timestamp: int) -> None:
    """Ring for everything that waits for a worker, and end what waited too long, on the server that is known."""
    with one_job():
        servers.keep_to_server()
        expiring.expire_due()
        for task, operation_id in waiting(clock.now()):
            ring_once(task, operation_id)
        for file_id in bulk_queries.to_be_created().values_list("id", flat=True)[:SWEPT_AT_ONCE]:
            ring_once_to_create(file_id)


def waiting(now: datetime) -> list[tuple[str, int]]:
    """Name what waits for a worker at ``now``: the task to ring for, and the operation; the longest waiting first."""
    to_send = queries.free_to_be_sent(now).values_list("id", flat=True)[:SWEPT_AT_ONCE]
    to_resolve = resolving.due(now).values_list("id", flat=True)[:SWEPT_AT_ONCE]
    return [
        *((SEND, operation_id) for operation_id in to_send),
        *((RESOLVE, operation_id) for operation_id in to_resolve),
    ]


@app.periodic(cron="* * * * *")
@app.task(
    name="funding.late_orders", queue=QUEUE, queueing_lock="funding.late_orders", priority=priorities.BOOKS, retry=False
)
def watch_late_orders(timestamp: int) -> None:
    """Compare what ended lately with the orders under its references, every minute."""
    with one_job():
        late_orders.watch()


@app.periodic(cron="7 * * * *")
@app.task(name="funding.late_orders_ever", queue=QUEUE, queueing_lock="funding.late_orders_ever", retry=False)
def watch_late_orders_ever(timestamp: int) -> None:
    """Compare everything that ever ended, every hour: an order may turn up however late."""
    with one_job():
        late_orders.watch(lately=False)

"""Bells for the workers. A bell only hurries: the state column says what is to be done, sweeps find what no bell rang.

The job is written over the connection that changes the state, so it commits or rolls back with the change. What is in
doubt is looked up before anything is sent, and a single payment goes before the rows of files.
"""

from typing import Any, Final

from procrastinate.exceptions import AlreadyEnqueued

from backoffice.funding.bulk.queries import is_row_of_a_file
from backoffice.worker import priorities
from backoffice.worker.bells import same_connection

QUEUE = "funding"
SEND, RESOLVE, CREATE = "funding.send", "funding.resolve", "funding.create_from_file"
#: Bells rung where much may go on at once, at a release or a resumption; the sweep finds the rest within seconds.
RUNG_AT_ONCE: Final = 100


def ring_to_send(operation_id: int) -> None:
    """Ask a worker to send an approved operation."""
    _ring(SEND, operation_id=operation_id)


def ring_to_resolve(operation_id: int, in_seconds: int) -> None:
    """Ask a worker to look an operation up in so many seconds."""
    _ring(RESOLVE, schedule_in={"seconds": in_seconds}, operation_id=operation_id)


def ring_once(task: str, operation_id: int) -> None:
    """Ring unless a bell of an earlier sweep is still waiting to be heard. Not for use inside a transaction."""
    try:
        _ring(task, queueing_lock=f"{task}-{operation_id}", operation_id=operation_id)
    except AlreadyEnqueued:
        return


def ring_to_create(file_id: int) -> None:
    """Ask a worker to create the operations of a confirmed file."""
    same_connection().configure_task(CREATE, queue=QUEUE, priority=priorities.FILE).defer(file_id=file_id)


def ring_once_to_create(file_id: int) -> None:
    """Do so unless a bell of an earlier sweep is still waiting to be heard. Not for use inside a transaction."""
    lock = f"{CREATE}-{file_id}"
    task = same_connection().configure_task(CREATE, queue=QUEUE, priority=priorities.FILE, queueing_lock=lock)
    try:
        task.defer(file_id=file_id)
    except AlreadyEnqueued:
        return


def _ring(task: str, *, operation_id: int, **options: Any) -> None:
    priority = priorities.IN_DOUBT if task == RESOLVE else _priority_to_send(operation_id)
    same_connection().configure_task(task, queue=QUEUE, priority=priority, **options).defer(operation_id=operation_id)


def _priority_to_send(operation_id: int) -> int:
    return priorities.ROW_OF_A_FILE if is_row_of_a_file(operation_id) else priorities.PAYMENT

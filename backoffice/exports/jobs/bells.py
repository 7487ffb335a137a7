"""Bells for the workers: a file was asked for. The row of the job says what is to be done; a bell only hurries."""

from typing import Any, Final

from procrastinate.exceptions import AlreadyEnqueued

from backoffice.worker.bells import same_connection

QUEUE: Final = "exports"
BUILD: Final = "exports.build"
#: So many files are built at once, whoever asked: what moves money finds a worker free.
LANES: Final = 2


def ring(job_id: int) -> None:
    """Ask a worker to build the file, once the transaction that asks for it commits."""
    bell(job_id).defer(job_id=job_id)


def ring_once(job_id: int) -> None:
    """Do so unless a bell is still waiting to be heard. Not for use inside a transaction."""
    try:
        bell(job_id, queueing_lock=f"{BUILD}-{job_id}").defer(job_id=job_id)
    except AlreadyEnqueued:
        return


def bell(job_id: int, **options: Any) -> Any:
    return same_connection().configure_task(BUILD, queue=QUEUE, lock=f"{BUILD}-lane-{job_id % LANES}", **options)

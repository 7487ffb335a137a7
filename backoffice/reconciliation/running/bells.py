"""Bells for the workers: a run was asked for. The row of the job says what is to be done; a bell only hurries."""

from typing import Final

from procrastinate.exceptions import AlreadyEnqueued

from backoffice.worker.bells import same_connection

QUEUE: Final = "reconciliation"
RUN: Final = "reconciliation.carry_out"


def ring(job_id: int) -> None:
    """Ask a worker to carry the job out, once the transaction that asks for it commits."""
    same_connection().configure_task(RUN, queue=QUEUE).defer(job_id=job_id)


def ring_once(job_id: int) -> None:
    """Do so unless a bell is still waiting to be heard. Not for use inside a transaction."""
    try:
        same_connection().configure_task(RUN, queue=QUEUE, queueing_lock=f"{RUN}-{job_id}").defer(job_id=job_id)
    except AlreadyEnqueued:
        return

"""Bells for the workers: a verification was asked for. Its row says what is to be done; a bell only hurries."""

from typing import Any, Final

from procrastinate.exceptions import AlreadyEnqueued

from backoffice.audit.sealing.bells import LANE, QUEUE
from backoffice.worker.bells import same_connection

VERIFY: Final = "audit.verify"


def ring(job_id: int) -> None:
    """Ask a worker to carry the verification out, once the transaction that asks for it commits."""
    bell().defer(job_id=job_id)


def ring_once(job_id: int) -> None:
    """Do so unless a bell is still waiting to be heard. Not for use inside a transaction."""
    try:
        bell(queueing_lock=f"{VERIFY}-{job_id}").defer(job_id=job_id)
    except AlreadyEnqueued:
        return


def bell(**options: Any) -> Any:
    return same_connection().configure_task(VERIFY, queue=QUEUE, lock=LANE, **options)

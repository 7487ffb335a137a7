"""Bells for the workers: somebody wants balances read or proven, or Bitnob checked, and does not wait for it."""

from typing import Final

from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued

from backoffice.accounts.models import Person
from backoffice.reconciliation.running.bells import QUEUE, READING_LANE
from backoffice.worker.bells import same_connection

READ: Final = "reconciliation.read_balances"
PROVE: Final = "reconciliation.prove_balances"
CHECK: Final = "reconciliation.check_transactions"


def ring(task: str, *, by: Person) -> None:
    """Ask a worker to do it in somebody's name, unless that bell is still waiting to be heard."""
    try:
        with transaction.atomic():
            bell = same_connection().configure_task(task, queue=QUEUE, lock=READING_LANE, queueing_lock=task)
            bell.defer(person_id=by.pk)
    except AlreadyEnqueued:
        return

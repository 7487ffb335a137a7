"""Bells for the workers: a hundred entries came, seal them. The clock rings every five minutes as well."""

from typing import Final

from django.conf import settings

from backoffice.worker import priorities
from backoffice.worker.bells import same_connection

QUEUE: Final = "audit"
SEAL: Final = "audit.seal"
ENTRIES_PER_SEAL: Final = 100
#: One job of the log at a time reads all of it, or waits for the second place: that may take long, and what moves money
#: finds a worker free.
LANE: Final = "audit.lane"


def ring_at_each_hundredth(number: int) -> None:
    """Ask a worker to seal the log once entry ``number`` is committed, if it is a hundredth one and seals are made."""
    if number % ENTRIES_PER_SEAL == 0 and settings.AUDIT_SEAL_KEY:
        bell = same_connection().configure_task(SEAL, queue=QUEUE, lock=LANE, priority=priorities.BOOKS)
        bell.defer(timestamp=0)

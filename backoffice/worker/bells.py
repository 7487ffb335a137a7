"""How a web request or a service hands something to the workers: by a job written over its own connection.

The job then commits or rolls back with the change that asked for it. Inside a worker the library's own connector is
another connection; hence the connector is named here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.db import Error
from procrastinate import App
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

#: What whoever also rings meets where the database stumbles: to a bell it comes under a name of the library's.
DATABASE_TROUBLE: Final = (Error, ConnectorException)


@cache
def same_connection() -> App:
    """Return the library's application, writing over the connection of whoever asks."""
    return App(connector=DjangoConnector(alias="default"))


def no_lane(_job_id: int) -> None:
    """Have a job wait for no other."""


@dataclass(frozen=True)
class Bell:
    """Rung for a row that a worker is to take up. The row says what is to be done; a bell only hurries.

    ``lane`` gives the name of the lane a row's job goes in: the jobs of one lane are done one at a time.
    """

    task: str
    queue: str
    lane: Callable[[int], str | None] = no_lane

    def ring(self, job_id: int) -> None:
        """Ask a worker to take the row up, once the transaction that asks for it commits."""
        self._defer(job_id, None)

    def ring_once(self, job_id: int) -> None:
        """Do so unless a bell is still waiting to be heard. Not for use inside a transaction."""
        try:
            self._defer(job_id, f"{self.task}-{job_id}")
        except AlreadyEnqueued:
            return

    def _defer(self, job_id: int, queueing_lock: str | None) -> None:
        job = same_connection().configure_task(
            self.task, queue=self.queue, lock=self.lane(job_id), queueing_lock=queueing_lock
        )
        job.defer(job_id=job_id)

"""A backup that is taken and gone back to, and the two people who release the lock of the restore."""

from django.db import connections

from backoffice.accounts.models import Person
from backoffice.database import embedded
from backoffice.funding.models import Freeze
from tests.approving import approve, ask_for_release
from tests.database import connect_to


class Backup:
    """A copy of the test's database, taken now, that can be gone back to."""

    def __init__(self, server: embedded.Embedded, name: str) -> None:
        self.server, self.name, self.copy = server, name, f"{name}_backup"
        connections.close_all()
        embedded.create_database(server, self.copy, template=name)
        connect_to(server, name)

    def restore(self) -> None:
        """Go on with the rows as they were when the backup was taken."""
        connections.close_all()
        connect_to(self.server, self.copy)


def unlocked(lock: Freeze, *, asked_by: Person, approved_by: Person) -> None:
    request = ask_for_release(lock, by=asked_by, reason="Everything was looked at.")
    approve(request, by=approved_by)

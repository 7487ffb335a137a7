"""A backup that is taken and gone back to, what is paid in between, and the two people who release the lock."""

import time
from collections.abc import Callable
from typing import Final

from django.db import connections

from backoffice.accounts.models import Person
from backoffice.database import clock, embedded
from backoffice.funding.models import Freeze, Operation
from backoffice.funding.services.resolving import resolve
from backoffice.funding.states import State
from tests.approving import approve, ask_for_release
from tests.database import connect_to
from tests.funding.cast import NOURA, now, sent
from tests.partners import Partners

MOST_LOOK_UPS: Final = 3
#: The partner's ``Date`` knows whole seconds, and has to lie after the restore.
ONE_SECOND: Final = 1.1


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


def looked_up_to_the_end(operation: Operation) -> Operation:
    """Look a doubt up as workers do, until it is none any more."""
    time.sleep(ONE_SECOND)
    for _look_up in range(MOST_LOOK_UPS):
        if not Operation.objects.filter(pk=operation.pk, state=State.UNKNOWN).update(next_lookup_at=clock.now()):
            break
        resolve(operation.pk, holder="worker 1")
    return now(operation)


def refused_then_retried(coinmena: Partners, operation: Operation, retry: Callable[[], Operation]) -> Operation:
    """Have CoinMENA refuse an operation, and pay the one that tries it again."""
    coinmena.set_client(NOURA, active=False)
    assert sent(operation).state == State.FAILED
    coinmena.set_client(NOURA, active=True)
    paid = sent(retry())
    assert paid.state == State.COMPLETED
    return paid


def unlocked(lock: Freeze, *, asked_by: Person, approved_by: Person) -> None:
    request = ask_for_release(lock, by=asked_by, reason="Everything was looked at.")
    approve(request, by=approved_by)

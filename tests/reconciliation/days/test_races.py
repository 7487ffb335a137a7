"""Two people on one day at the same moment, and a run beside a closing; on connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.reconciliation.exceptions import opening
from backoffice.reconciliation.models import Day, DayReport, DayState, Source
from backoffice.reconciliation.services import days
from tests.reconciliation.days import cast
from tests.reconciliation.days.cast import DATE

Deed = Callable[[], object]


@pytest.fixture
def compared(committed: str) -> None:
    with transaction.atomic():
        cast.orders_read()
        cast.paid("dep-1")
    cast.run_of()


def at_once(*deeds: Deed) -> list[str]:
    """Do all of them from the same moment on, and say how each ended: empty when it was done."""
    start = Barrier(len(deeds))

    def do(deed: Deed) -> str:
        try:
            start.wait(timeout=60)
            deed()
        except Conflict as conflict:
            return str(conflict)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(deeds)) as threads:
        return sorted(threads.map(do, deeds))


def test_a_day_is_prepared_by_one_of_two(compared: None, maya: Person, omar: Person) -> None:
    done, refused = at_once(*(partial(days.prepare, date=DATE, by=who) for who in (maya, omar)))
    assert (done, "has prepared this already" in refused) == ("", True)
    assert Day.objects.count() == 1


def test_a_day_is_closed_by_one_of_two(compared: None, maya: Person, omar: Person, lina: Person) -> None:
    days.prepare(date=DATE, by=maya)
    cast.reviewed(omar)
    done, _refused = at_once(*(partial(cast.closed, who) for who in (omar, lina)))
    assert done == ""
    assert (DayReport.objects.count(), Day.objects.get().state) == (1, DayState.CLOSED)


def test_a_day_is_not_closed_while_a_run_brings_exceptions_in(compared: None, maya: Person, omar: Person) -> None:
    days.prepare(date=DATE, by=maya)
    cast.reviewed(omar)
    with transaction.atomic():
        opening.wait_for_others(Source.OPERATIONS)
        (refused,) = at_once(partial(cast.closed, omar))
    assert "A run is being written" in refused
    cast.closed(omar)

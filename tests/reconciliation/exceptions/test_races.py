"""Runs taken in at the same moment, on connections of their own."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from backoffice.reconciliation.exceptions.opening import Taken, take_in
from backoffice.reconciliation.models import ExceptionItem, Run, Sighting
from tests.reconciliation import rows
from tests.reconciliation.exceptions.world import run_over
from tests.reconciliation.rows import Theirs


def test_two_runs_that_see_one_discrepancy_make_one_exception(committed: str) -> None:
    rows.order(Theirs(reference=None))
    rows.order(Theirs(reference=None))
    with transaction.atomic():
        runs = [run_over(), run_over()]

    def take(run: Run) -> Taken:
        try:
            return take_in(run)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(runs)) as threads:
        done = list(threads.map(take, runs))
    assert sum(one.opened for one in done) == 2
    assert (ExceptionItem.objects.count(), Sighting.objects.count()) == (2, 2)

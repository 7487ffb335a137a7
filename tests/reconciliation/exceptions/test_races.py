"""Runs taken in at the same moment, on connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from backoffice.accounts.actors import System
from backoffice.orders.models import Order
from backoffice.reconciliation.comparing import matching
from backoffice.reconciliation.comparing.patience import SOMEBODY_WAITS
from backoffice.reconciliation.days.queries import window_of
from backoffice.reconciliation.exceptions.opening import Taken, take_in
from backoffice.reconciliation.models import ExceptionItem, Run, RunJob, Sighting, Source
from backoffice.reconciliation.services import running, writing
from backoffice.reconciliation.services.running import reconcile
from tests.reconciliation import rows
from tests.reconciliation.days import cast
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


def on_its_own(deed: Callable[[], int]) -> int:
    try:
        return deed()
    finally:
        connection.close()


def corrected(amount: str) -> None:
    Order.objects.filter(partner_order_ref="dep-1").update(debit=Decimal(amount))


def test_nobody_in_a_page_waits_for_a_whole_pass(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SOMEBODY_WAITS", replace(SOMEBODY_WAITS, wait=timedelta(milliseconds=50)))
    window, is_made, may_end = window_of(cast.DATE), Event(), Event()

    def pass_of_another() -> int:
        with transaction.atomic():
            writing.wait_for_turn(Source.OPERATIONS)
            is_made.set()
            may_end.wait(timeout=20)
        return 0

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(on_its_own, pass_of_another)
        is_made.wait(timeout=20)
        with pytest.raises(running.NotMade, match="Another run is being made"):
            reconcile(window_from=window.start, window_to=window.end, by=System("somebody"))
        may_end.set()
        other.result(timeout=20)

    assert RunJob.objects.get().sentence.startswith("Another run is being made")
    assert reconcile(window_from=window.start, window_to=window.end, by=System("somebody")).pk


def test_a_run_of_a_later_number_has_not_looked_earlier(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run may not look while the first, which has its number already, has not looked yet."""
    with transaction.atomic():
        cast.orders_read()
        cast.paid("dep-1", theirs="499.50")
    cast.run_of()
    corrected("500.00")
    window, look = window_of(cast.DATE), matching.match
    has_number, second_looked, first_is_kept = Event(), Event(), Event()

    def match(comparison: Any, **how: Any) -> None:
        if comparison.window == window:
            has_number.set()
            second_looked.wait(timeout=2)
            corrected("499.75")
            look(comparison, **how)
        else:
            look(comparison, **how)
            second_looked.set()
            first_is_kept.wait(timeout=20)

    def first() -> int:
        run = reconcile(window_from=window.start, window_to=window.end, by=System("first"))
        first_is_kept.set()
        return run.pk

    def second() -> int:
        has_number.wait(timeout=20)
        later = window.end + timedelta(hours=1)
        return reconcile(window_from=window.start, window_to=later, by=System("second")).pk

    monkeypatch.setattr(writing, "match", match)
    with ThreadPoolExecutor(2) as threads:
        numbers = [one.result(timeout=60) for one in [threads.submit(on_its_own, run) for run in (first, second)]]
    assert numbers == sorted(numbers)
    item = ExceptionItem.objects.get()
    assert (item.state, item.difference) == ("open", Decimal("-0.25"))

"""The page of a run under way, and the page of what changed since the run before."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.orders.models import Order
from backoffice.reconciliation.models import Run, RunJob
from backoffice.reconciliation.running.changes import changes_between
from backoffice.reconciliation.running.jobs import give_up, take, tell
from backoffice.reconciliation.running.stages import Stage
from backoffice.reconciliation.services.running import ask_for_run, carry_out, reconcile
from tests.reconciliation import rows
from tests.reconciliation.rows import DAY, READ, Ours, Theirs

pytestmark = pytest.mark.django_db
NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def read() -> None:
    SyncRun.objects.create(
        mirror=Mirror.ORDERS, state=SyncRun.State.COMPLETE, started_at=READ, finished_at=READ, read_to=READ
    )


@pytest.fixture
def as_vera(client: Browser, vera: Person) -> Browser:
    client.force_login(vera)
    return client


def asked() -> RunJob:
    return ask_for_run(window_from=DAY, window_to=NEXT_DAY, by=System("test"))


def run() -> Run:
    return reconcile(window_from=DAY, window_to=NEXT_DAY, by=System("test"))


# Progress -------------------------------------------------------------------------------------------------------------


def test_a_job_that_waits_says_that_no_worker_runs(as_vera: Browser) -> None:
    page = as_vera.get(f"/reconciliation/runs/asked/{asked().pk}/").content.decode()
    assert "No worker is running." in page
    assert "Waiting" in page


def test_the_page_shows_the_stage_and_how_far_it_is(as_vera: Browser) -> None:
    job = take(asked().pk, "w1")
    assert job is not None
    tell(job, Stage.ASKING, 7, 1_200)
    page = as_vera.get(f"/reconciliation/runs/asked/{job.pk}/").content.decode()
    assert "7 of 1,200" in page
    assert page.index("Read CoinMENA") < page.index('aria-current="step"') < page.index("7 of 1,200")


def test_the_marker_is_silent_until_something_changes(as_vera: Browser) -> None:
    job = take(asked().pk, "w1")
    assert job is not None
    address = f"/reconciliation/runs/asked/{job.pk}/marker/?shown=running---"
    tell(job, Stage.READING)
    assert as_vera.get(address).headers["HX-Trigger"] == "job-changed"
    quiet = as_vera.get(f"/reconciliation/runs/asked/{job.pk}/marker/?shown=running-reading-0-")
    assert (quiet.status_code, "HX-Trigger" in quiet.headers) == (204, False)


def test_a_job_that_is_done_leads_to_its_run(as_vera: Browser) -> None:
    job = asked()
    made = carry_out(job.pk, holder="w1")
    assert made is not None
    there = f"/reconciliation/runs/{made.pk}/"
    assert as_vera.get(f"/reconciliation/runs/asked/{job.pk}/").headers["Location"] == there
    assert as_vera.get(f"/reconciliation/runs/asked/{job.pk}/marker/").headers["HX-Redirect"] == there


def test_a_job_that_failed_says_why(as_vera: Browser) -> None:
    job = take(asked().pk, "w1")
    assert job is not None
    give_up(job, "The run broke off.")
    page = as_vera.get(f"/reconciliation/runs/asked/{job.pk}/").content.decode()
    assert "There is no run." in page
    assert "The run broke off." in page


# What changed ---------------------------------------------------------------------------------------------------------


def test_it_tells_what_is_new_what_is_gone_and_what_is_found_otherwise() -> None:
    rows.operation(Ours(reference="dep-same"))
    rows.order(Theirs(reference="dep-same"))
    rows.operation(Ours(reference="dep-late", amount=Decimal("7")))
    wrong = rows.order(Theirs(reference="dep-late", amount=Decimal("8")))
    gone = rows.order(Theirs(reference=None))
    before = run()
    Order.objects.filter(pk=wrong.pk).update(debit=Decimal("7"))
    Order.objects.filter(pk=gone.pk).update(created_at=READ)
    added = rows.order(Theirs(reference="elsewhere"))
    changes = changes_between(before, run())
    told = {(one.reference, one.order_id, one.was, one.is_now) for one in changes.rows}
    assert told == {
        ("dep-late", wrong.pk, "amount_differs", "matched"),
        ("", gone.pk, "extra_at_partner", None),
        ("elsewhere", added.pk, None, "extra_at_partner"),
    }
    assert (changes.count, changes.is_cut) == (3, False)


def test_between_two_runs_of_the_same_nothing_changed(as_vera: Browser) -> None:
    rows.operation(Ours(reference="dep-1"))
    rows.order(Theirs(reference="dep-1"))
    run()
    page = as_vera.get(f"/reconciliation/runs/{run().pk}/changes/").content.decode()
    assert "Nothing changed." in page


def test_the_first_run_of_a_window_has_nothing_before_it(as_vera: Browser) -> None:
    page = as_vera.get(f"/reconciliation/runs/{run().pk}/changes/").content.decode()
    assert "This is the first run of its window." in page


def test_the_page_shows_both_verdicts_and_what_differs(as_vera: Browser) -> None:
    rows.operation(Ours(reference="dep-1"))
    order = rows.order(Theirs(reference="dep-1", amount=Decimal("499.50")))
    first = run()
    run()
    Order.objects.filter(pk=order.pk).update(debit=Decimal("500.00"))
    last = run()
    page = as_vera.get(f"/reconciliation/runs/{last.pk}/changes/?since={first.pk}").content.decode()
    for words in ("1 change", "Amount differs", "499.50", "500.00", "dep-1"):
        assert words in page
    assert f"?since={first.pk}" in page

"""Yesterday is reconciled by itself at a quiet hour of the company's zone, until a run of it is complete."""

from datetime import UTC, datetime, timedelta

import pytest

from backoffice.accounts.actors import System
from backoffice.audit.models import Entry
from backoffice.reconciliation.models import RunJob
from backoffice.reconciliation.running.nightly import due
from backoffice.reconciliation.services.running import ask_for_run
from backoffice.reconciliation.tasks import nightly as task
from tests.reconciliation import rows

#: 02:10 in Bahrain, where the company of the tests is.
QUIET = datetime(2026, 11, 19, 23, 10, tzinfo=UTC)
YESTERDAY = datetime(2026, 11, 18, 21, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_before_the_quiet_hour_nothing_is_due() -> None:
    assert due(QUIET - timedelta(minutes=20)) is None


def test_at_the_quiet_hour_the_company_s_yesterday_is_due() -> None:
    window = due(QUIET)
    assert window is not None
    assert (window.start, window.end) == (YESTERDAY, YESTERDAY + timedelta(days=1))


def test_a_worker_that_was_away_at_night_makes_it_in_the_morning() -> None:
    assert due(QUIET + timedelta(hours=9)) is not None


def test_once_it_is_complete_nothing_is_due() -> None:
    rows.run(YESTERDAY, is_complete=True, at=QUIET + timedelta(minutes=1))
    assert due(QUIET + timedelta(minutes=10)) is None


def test_a_run_made_before_the_day_had_settled_is_none() -> None:
    rows.run(YESTERDAY, is_complete=True, at=QUIET - timedelta(hours=1))
    assert due(QUIET) is not None


def test_it_is_not_asked_for_twice_and_again_after_a_while_where_it_came_out_partial() -> None:
    window = due(QUIET)
    assert window is not None
    job = ask_for_run(window_from=window.start, window_to=window.end, by=System("nightly run"))
    RunJob.objects.filter(pk=job.pk).update(asked_at=QUIET)
    rows.run(YESTERDAY, is_complete=False, at=QUIET + timedelta(minutes=1))
    assert due(QUIET + timedelta(hours=1)) is None
    assert due(QUIET + timedelta(hours=2, minutes=1)) is not None


def test_the_task_asks_in_the_schedule_s_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.reconciliation.tasks.clock.now", lambda: QUIET)
    monkeypatch.setattr("backoffice.accounts.context.connection.close", lambda: None)
    task(timestamp=0)
    assert RunJob.objects.get().asked_by is None
    assert Entry.objects.get(event="reconciliation.asked").who == "nightly run"

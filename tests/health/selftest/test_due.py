"""The nightly self-test is due once a day from three o'clock on, and a night without a worker is made good."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from backoffice.accounts.models import Person
from backoffice.health.models import SelfTest
from backoffice.health.selftest import services
from backoffice.health.selftest.due import is_due, last_night
from backoffice.health.selftest.of_the_log import chain_break
from backoffice.health.tasks import self_test


def here(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(settings.COMPANY_TIME_ZONE))


@pytest.mark.parametrize(
    ("now", "night"),
    [
        (here(2, 59), here(3, day=19)),
        (here(3), here(3)),
        (here(23, 59), here(3)),
    ],
)
def test_the_night_begins_at_three(now: datetime, night: datetime) -> None:
    assert last_night(now) == night


def tried(at: datetime, person: Person | None = None) -> None:
    SelfTest.objects.create(at=at, person=person, who="", passed=True, findings=[], milliseconds=1)


def test_it_is_due_until_it_ran(db: None) -> None:
    assert is_due(here(4))
    tried(here(3, 17))
    assert not is_due(here(4))
    assert is_due(here(3, day=21) + timedelta(days=2)), "nights that were missed are made good"


def test_a_run_by_day_is_not_the_nightly_one(db: None, vera: Person) -> None:
    tried(here(3, 30), vera)
    assert is_due(here(4))


def test_the_worker_runs_it_once_a_night(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "CONTROLS", {"chain_break": chain_break})
    for _ in range(2):
        self_test(0)
    assert SelfTest.objects.count() == 1

"""A list with a filter by days, schedules of it, and a clock that tests set."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.http import QueryDict
from pytest_django import Settings

from backoffice.accounts.models import Person, Role
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.exports import registry
from backoffice.exports.jobs import storing
from backoffice.exports.models import Delivery, Every, ExportJob, Format, JobState, Schedule
from backoffice.exports.registry import Export, Sums
from backoffice.exports.schedules.services import make_schedule
from backoffice.exports.wishes import Wish
from backoffice.ui.columns import FULL
from backoffice.ui.filters import DateRangeFilter
from tests.exports.balances import BALANCES, Balances, balances

Schedules = Callable[..., Schedule]
SetClock = Callable[[datetime], None]


class BalancesByDay(Balances):
    read = DateRangeFilter(field_name="read_at", label="Read")


@pytest.fixture
def by_day(monkeypatch: pytest.MonkeyPatch) -> Export:
    """The balances with a filter by days, open to auditors and finance, and no other list."""
    listing = replace(BALANCES, filterset=BalancesByDay)
    export = Export(listing, balances, Sums("balance", "asset"), opened_to=(Role.AUDITOR, Role.FINANCE))
    monkeypatch.setattr(registry, "_exports", {})
    registry.register(export)
    return export


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the clock: noon in Bahrain of 20 November 2026 unless told otherwise."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_clock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    return set_clock


@pytest.fixture
def outbox_folder(settings: Settings, tmp_path: Path) -> Path:
    """Where scheduled files are laid down."""
    place = tmp_path / "outbox"
    place.mkdir()
    settings.EXPORT_FOLDER = str(place)
    return place


@pytest.fixture
def scheduled(by_day: Export, vera: Person, at: SetClock) -> Schedules:
    """Adds a schedule for Vera: daily, by the day, by mail, unless told otherwise."""

    def add(
        every: Every = Every.DAY, day_filter: str = "read", delivery: Delivery = Delivery.MAIL, folder: str = ""
    ) -> Schedule:
        wish = Wish(by_day, QueryDict("q=noura&read_from=2020-01-01"), vera, FULL, Format.CSV)
        return make_schedule(wish, every=every, day_filter=day_filter, delivery=delivery, folder=folder)

    return add


def built(job: ExportJob, content: bytes = b"client,balance\n") -> ExportJob:
    """Have a job as a worker leaves it, without building it."""
    name, sha256 = f"{job.pk}-of-a-test", hashlib.sha256(content).hexdigest()
    storing.path_of(name).write_bytes(content)
    jobs = ExportJob.objects.filter(pk=job.pk)
    jobs.update(state=JobState.BUILDING)
    ends = datetime(2026, 12, 1, tzinfo=UTC)
    jobs.update(
        state=JobState.READY,
        entry=record("export.made", by=job.asked_by, after={"sha256": sha256}),
        file_name="balances-20261120T090000.000000Z.csv",
        stored_as=name,
        size=len(content),
        sha256=sha256,
        expires_at=ends,
    )
    return jobs.get()


def days(schedule: Schedule) -> list[date]:
    return list(schedule.runs.order_by("period").values_list("period", flat=True))

"""What a schedule begins: one run for each period, the missed ones too, nothing for whoever lost the right."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from backoffice.accounts.models import Person, Role
from backoffice.audit.models import Entry
from backoffice.exports import registry
from backoffice.exports.jobs.services import cancel
from backoffice.exports.models import Every, ExportJob, RunState, ScheduledRun, ScheduleState
from backoffice.exports.schedules.beginning import MOST_CAUGHT_UP, begin_due
from backoffice.exports.schedules.services import end, pause, resume
from backoffice.exports.schedules.wanted import wish_for
from tests.exports.schedules.conftest import Schedules, SetClock, days
from tests.people import in_role

pytestmark = pytest.mark.usefixtures("db")
DUE = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)  # the file of 20 November
DAY = timedelta(days=1)


def begun() -> int:
    """Begin what is due, and let every file go at once, so that the next finds a place."""
    count = begin_due()
    for job in ExportJob.objects.filter(state="waiting"):
        cancel(job_id=job.pk, by=job.asked_by)
    return count


def test_the_first_file_is_of_the_newest_day_whose_file_is_due(scheduled: Schedules) -> None:
    schedule = scheduled()
    assert begin_due() == 1
    run = schedule.runs.get()
    assert run.job is not None
    assert (run.period, run.is_late, run.state) == (date(2026, 11, 19), False, RunState.BUILDING)
    assert (run.job.asked_by, run.job.zone) == (schedule.owner, "Asia/Bahrain")
    assert run.job.query == "q=noura&read_from=2026-11-19&read_to=2026-11-19"
    asked = Entry.objects.get(event="export.asked").reason
    assert asked == f"Schedule {schedule.pk} asked in their name, for 2026-11-19."


def test_the_first_file_is_there_at_once_also_for_who_adds_it_soon_after_midnight(
    scheduled: Schedules, at: SetClock
) -> None:
    at(DUE - timedelta(hours=1))
    schedule = scheduled()
    assert (begun(), days(schedule)) == (1, [date(2026, 11, 19)])
    at(DUE)
    assert (begun(), days(schedule)) == (1, [date(2026, 11, 19), date(2026, 11, 20)])


def test_nothing_is_begun_before_it_is_due_and_once_when_it_is(scheduled: Schedules, at: SetClock) -> None:
    schedule = scheduled()
    begun()
    at(DUE - timedelta(seconds=1))
    assert begun() == 0
    at(DUE)
    assert (begun(), begun()) == (1, 0)
    assert days(schedule) == [date(2026, 11, 19), date(2026, 11, 20)]


def test_the_database_refuses_two_runs_of_one_period(scheduled: Schedules) -> None:
    schedule = scheduled()
    begin_due()
    run = schedule.runs.get()
    with pytest.raises(IntegrityError, match="one_run_of_each_period"), transaction.atomic():
        ScheduledRun.objects.create(
            schedule=schedule, period=run.period, due_at=run.due_at, begun_at=run.begun_at, state=RunState.SKIPPED
        )


def test_s31_missed_days_are_caught_up_each_with_its_own_rows_and_said_so(scheduled: Schedules, at: SetClock) -> None:
    schedule = scheduled()
    begun()
    at(DUE + 2 * DAY + timedelta(hours=3))
    assert begun() == 3
    late = schedule.runs.filter(is_late=True).order_by("period")
    assert [run.period.day for run in late] == [20, 21, 22]
    assert [run.job.query[-10:] for run in late if run.job] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    entry = Entry.objects.get(event="schedule.caught_up")
    assert entry.after is not None
    assert (entry.object_type, entry.object_id) == ("schedule", str(schedule.pk))
    assert (entry.after["made"], entry.after["missed"]) == (["2026-11-20", "2026-11-21", "2026-11-22"], [])


def test_a_file_of_all_rows_is_made_once_for_all_it_missed(scheduled: Schedules, at: SetClock) -> None:
    schedule = scheduled(day_filter="")
    begun()
    at(DUE + 2 * DAY + timedelta(hours=3))
    assert begun() == 1
    assert list(schedule.runs.order_by("period").values_list("state", flat=True)) == [
        "building",
        "skipped",
        "skipped",
        "building",
    ]
    said = schedule.runs.filter(state=RunState.SKIPPED).first()
    assert said is not None and "nobody can say now" in said.sentence
    assert "worker" not in said.sentence, "its owner's other exports may have kept it waiting"


def test_what_was_missed_too_long_ago_is_written_down_as_missed(scheduled: Schedules, at: SetClock) -> None:
    schedule = scheduled()
    begun()
    at(DUE + 40 * DAY)
    while begun():
        pass
    missed = schedule.runs.filter(state=RunState.SKIPPED)
    assert missed.count() == 41 - MOST_CAUGHT_UP
    assert not missed.filter(sentence__contains="worker").exists(), "its owner's other exports may have kept it waiting"
    assert schedule.runs.count() == 42
    assert days(schedule) == [date(2026, 11, 19) + place * DAY for place in range(42)]


def test_a_month_is_one_file(scheduled: Schedules, at: SetClock) -> None:
    schedule = scheduled(every=Every.MONTH)
    begun()
    at(datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    assert begun() == 1
    assert days(schedule) == [date(2026, 10, 1), date(2026, 11, 1)]
    assert wish_for(schedule, date(2026, 11, 1)).query == "q=noura&read_from=2026-11-01&read_to=2026-11-30"


def test_it_waits_for_a_place_among_the_three_of_its_owner(scheduled: Schedules, at: SetClock) -> None:
    schedule = scheduled()
    begun()
    at(DUE + 5 * DAY)
    assert begin_due() == 3
    assert begin_due() == 0
    assert schedule.runs.count() == 4
    for job in ExportJob.objects.filter(state="waiting"):
        cancel(job_id=job.pk, by=job.asked_by)
    assert begin_due() == 3
    assert [run.period.day for run in schedule.runs.order_by("period")] == [19, 20, 21, 22, 23, 24, 25]


def test_s31_it_stops_by_itself_when_its_owner_loses_the_right(scheduled: Schedules, vera: Person) -> None:
    schedule = scheduled()
    with in_role(vera, Role.MANAGER):
        assert begin_due() == 0
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.STOPPED
    entry = Entry.objects.get(event="schedule.stopped")
    assert (entry.who, entry.result, entry.object_id) == ("schedule of exports", "refused", str(schedule.pk))
    assert schedule.sentence == entry.reason != ""
    assert begin_due() == 0


def test_it_stops_when_its_owners_account_is_closed(scheduled: Schedules, vera: Person) -> None:
    schedule = scheduled()
    Person.objects.filter(pk=vera.pk).update(is_active=False)
    begin_due()
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.STOPPED


def test_it_stops_when_its_list_is_exported_no_more(scheduled: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = scheduled()
    monkeypatch.setattr(registry, "_exports", {})
    begin_due()
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.STOPPED
    assert "Nothing is exported as balances" in schedule.sentence


def test_days_that_are_due_while_it_is_paused_are_not_made(scheduled: Schedules, at: SetClock, vera: Person) -> None:
    schedule = scheduled()
    begun()
    pause(schedule_id=schedule.pk, by=vera)
    at(DUE + 2 * DAY)
    assert begun() == 0
    resume(schedule_id=schedule.pk, by=vera)
    assert begun() == 0
    at(DUE + 3 * DAY)
    assert begun() == 1
    assert days(schedule) == [date(2026, 11, 19), date(2026, 11, 23)]
    assert not Entry.objects.filter(event="schedule.caught_up").exists()


@pytest.mark.parametrize("every", Every)
def test_a_pause_in_which_nothing_is_due_loses_nothing(
    scheduled: Schedules, at: SetClock, vera: Person, every: Every
) -> None:
    midnight = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)
    at(midnight - DAY / 2)
    schedule = scheduled(every=every)
    begun()
    at(midnight + timedelta(minutes=30))
    pause(schedule_id=schedule.pk, by=vera)
    at(midnight + timedelta(minutes=31))
    resume(schedule_id=schedule.pk, by=vera)
    at(midnight + timedelta(hours=2))
    assert begun() == 1
    assert days(schedule)[-1] == (date(2026, 11, 30) if every == Every.DAY else date(2026, 11, 1))


def test_the_first_file_is_not_lost_by_a_pause_before_a_worker_came(
    scheduled: Schedules, at: SetClock, vera: Person
) -> None:
    schedule = scheduled()
    pause(schedule_id=schedule.pk, by=vera)
    resume(schedule_id=schedule.pk, by=vera)
    assert (begun(), days(schedule)) == (1, [date(2026, 11, 19)])


def test_one_that_has_ended_begins_nothing(scheduled: Schedules, vera: Person) -> None:
    end(schedule_id=scheduled().pk, by=vera)
    assert begin_due() == 0


def test_one_that_fails_keeps_no_other_waiting(scheduled: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    from backoffice.exports.schedules import beginning

    first, second = scheduled(), scheduled()
    begin = beginning.begin
    monkeypatch.setattr(beginning, "begin", lambda pk: 1 // 0 if pk == first.pk else begin(pk))
    assert begin_due() == 1
    assert second.runs.exists() and not first.runs.exists()

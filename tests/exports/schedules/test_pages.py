"""Adding, seeing, pausing and ending schedules: by their owner, within what they may take away."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.exports.models import Delivery, Schedule, ScheduleState
from backoffice.exports.registry import Export
from backoffice.exports.schedules.beginning import begin_due
from backoffice.exports.schedules.services import MOST_OF_ONE_PERSON, NotAsItStands, pause, resume
from tests.exports.schedules.conftest import Schedules, SetClock

pytestmark = pytest.mark.usefixtures("db", "outbox_folder")
NEW = "/exports/schedules/new/?list=balances&filter=q%3Dnoura"
FORM = {"every": "day", "day_filter": "read", "preset": "full", "format": "csv", "delivery": "mail", "folder": ""}


@pytest.fixture
def as_vera(client: Client, vera: Person) -> Client:
    client.force_login(vera)
    return client


def test_s31_the_form_adds_one_for_whoever_asks(as_vera: Client, by_day: Export, vera: Person) -> None:
    page = as_vera.get(NEW).content.decode()
    assert "Schedule the export" in page and "“noura”" in page
    answer = as_vera.post(NEW, FORM)
    schedule = Schedule.objects.get()
    assert answer["Location"] == f"/exports/schedules/{schedule.pk}/"
    assert (schedule.owner, schedule.query, schedule.day_filter, schedule.folder) == (vera, "q=noura", "read", "")
    entry = Entry.objects.get(event="schedule.made")
    assert (entry.person, entry.object_type, entry.object_id) == (vera, "schedule", str(schedule.pk))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"every": "hour"}, 422),
        ({"day_filter": "nothing"}, 422),
        ({"preset": "secret"}, 422),
        ({"format": "exe"}, 422),
        ({"delivery": "folder", "folder": ""}, 422),
        ({"delivery": "folder", "folder": "../up"}, 422),
        ({"delivery": "folder", "folder": "a/b"}, 422),
        ({"delivery": "folder", "folder": "UP"}, 422),
        ({"delivery": "folder", "folder": "month-end"}, 302),
        ({"delivery": "mail", "folder": "../ignored"}, 302),
        ({"owner": "1", "state": "ended", "begins": "2001-01-01"}, 302),
    ],
)
def test_s6_a_form_is_taken_for_what_it_may_say(
    as_vera: Client, by_day: Export, vera: Person, change: dict[str, Any], status: int
) -> None:
    assert as_vera.post(NEW, {**FORM, **change}).status_code == status
    assert Schedule.objects.filter(owner=vera, state="running").count() == (status == 302)
    assert not Schedule.objects.filter(begins__year=2001).exists()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("?list=none-such", 404),
        ("?list=balances&filter=colour%3Dred", 400),
        ("?list=balances&filter=q%3D" + "x" * 201, 400),
        ("?list=balances&scope=1", 404),
        ("?list=balances", 200),
    ],
)
def test_the_address_names_a_list_and_filters_it_has(as_vera: Client, by_day: Export, query: str, status: int) -> None:
    assert as_vera.get(f"/exports/schedules/new/{query}").status_code == status


def test_a_folder_that_cannot_be_is_said_so_beside_its_field(as_vera: Client, by_day: Export) -> None:
    page = as_vera.post(NEW, {**FORM, "delivery": "folder", "folder": "Month End"}).content.decode()
    assert "Use small letters, digits and hyphens, at most 40 of them." in page
    assert 'id="id_folder_error"' in page


@pytest.mark.parametrize("scope", ["x", "-1", "1e9", "٣", "9" * 30, "999999"])
def test_s34_a_list_of_one_object_is_asked_for_by_its_number(client: Client, vera: Person, scope: str) -> None:
    client.force_login(vera)
    answer = client.get("/exports/schedules/new/", {"list": "reconciliation", "scope": scope})
    assert answer.status_code == 404


def test_nobody_schedules_what_they_may_not_take_away(client: Client, by_day: Export, omar: Person) -> None:
    client.force_login(omar)
    assert (client.get(NEW).status_code, client.post(NEW, FORM).status_code) == (403, 403)
    assert not Schedule.objects.exists()


def test_without_a_folder_set_up_none_is_offered(as_vera: Client, by_day: Export, settings: Settings) -> None:
    settings.EXPORT_FOLDER = ""
    assert "Into a folder" not in as_vera.get(NEW).content.decode()
    assert as_vera.post(NEW, {**FORM, "delivery": "folder", "folder": "x"}).status_code == 422


def test_nobody_has_more_than_twenty(scheduled: Schedules) -> None:
    for _ in range(MOST_OF_ONE_PERSON):
        scheduled()
    with pytest.raises(NotAsItStands, match="End one"):
        scheduled()


@pytest.mark.parametrize(("what", "state"), [("pause", "paused"), ("end", "ended")])
def test_s31_its_owner_pauses_and_ends_it(as_vera: Client, scheduled: Schedules, what: str, state: str) -> None:
    schedule = scheduled()
    as_vera.post(f"/exports/schedules/{schedule.pk}/{what}/")
    schedule.refresh_from_db()
    assert schedule.state == state
    assert Entry.objects.get(event=f"schedule.{state}").object_id == str(schedule.pk)


def test_s31_a_paused_one_goes_on_and_an_ended_one_does_not(as_vera: Client, scheduled: Schedules) -> None:
    schedule = scheduled()
    for what in ("pause", "resume"):
        as_vera.post(f"/exports/schedules/{schedule.pk}/{what}/")
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.RUNNING
    assert Entry.objects.filter(event="schedule.resumed").count() == 1
    for what in ("end", "resume", "pause"):
        answer = as_vera.post(f"/exports/schedules/{schedule.pk}/{what}/", follow=True)
    assert "has changed meanwhile" in answer.content.decode()
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.ENDED


@pytest.mark.parametrize("what", ["pause", "resume", "end"])
def test_s2_nobody_changes_anothers(
    client: Client, scheduled: Schedules, omar: Person, maya: Person, what: str
) -> None:
    schedule = scheduled()
    for person in (omar, maya):
        client.force_login(person)
        assert client.post(f"/exports/schedules/{schedule.pk}/{what}/").status_code == 404
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.RUNNING


def test_s2_readers_of_the_log_see_every_schedule_and_finance_their_own(
    client: Client, scheduled: Schedules, omar: Person, maya: Person
) -> None:
    schedule = scheduled()
    for person, status in ((omar, 200), (maya, 404)):
        client.force_login(person)
        assert client.get(f"/exports/schedules/{schedule.pk}/").status_code == status
        assert ("Balances" in client.get("/exports/schedules/").content.decode()) is (status == 200)


def test_the_page_says_what_became_of_each_file(as_vera: Client, scheduled: Schedules) -> None:
    schedule = scheduled(delivery=Delivery.FOLDER, folder="month-end")
    page = as_vera.get(f"/exports/schedules/{schedule.pk}/").content.decode()
    assert "within a minute" in page
    begin_due()
    page = as_vera.get(f"/exports/schedules/{schedule.pk}/").content.decode()
    for said in ("19 Nov 2026", "Being built", "month-end", "Pause", "End"):
        assert said in page, said


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2026, 11, 20, 20, 59, tzinfo=UTC), "21 Nov, 02:00"),  # a minute to midnight
        (datetime(2026, 11, 20, 22, 59, tzinfo=UTC), "21 Nov, 02:00"),  # the day has ended, its file is not due yet
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "21 Nov, 02:00"),  # no worker has come to it
    ],
)
def test_the_page_says_when_the_next_file_is_due(
    as_vera: Client, scheduled: Schedules, at: SetClock, now: datetime, said: str
) -> None:
    schedule = scheduled()
    begin_due()
    at(now)
    page = as_vera.get(f"/exports/schedules/{schedule.pk}/").content.decode()
    assert said in page.split("<dt>Next</dt>", 1)[1].split("</dd>", 1)[0]


def test_no_file_is_promised_within_a_minute_by_one_that_waits_for_its_day(
    as_vera: Client, scheduled: Schedules, vera: Person, at: SetClock
) -> None:
    schedule = scheduled()
    address, promise, asks = f"/exports/schedules/{schedule.pk}/", "The first one is made within a minute", "every 2s"
    for change, is_promised in ((None, True), (pause, False), (resume, True)):
        if change:
            change(schedule_id=schedule.pk, by=vera)
        page = as_vera.get(address).content.decode()
        assert (promise in page, asks in page) == (is_promised, is_promised)
    pause(schedule_id=schedule.pk, by=vera)
    at(datetime(2026, 11, 21, 9, tzinfo=UTC))
    resume(schedule_id=schedule.pk, by=vera)
    page = as_vera.get(address).content.decode()
    assert (promise in page, asks in page, "22 Nov, 02:00" in page) == (False, False, True)


def test_its_files_are_drawn_again_when_one_comes_further(as_vera: Client, scheduled: Schedules) -> None:
    schedule = scheduled()
    marker = f"/exports/schedules/{schedule.pk}/marker/"
    assert "HX-Trigger" not in as_vera.get(marker, {"shown": "running"})
    begin_due()
    answer = as_vera.get(marker, {"shown": "running"})
    assert (answer.status_code, answer["HX-Trigger"]) == (204, "schedule-changed")
    region = as_vera.get(f"/exports/schedules/{schedule.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "schedule-files" in region and "<html" not in region


def test_a_stopped_one_says_why_on_its_page(as_vera: Client, scheduled: Schedules, vera: Person) -> None:
    schedule = scheduled()
    Schedule.objects.filter(pk=schedule.pk).update(state="stopped", sentence="Only managers can do this.")
    page = as_vera.get(f"/exports/schedules/{schedule.pk}/").content.decode()
    assert "stopped by itself" in page and "Only managers can do this." in page
    assert "Pause" not in page


def test_who_has_no_page_of_exports_gets_from_files_to_schedules_and_back(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert 'href="/exports/schedules/"' in client.get("/exports/files/").content.decode()
    assert 'class="btn" href="/exports/files/"' in client.get("/exports/schedules/").content.decode()

"""What goes wrong with the seals becomes an entry and an alarm, once each time (S31)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit import services
from backoffice.audit.models import Entry, Seal
from backoffice.audit.sealing import watching
from backoffice.audit.sealing.checking import SealFault, seal_faults
from backoffice.audit.sealing.watching import check_as_due, check_or_tell, seal_or_tell, watch_or_tell
from backoffice.database import clock
from tests.accounts.post import written
from tests.audit.chain import write
from tests.audit.sealing.sealed_log import file_of, three_seals

pytestmark = pytest.mark.usefixtures("db", "vera", "adam", "maya")
SEALS = ("seals.failed", "seals.faulty", "seals.whole")


def told() -> list[str]:
    return list(Entry.objects.filter(event__in=SEALS).order_by("number").values_list("event", flat=True))


def test_a_seal_that_is_made_is_no_entry_of_its_own(second_place: Path) -> None:
    write()
    assert seal_or_tell() is not None
    assert check_or_tell() == []
    assert told() == [] and written() == []


def test_a_failure_is_written_down_and_told_once_until_it_is_over(second_place: Path) -> None:
    away = second_place.rename(second_place.with_name("away"))
    for _ in range(3):
        assert seal_or_tell() is None
    assert told() == ["seals.failed"]
    entry = Entry.objects.get(event="seals.failed")
    assert (entry.who, entry.result) == ("sealing", Entry.Result.FAILED)
    assert "No such file" in entry.reason
    away.rename(second_place)
    assert seal_or_tell() is not None
    second_place.rename(away)
    seal_or_tell()
    assert told() == ["seals.failed", "seals.failed"]


@pytest.mark.parametrize("ahead", ["the failure", "the copy"])
def test_a_moment_of_a_clock_that_ran_ahead_neither_silences_a_failure_nor_tells_it_twice(
    second_place: Path, monkeypatch: pytest.MonkeyPatch, ahead: str
) -> None:
    away = second_place.with_name("away")
    with monkeypatch.context() as wrong:
        if ahead == "the copy":
            the_clock_runs_ahead(wrong)
        write()
        assert seal_or_tell() is not None
    second_place.rename(away)
    with monkeypatch.context() as wrong:
        if ahead == "the failure":
            the_clock_runs_ahead(wrong)
        seal_or_tell()
    seal_or_tell()
    assert told() == ["seals.failed"]
    away.rename(second_place)
    assert seal_or_tell() is not None
    second_place.rename(away)
    seal_or_tell()
    assert told() == ["seals.failed", "seals.failed"]


def the_clock_runs_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Date what is copied and what is written into the log a year ahead."""
    now, lock_head = clock.now, services.lock_head
    year = timedelta(days=365)

    def lock_head_ahead() -> tuple[int, str, datetime]:
        number, hash_, at = lock_head()
        return number, hash_, at + year

    monkeypatch.setattr(clock, "now", lambda: now() + year)
    monkeypatch.setattr(services, "lock_head", lock_head_ahead)


def test_auditors_and_administrators_are_told_and_nobody_else(second_place: Path, vera: Person, adam: Person) -> None:
    second_place.rmdir()
    seal_or_tell()
    letters = written()
    assert sorted(letter.to[0] for letter in letters) == [adam.email, vera.email]
    assert letters[0].subject == "The audit log of the back office is not sealed"
    assert "No such file" in str(letters[0].body)


def test_a_key_that_is_none_is_a_failure(second_place: Path, settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = "x"
    seal_or_tell()
    assert told() == ["seals.failed"]
    assert not Seal.objects.exists()


def test_a_fault_is_written_down_once_and_so_is_its_end(second_place: Path) -> None:
    three_seals()
    file = file_of(second_place, 2)
    content = file.read_text()
    file.unlink()
    for _ in range(2):
        assert check_or_tell() == ["Seal 2 is missing from the second place."]
    assert told() == ["seals.faulty"]
    entry = Entry.objects.get(event="seals.faulty")
    assert (entry.reason, entry.result) == ("Seal 2 is missing from the second place.", Entry.Result.FAILED)
    assert {letter.subject for letter in written()} == {
        "The seals of the audit log of the back office are not what was written"
    }
    file.write_text(content)
    assert check_or_tell() == []
    assert told() == ["seals.faulty", "seals.whole"]


def test_a_second_place_that_is_away_is_told_when_a_worker_begins(second_place: Path) -> None:
    second_place.rmdir()
    watch_or_tell()
    assert told() == ["seals.failed"]


def test_where_nothing_is_sealed_nothing_is_told(settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = settings.AUDIT_SEAL_DIRECTORY = ""
    watch_or_tell()
    assert seal_or_tell() is None
    assert told() == []


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From which seal on each check of a process that has just begun went."""
    began: list[int] = []

    def noted(since: int) -> Iterator[SealFault]:
        began.append(since)
        return seal_faults(since)

    monkeypatch.setattr(watching, "_WHOLE", [])
    monkeypatch.setattr(watching, "seal_faults", noted)
    return began


def test_the_hourly_check_goes_on_from_the_last_whole_one_and_once_a_day_it_is_whole(
    second_place: Path, monkeypatch: pytest.MonkeyPatch, checked: list[int]
) -> None:
    three_seals()
    now = clock.now()
    for hour in (0, 1, 23, 24, 25):
        monkeypatch.setattr(clock, "now", lambda hour=hour: now + timedelta(hours=hour))
        assert check_as_due() == []
    assert checked == [0, 3, 3, 0, 3]


def test_while_something_is_wrong_every_check_is_a_whole_one(second_place: Path, checked: list[int]) -> None:
    three_seals()
    assert check_as_due() == []
    file = file_of(second_place, 2)
    content = file.read_text()
    file.unlink()
    for _ in range(2):
        assert check_as_due() == ["Seal 2 is missing from the second place."]
    file.write_text("another's")
    assert check_as_due() == ["Seal 2 says something else in the second place."]
    file.write_text(content)
    for _ in range(2):
        assert check_as_due() == []
    assert checked == [0, 3, 0, 0, 0, 3]
    assert told() == ["seals.faulty", "seals.faulty", "seals.whole"]

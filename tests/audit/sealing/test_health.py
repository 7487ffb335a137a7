"""The doctor and `/readyz` say how far the audit log is sealed."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit.sealing import queries
from backoffice.audit.sealing.services import seal_now
from backoffice.audit.sealing.watching import check_or_tell, seal_or_tell
from backoffice.database import clock
from backoffice.health.views import seals
from tests.audit.chain import damage, write
from tests.audit.sealing.sealed_log import file_of, sealed, three_seals
from tests.health.test_doctor import a_worker_gave_a_sign_of_life, finding


@pytest.mark.usefixtures("db")
def test_a_log_that_is_not_sealed_is_ill_and_says_what_to_set(settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = ""
    assert not finding("seals").is_well
    assert "set AUDIT_SEAL_KEY" in finding("seals").sentence


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("minutes", "is_well"), [(5, True), (11, True), (13, False)])
def test_a_seal_that_is_late_is_ill(
    second_place: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    is_well: bool,
) -> None:
    three_seals()
    write(2)
    later = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert finding("seals").is_well is is_well
    assert ("2 entries since" if is_well else "Nothing was sealed for") in finding("seals").sentence


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("count", "said"), [(0, "0 entries since."), (1, "1 entry since."), (2, "2 entries since.")])
def test_it_says_how_many_entries_no_seal_covers(second_place: Path, count: int, said: str) -> None:
    three_seals()
    write(count)
    assert finding("seals").sentence.endswith(said)


@pytest.mark.usefixtures("db")
def test_a_log_never_sealed_is_ill(second_place: Path) -> None:
    assert "Nothing was ever sealed." in finding("seals").sentence


@pytest.mark.usefixtures("db")
def test_a_second_place_that_is_away_is_ill(second_place: Path) -> None:
    three_seals()
    second_place.rename(second_place.with_name("away"))
    seal_or_tell()
    assert "Seals that are not in the second place: 1." in finding("seals").sentence


@pytest.mark.usefixtures("db")
def test_a_seal_that_is_not_what_was_written_is_ill(second_place: Path) -> None:
    three_seals()
    file_of(second_place, 1).unlink()
    check_or_tell()
    assert "Seal 1 is missing from the second place." in finding("seals").sentence
    assert not finding("seals").is_well


@pytest.mark.usefixtures("db")
def test_readyz_says_what_no_seal_covers_and_how_old_the_newest_is(
    client: Client,
    second_place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backoffice.database.checks.MUST_BE_ON", ())
    a_worker_gave_a_sign_of_life()
    three_seals()
    write(2)
    later = clock.now() + timedelta(seconds=90)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["seals"] == {"unsealed_entries": 2, "age_seconds": pytest.approx(90, abs=5)}


@pytest.mark.usefixtures("committed")
def test_a_log_without_its_head_is_a_finding_and_no_crash(
    client: Client, second_place: Path, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoffice.database.checks.MUST_BE_ON", ())
    three_seals()
    client.force_login(vera)
    damage("DELETE FROM audit_head")
    assert finding("seals").sentence == "The head of the log is missing. Run `manage.py verify_audit`."
    assert not finding("seals").is_well
    assert client.get("/readyz").json()["seals"]["unsealed_entries"] is None
    page = client.get("/health/")
    assert page.status_code == 200
    assert "The head of the log is missing." in page.content.decode()
    assert seal_or_fail() == "The head of the audit log is missing."


def seal_or_fail() -> str:
    with pytest.raises(DatabaseError) as raised:
        seal_now()
    return str(raised.value)


@pytest.mark.usefixtures("db")
def test_readiness_reads_the_head_and_the_newest_seal_and_counts_nothing(
    second_place: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    three_seals()
    with django_assert_num_queries(3) as asked:  # the third is for the time
        seals()
    assert not [query for query in asked.captured_queries if "JOIN" in query["sql"] or "COUNT" in query["sql"]]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("looked_through", "said"), [(4, "3"), (3, "3+"), (2, "2+")])
def test_seals_without_a_copy_are_counted_among_the_newest_alone(
    second_place: Path, monkeypatch: pytest.MonkeyPatch, looked_through: int, said: str
) -> None:
    monkeypatch.setattr(queries, "LOOKED_THROUGH", looked_through)
    sealed()
    assert queries.sealing_state().uncopied == 0
    second_place.rename(second_place.with_name("away"))
    for _ in range(3):
        seal_or_tell()
    assert queries.sealing_state().uncopied_text == said

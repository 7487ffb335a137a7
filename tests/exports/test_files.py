"""The list of one's files: how far each is, which can be fetched again, and when it has to be drawn anew."""

import pytest
from django.test import Client

from backoffice.accounts.models import Person
from backoffice.exports.jobs.services import ask_for_file, cancel
from backoffice.exports.models import ExportJob, JobState
from backoffice.exports.registry import Export
from tests.exports.jobs import wish
from tests.exports.schedules.conftest import built

pytestmark = pytest.mark.usefixtures("db", "folder")
FILES, MARKER = "/exports/files/", "/exports/files/marker/"


@pytest.fixture
def job(offered: Export, vera: Person, client: Client) -> ExportJob:
    client.force_login(vera)
    return ask_for_file(wish(offered, vera), rows=5_000)


def page(client: Client) -> str:
    return client.get(FILES).content.decode()


def test_one_that_is_being_built_shows_how_far_it_is(client: Client, job: ExportJob) -> None:
    ExportJob.objects.filter(pk=job.pk).update(state=JobState.BUILDING, done=1_250)
    shown = page(client)
    assert "1,250 of 5,000 rows" in shown and 'role="progressbar"' in shown and "Being built" in shown
    assert MARKER in shown


def test_one_that_is_ready_can_be_fetched_again_from_the_list(client: Client, job: ExportJob) -> None:
    built(job)
    shown = page(client)
    assert f'href="/exports/files/{job.pk}/download/"' in shown
    assert MARKER not in shown


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.EXPIRED, JobState.BROKEN])
def test_one_that_has_ended_says_so_and_offers_nothing(client: Client, job: ExportJob, state: JobState) -> None:
    if state is JobState.CANCELLED:
        cancel(job_id=job.pk, by=job.asked_by)
    else:
        built(job)
        ExportJob.objects.filter(pk=job.pk).update(state=state)
    shown = page(client)
    assert str(state.label) in shown
    assert "/download/" not in shown and 'role="progressbar"' not in shown


def test_the_list_is_drawn_again_when_one_comes_further(client: Client, job: ExportJob) -> None:
    shown = f"{job.pk}-waiting-0"
    assert "HX-Trigger" not in client.get(MARKER, {"shown": shown})
    ExportJob.objects.filter(pk=job.pk).update(state=JobState.BUILDING, done=10)
    answer = client.get(MARKER, {"shown": shown})
    assert (answer.status_code, answer["HX-Trigger"]) == (204, "export-files-changed")


def test_s2_anothers_files_move_no_marker(client: Client, job: ExportJob, maya: Person) -> None:
    client.force_login(maya)
    assert "HX-Trigger" not in client.get(MARKER, {"shown": ""})
    assert str(job.pk) not in client.get(MARKER, {"shown": ""}).content.decode()

"""A verification that a worker carries out: asked for once, taken up again, told how far it is, written down."""

import pytest
from django.test import Client

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry, JobState, VerificationJob
from backoffice.audit.tasks import sweep
from backoffice.audit.verifying import services
from backoffice.audit.verifying.jobs import TakenOver, keep, newest, take, waiting_for_a_worker
from backoffice.audit.verifying.services import ask_for_verification, carry_out
from tests.audit.chain import damage, write

PAGE, MARKER = "/audit/verify/", "/audit/verify/marker/"


@pytest.fixture
def as_vera(db: None, vera: Person, client: Client) -> Client:
    client.force_login(vera)
    return client


def last_entry() -> Entry:
    return Entry.objects.latest("number")


def text(client: Client, **headers: str) -> str:
    return client.get(PAGE, headers=headers or None).content.decode()


def test_it_is_asked_for_watched_and_ends_in_a_sentence(as_vera: Client, vera: Person) -> None:
    write(3)
    assert "Nobody has verified this log yet." in text(as_vera)
    asked = as_vera.post(PAGE, follow=True).content.decode()
    assert "Waiting for a worker" in asked
    assert "No worker is running." in asked
    assert "Verify now" not in asked
    job, before = VerificationJob.objects.get(), last_entry().number
    carry_out(job.pk, holder="worker 1")
    verified = last_entry()
    page = text(as_vera)
    assert f"Intact from entry 1 to entry {before}." in page
    assert "Checked by Vera Novak" in page
    job.refresh_from_db()
    assert (job.state, job.entry, job.done, job.of) == (JobState.DONE, verified, before, before)
    assert (verified.event, verified.person, verified.result) == ("audit.verified", vera, "done")


def test_the_marker_has_the_page_drawn_again_when_it_is_further(as_vera: Client, vera: Person) -> None:
    write(2)
    as_vera.post(PAGE)
    job = VerificationJob.objects.get()
    shown = f"{job.pk}-waiting-0"
    assert "HX-Trigger" not in as_vera.get(MARKER, {"shown": shown}).headers
    carry_out(job.pk, holder="worker 1")
    answer = as_vera.get(MARKER, {"shown": shown})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "verification-changed")
    part = text(as_vera, **{"HX-Request": "true"})
    assert part.lstrip().startswith('<div id="verification"')
    assert "Intact from entry 1" in part


def test_the_page_and_the_log_name_the_first_bad_entry(committed: str, vera: Person, client: Client) -> None:
    write(5)
    damage("UPDATE audit_entry SET who = 'somebody' WHERE number = 3")
    client.force_login(vera)
    client.post(PAGE)
    carry_out(VerificationJob.objects.get().pk, holder="worker 1")
    entry = last_entry()
    assert "Entry 3 was changed: who was “worker 1” and is “somebody” now." in text(client)
    assert (entry.result, entry.after["bad_entry"], entry.after["bad_field"]) == ("failed", 3, "who")


def test_whoever_asks_while_one_is_under_way_gets_that_one(db: None, vera: Person, omar: Person) -> None:
    first = ask_for_verification(by=vera)
    assert ask_for_verification(by=omar) == first
    carry_out(first.pk, holder="worker 1")
    assert ask_for_verification(by=omar) != first


def test_one_that_has_ended_is_not_carried_out_again(db: None, vera: Person) -> None:
    job = ask_for_verification(by=vera)
    carry_out(job.pk, holder="worker 1")
    number = last_entry().number
    carry_out(job.pk, holder="worker 2")
    assert last_entry().number == number


def test_a_worker_that_lost_it_writes_nothing(db: None, vera: Person) -> None:
    job = ask_for_verification(by=vera)
    lost, mine = take(job.pk, "worker 1"), take(job.pk, "worker 2")
    assert lost is not None
    assert mine is not None
    with pytest.raises(TakenOver):
        keep(lost, done=1)
    keep(mine, done=1)


def test_one_whose_worker_died_is_rung_for_again(db: None, vera: Person) -> None:
    job = ask_for_verification(by=vera)
    assert waiting_for_a_worker() == [job.pk]
    take(job.pk, "worker 1")
    assert waiting_for_a_worker() == []
    VerificationJob.objects.update(heard_of_at="2026-01-01T00:00:00Z")
    assert waiting_for_a_worker() == [job.pk]
    sweep(0)


def test_one_that_never_ends_is_given_up_and_says_so(as_vera: Client, vera: Person) -> None:
    job = ask_for_verification(by=vera)
    VerificationJob.objects.update(tries=services.MOST_TRIES)
    carry_out(job.pk, holder="worker 1")
    assert (last_entry().event, last_entry().result) == ("audit.unverified", "failed")
    assert "It was begun three times and never ended." in text(as_vera)


def test_one_that_breaks_off_says_so_and_may_be_asked_for_again(
    as_vera: Client, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_told: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "verify", broken)
    carry_out(ask_for_verification(by=vera).pk, holder="worker 1")
    job = newest()
    assert (job and job.state) == JobState.FAILED
    page = text(as_vera)
    assert "The last verification has no outcome." in page
    assert "It broke off before it ended. Ask for it again." in page
    assert "Verify now" in page

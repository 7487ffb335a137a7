"""The doctor says a sentence for each part and exits with the code of the first that is ill."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from backoffice.accounts.actors import System
from backoffice.accounts.models import Person
from backoffice.database.checks import Fault, What
from backoffice.funding.models import Operation, Scope
from backoffice.funding.services.brakes import watch_clock
from backoffice.funding.services.freezing import freeze, freeze_after_restore
from backoffice.funding.states import State
from backoffice.health import services
from backoffice.health.services import CHECKS, Check, Finding, examine
from backoffice.mirror.models import Mirror, SyncRun
from tests.partners import Partners
from tests.reconciliation.rows import Ours, operation


def finding(name: str) -> Finding:
    return examine(next(check for check in CHECKS if check.name == name))


def a_worker_gave_a_sign_of_life() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")


def read_every_mirror(ago: timedelta = timedelta()) -> None:
    moment = timezone.now() - ago
    for mirror in Mirror:
        SyncRun.objects.create(
            mirror=mirror, state=SyncRun.State.COMPLETE, started_at=moment, finished_at=moment, read_to=moment
        )


def test_every_check_has_a_code_of_its_own() -> None:
    assert len({check.code for check in CHECKS}) == len(CHECKS)


@pytest.fixture
def _durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look away from the tests' own server, which gives up its durability for speed."""
    monkeypatch.setattr("backoffice.database.checks.MUST_BE_ON", ())


def test_a_server_that_may_lose_a_commit_is_ill(db: None) -> None:
    assert "switch on fsync, full_page_writes" in finding("database").sentence


@pytest.mark.usefixtures("_durable")
@pytest.mark.parametrize("name", ["database", "triggers", "coinmena", "bitnob"])
def test_it_finds_the_parts_well(db: None, partners: Partners, name: str) -> None:
    assert finding(name).is_well, finding(name).sentence


@pytest.mark.parametrize("name", ["coinmena", "bitnob"])
def test_a_partner_that_is_down_is_ill_in_a_sentence(db: None, partners: Partners, name: str) -> None:
    partners.fault("html", status=502, times=None)
    assert not finding(name).is_well
    assert finding(name).sentence.endswith(".")


def test_a_clock_that_is_off_is_ill(db: None, partners: Partners) -> None:
    partners.clock(-40)
    assert "apart" in finding("bitnob").sentence


def test_no_worker_alive_is_ill_and_says_how_to_start_one(db: None) -> None:
    assert "manage.py worker" in finding("worker").sentence


def test_a_worker_alive_is_well(db: None) -> None:
    a_worker_gave_a_sign_of_life()
    assert finding("worker").is_well


def test_a_job_that_no_worker_takes_up_is_told_and_keeps_no_page_from_being_ready(db: None, client: Client) -> None:
    """Most jobs are put off to no moment."""
    a_worker_gave_a_sign_of_life()
    a_job("todo", asked_ago=timedelta(minutes=3))
    assert "has waited 3 min." in finding("jobs").sentence
    assert "jobs" not in client.get("/readyz").json()["ill"]


@pytest.mark.parametrize(
    ("state", "of"),
    [
        ("todo", {"asked_ago": timedelta(minutes=1)}),
        ("todo", {"asked_ago": timedelta(hours=2), "put_off_to": timedelta(minutes=10)}),
        ("doing", {"asked_ago": timedelta(hours=2), "taken_up_ago": timedelta(minutes=50)}),
        ("succeeded", {"asked_ago": timedelta(hours=2)}),
    ],
)
def test_a_job_has_its_time(db: None, state: str, of: dict[str, Any]) -> None:
    a_job(state, **of)
    assert finding("jobs").is_well


def test_what_waits_in_a_lane_waits_for_no_worker(db: None) -> None:
    a_job("doing", lane="days", asked_ago=timedelta(minutes=5), taken_up_ago=timedelta(minutes=5))
    a_job("todo", lane="days", asked_ago=timedelta(minutes=5))
    assert finding("jobs").is_well


def test_a_job_that_never_ends_is_told_for_its_lane_waits_behind_it(db: None) -> None:
    a_job("doing", lane="days", asked_ago=timedelta(hours=2), taken_up_ago=timedelta(hours=2))
    assert "Restart the workers" in finding("jobs").sentence


def a_job(
    state: str,
    *,
    asked_ago: timedelta,
    taken_up_ago: timedelta | None = None,
    put_off_to: timedelta | None = None,
    lane: str | None = None,
) -> None:
    """Put a job into the workers' books, with what became of it when."""
    now = timezone.now()
    due = now + put_off_to if put_off_to else None
    events = {"deferred": now - asked_ago, **({"started": now - taken_up_ago} if taken_up_ago else {})}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status, scheduled_at)"
            " VALUES ('funding', 'a job', %s, %s, %s) RETURNING id",
            [lane, state, due],
        )
        job = cursor.fetchone()[0]
        cursor.execute("DELETE FROM procrastinate_events WHERE job_id = %s", [job])
        for name, at in events.items():
            cursor.execute("INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, %s, %s)", [job, name, at])


def test_mirrors_never_read_are_ill(db: None) -> None:
    assert "manage.py sync" in finding("mirrors").sentence


@pytest.mark.parametrize(("ago", "is_well"), [(timedelta(minutes=1), True), (timedelta(minutes=20), False)])
def test_the_age_of_the_mirrors_decides(db: None, ago: timedelta, is_well: bool) -> None:
    read_every_mirror(ago)
    assert finding("mirrors").is_well is is_well


@pytest.mark.parametrize(("state", "is_well"), [("failed", False), ("partial", False), ("complete", True)])
def test_the_newest_reading_decides_and_none_that_is_still_to_come(db: None, state: str, is_well: bool) -> None:
    now = timezone.now()
    read_every_mirror(timedelta(minutes=2))
    read_every_mirror(-timedelta(hours=6))
    SyncRun.objects.create(mirror=Mirror.ORDERS, state=state, started_at=now, sentence="Page 3 was no page.")

    assert finding("syncs").is_well is is_well
    assert is_well or "Page 3 was no page." in finding("syncs").sentence


def test_a_night_in_which_older_orders_were_not_read_again_is_told(db: None) -> None:
    read_every_mirror(timedelta(days=3))
    read_every_mirror(timedelta(minutes=2))
    assert "Older orders were not all read again" in finding("syncs").sentence


def test_a_disarmed_trigger_is_ill(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    assert not finding("triggers").is_well


@pytest.mark.usefixtures("_durable")
def test_doctor_exits_with_the_code_of_the_first_part_that_is_ill(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "database", "worker")
    assert ended.value.code == 15
    assert "well   database" in capsys.readouterr().out


def test_healthz_answers_without_a_sign_in(client: Client, db: None) -> None:
    assert client.get("/healthz").json() == {"alive": True}


@pytest.mark.usefixtures("_durable")
def test_readyz_names_what_is_ill(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "ill": ["worker"], "seals": {"unsealed_entries": 0, "age_seconds": None}},
    )


@pytest.mark.usefixtures("_durable")
def test_readyz_is_ready_with_a_worker(client: Client, db: None) -> None:
    a_worker_gave_a_sign_of_life()
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("_durable")
def test_readyz_reads_the_catalogue_once_a_minute(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    a_worker_gave_a_sign_of_life()
    monkeypatch.setattr(services, "_well_until", {})
    passed = [0.0]
    monkeypatch.setattr("backoffice.database.clock.monotonic", lambda: passed[0])
    client.get("/readyz")
    faults_found = [Fault("audit_entry", What.DEFINITION, "The trigger is missing.")]
    monkeypatch.setattr(services, "look", lambda: faults_found)

    assert client.get("/readyz").status_code == 200
    passed[0] = 60.0
    assert client.get("/readyz").json()["ill"] == ["triggers"]
    faults_found.clear()
    assert client.get("/readyz").status_code == 200, "what is ill is asked again each time"


@pytest.mark.parametrize(("minutes", "is_well"), [(14, True), (16, False)])
def test_an_operation_in_doubt_for_a_quarter_of_an_hour_is_an_alarm(db: None, minutes: int, is_well: bool) -> None:
    since = timezone.now() - timedelta(minutes=minutes)
    doubtful = operation(Ours(reference="dep-2026-doubt001", state=State.UNKNOWN, at=since))
    Operation.objects.filter(pk=doubtful.pk).update(in_doubt_since=since)
    assert finding("doubt").is_well is is_well
    assert finding("doubt").sentence.startswith("dep-2026-doubt001 ")


def test_a_halt_is_ill_and_says_how_to_go_on(db: None) -> None:
    assert finding("sending").is_well
    watch_clock(30.0, holder="worker 1")
    assert "time service" in finding("sending").sentence and not finding("sending").is_well


def test_a_freeze_by_a_manager_is_well_and_the_lock_of_a_restore_is_ill(db: None, omar: Person) -> None:
    freeze(scope=Scope.MONEY_OUT, reason="A payout list looks wrong.", by=omar)
    assert finding("sending").is_well and "Omar Saleh" in finding("sending").sentence

    freeze_after_restore(backup_at=timezone.now(), by=System("after_restore"))

    assert "after_restore" in finding("sending").sentence and not finding("sending").is_well


def test_what_is_not_anticipated_is_not_swallowed() -> None:
    def broken() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        examine(Check("broken", 99, "Broken", broken))

"""Processes begin and end, and the log says so with a digest of what they were told (security.md §3)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError
from pytest_django.fixtures import Settings

from backoffice.audit import processes, services
from backoffice.audit.models import Entry
from backoffice.audit.processes import settings_digest
from backoffice.audit.services import record
from backoffice.database import embedded
from backoffice.worker import starting
from tests.audit.chain import WORKER

ROOT = Path(__file__).resolve().parents[2]


def test_a_worker_says_when_it_begins_and_when_it_ends(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for looks in (starting._LOOKS, starting._ENDS):
        monkeypatch.setattr(starting, "_LOOKS" if looks is starting._LOOKS else "_ENDS", {"log": looks["log"]})
    starting.look_around()
    starting.wind_up()

    began, ended = Entry.objects.order_by("number")
    assert [began.event, ended.event] == ["process.began", "process.ended"]
    assert began.who == ended.who == "worker"
    assert began.after == {**processes.identity(), "settings": settings_digest()}
    assert ended.after == processes.identity()


def test_a_web_server_says_when_it_begins_and_when_it_ends(committed: str, postgres: embedded.Embedded) -> None:
    url = postgres.url(committed, embedded.APPLICATION)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", "import backoffice.wsgi"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert list(Entry.objects.order_by("number").values_list("event", "who")) == [
        ("process.began", "web"),
        ("process.ended", "web"),
    ]


def test_the_digest_is_that_of_every_setting_but_secrets(settings: Settings) -> None:
    settings.COINMENA_BASE_URL = "https://here.example"  # settings that were changed are held apart from then on
    before = settings_digest()
    settings.SECRET_KEY = settings.COINMENA_PRIVATE_KEY = "another"
    assert settings_digest() == before
    settings.COINMENA_BASE_URL = "https://elsewhere.example"
    assert settings_digest() != before


def test_the_digest_is_the_same_in_every_process() -> None:
    said = "import django; django.setup(); from backoffice.audit.processes import settings_digest as d; print(d())"
    told = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", said],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_a_log_that_cannot_be_written_is_told_outside_of_it(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(
        services.log, "critical", lambda event, **said: told.append({"event": event, **said}), raising=False
    )

    def refuse(_fields: dict[str, object]) -> None:
        raise DatabaseError("no space left on device")

    monkeypatch.setattr(services, "append", refuse)
    with pytest.raises(DatabaseError):
        record("operation.failed", by=WORKER)
    assert told == [{"event": "audit_log_not_written", "of": "operation.failed", "because": "no space left on device"}]
    assert json.dumps(told)

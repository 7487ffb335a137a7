"""The day's seals go to the auditors once, each seal in one letter, and no day is forgotten."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail as outbox

from backoffice.accounts.models import Person
from backoffice.audit.models import Seal, SealLetter
from backoffice.audit.sealing import letters
from backoffice.audit.sealing.letters import send_due_letter
from backoffice.database import clock
from tests.audit.sealing.sealed_log import sealed, three_seals

pytestmark = pytest.mark.usefixtures("db", "maya", "adam")


def a_day_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tomorrow."""
    moment = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: moment)


def attached() -> list[dict[str, str]]:
    """The seals in the newest letter."""
    content = outbox.outbox[-1].attachments[0].content
    return [json.loads(line) for line in str(content).splitlines()]


def test_what_was_sealed_today_waits_for_tomorrow(second_place: Path, vera: Person) -> None:
    three_seals()
    assert send_due_letter() is None


def test_yesterdays_seals_go_to_the_auditors_once(
    second_place: Path, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    seals = three_seals()
    a_day_passes(monkeypatch)
    letter = send_due_letter()
    assert letter is not None and (letter.last, letter.count) == (seals[-1], 3)
    (message,) = outbox.outbox
    assert message.to == [vera.email]
    assert message.subject == "Seals 1 to 3 of the audit log of the back office"
    assert seals[-1].hash in str(message.body)
    assert attached() == [{"canonical": s.canonical, "hash": s.hash, "signature": s.signature} for s in seals]
    assert send_due_letter() is None


def test_days_without_a_worker_are_made_good(second_place: Path, vera: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    three_seals()
    sealed()
    a_day_passes(monkeypatch)
    monkeypatch.setattr(letters, "MOST_IN_ONE", 3)
    sent = [send_due_letter() for _ in range(3)]
    assert [letter.count if letter else 0 for letter in sent] == [3, 1, 0]


def test_without_an_auditor_the_seals_wait(second_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three_seals()
    a_day_passes(monkeypatch)
    assert send_due_letter() is None
    assert not SealLetter.objects.exists()


def test_a_letter_the_mail_server_refused_is_sent_again(
    second_place: Path, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_seals()
    a_day_passes(monkeypatch)

    def refused(*_arguments: object, **_options: object) -> None:
        raise OSError

    with monkeypatch.context() as away:
        away.setattr("django.core.mail.EmailMessage.send", refused)
        with pytest.raises(OSError):  # noqa: PT011
            send_due_letter()
    assert not SealLetter.objects.exists()
    assert send_due_letter() is not None


def test_the_day_is_the_companys(second_place: Path, vera: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Bahrain it is three hours later."""
    at = sealed().at
    midnight = datetime(at.year, at.month, at.day, 21, tzinfo=UTC) + timedelta(days=at.hour >= 21)
    monkeypatch.setattr(clock, "now", lambda: midnight - timedelta(seconds=1))
    assert send_due_letter() is None
    monkeypatch.setattr(clock, "now", lambda: midnight)
    assert send_due_letter() is not None
    assert Seal.objects.count() == 1

"""Mails to staff: after the change, on one line where they must be, and never at the change's cost (S12, S26, S32)."""

from typing import Any

import pytest
from django.core import mail as outbox
from django.db import DatabaseError, transaction
from pytest_django.fixtures import Settings

from backoffice.accounts import mail
from backoffice.accounts.mail import Letter, one_line, tell
from backoffice.accounts.models import Person
from tests.accounts.post import handed_over, written

pytestmark = pytest.mark.usefixtures("db")

CONTEXT = {
    **{"before": "Finance", "role": "Manager", "by": "Adam Reyes", "approved_by": "Omar Saleh", "what": "passkey"},
    **{"sentence": "Seal 7 is missing."},
}
HOSTILE = [
    "Eve\r\nBcc: all@evil.example",
    "Eve\nSubject: You won",
    "Eve\x1b[31m",
    "Eve\u2028Bcc: x@evil.example",
    "%s {{ settings.SECRET_KEY }} {% debug %}",
    '<script>alert(1)</script> & "Eve"',
    "Eve\0",
    "x" * 10_000,
]


def saying_what_is_missing(engines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a copy: a change inside the settings themselves would outlive the test and reach other pages."""
    return [{**engine, "OPTIONS": {**engine["OPTIONS"], "string_if_invalid": "MISSING"}} for engine in engines]


@pytest.mark.parametrize("letter", list(Letter))
def test_every_letter_is_written_whole(maya: Person, settings: Settings, letter: Letter) -> None:
    settings.TEMPLATES = saying_what_is_missing(settings.TEMPLATES)
    tell(maya, letter, CONTEXT)
    (message,) = written()
    assert message.to == ["maya@example.com"]
    assert "back office" in message.subject
    assert "Hello Maya Haddad," in str(message.body)
    assert "MISSING" not in str(message.body)
    assert "{{" not in f"{message.subject}{message.body}"
    assert len([line for line in str(message.body).splitlines() if line.startswith("http")]) == 1


def test_the_company_is_named_where_it_has_a_name(maya: Person, settings: Settings) -> None:
    settings.COMPANY_NAME = "Northwind & Sons"
    tell(maya, Letter.PASSWORD_CHANGED)
    assert written()[0].subject == "Your password for the Northwind & Sons back office was changed"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("where", ["name", "context"])
def test_s32_no_name_makes_a_header_or_a_line_of_its_own(maya: Person, text: str, where: str) -> None:
    if where == "name":
        Person.objects.filter(pk=maya.pk).update(name=text.replace("\0", "")[:120])
    tell(maya, Letter.ROLE_CHANGED, {**CONTEXT, **({"by": text} if where == "context" else {})})
    (message,) = written()
    said = message.message()
    assert set(said.keys()) == {
        *("Content-Type", "MIME-Version", "Content-Transfer-Encoding"),
        *("Subject", "From", "To", "Date", "Message-ID"),
    }
    assert said["To"] == "maya@example.com"
    assert message.recipients() == ["maya@example.com"]
    lines = str(message.body).splitlines()
    assert not [line for line in lines if line.startswith(("Bcc:", "Subject:"))]
    assert "\x1b" not in str(message.body)
    assert max(map(len, lines)) < 700


def test_s32_an_address_with_a_line_break_is_not_written_to(maya: Person) -> None:
    Person.objects.filter(pk=maya.pk).update(email="maya@example.com\nBcc: all@evil.example")
    tell(maya, Letter.PASSWORD_CHANGED)
    with pytest.raises(ValueError, match="newline"):
        written()
    assert outbox.outbox == []


def test_s12_what_people_typed_is_text_and_no_template(maya: Person) -> None:
    tell(maya, Letter.ROLE_CHANGED, {**CONTEXT, "by": "{{ link }} & <b>"})
    assert "{{ link }} & <b> proposed it" in str(written()[0].body)


def test_s26_a_job_holds_whom_and_about_what_and_no_link(maya: Person) -> None:
    tell(maya, Letter.INVITATION)
    tell(maya, Letter.RESET)
    assert handed_over() == [
        ("accounts.deliver", {"person_id": maya.pk, "letter": "invitation", "context": {}}),
        ("accounts.deliver", {"person_id": maya.pk, "letter": "reset", "context": {}}),
    ]


def test_a_change_that_is_rolled_back_sends_nothing(maya: Person) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(maya, Letter.PASSWORD_CHANGED)
        raise RuntimeError
    assert handed_over() == []


def test_a_mail_that_cannot_be_handed_over_fails_no_change(maya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise DatabaseError("no room for a job")

    monkeypatch.setattr(mail, "same_connection", broken)
    with transaction.atomic():
        Person.objects.filter(pk=maya.pk).update(time_zone="UTC")
        tell(maya, Letter.PASSWORD_CHANGED)
    maya.refresh_from_db()
    assert maya.time_zone == "UTC"


def test_nobody_is_written_to_once_the_account_is_closed(maya: Person) -> None:
    tell(maya, Letter.INVITATION)
    Person.objects.filter(pk=maya.pk).update(is_active=False)
    assert written() == []


@pytest.mark.parametrize(("letter", "context"), [("no_such", {}), ("role_changed", {}), ("factor_reset", {"by": "x"})])
def test_a_letter_that_does_not_exist_or_lacks_something_is_a_mistake_of_ours(
    maya: Person, letter: str, context: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="letter|Letter"):
        tell(maya, letter, context)


@pytest.mark.parametrize(("text", "line"), [(" a \n b ", "a b"), ("a\u202eb", "a b"), ("", ""), ("é", "é")])
def test_one_line_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line

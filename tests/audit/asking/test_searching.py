"""Every question to the log is answered by an index: by role, client, object, kind, words, and who and when."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.queries import entries, search
from backoffice.audit.services import record
from backoffice.audit.words import LONGEST
from tests.audit.chain import WORKER, write

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def as_vera(vera: Person, client: Client) -> Client:
    client.force_login(vera)
    return client


def found_by(text: str) -> list[Entry]:
    return list(search(entries(), text))


@pytest.mark.parametrize(
    "text", ["statement", "Statement explained", '"nobody explained"', "12500.00", "haddad", "a1b2c3d4", "-1"]
)
def test_words_are_found_wherever_they_stand(maya: Person, text: str) -> None:
    write(2)
    after = {"amount": "12500.00", "fingerprint": "a1b2c3d4", "n": -1}
    entry = record("freeze.made", by=maya, after=after, reason="A statement that nobody explained")
    assert found_by(text) == [entry]


@pytest.mark.parametrize("text", ["statement missing", "statement -nobody", '"', "'", "| & !", ":*", "\\"])
def test_what_is_not_there_is_not_found_and_no_text_is_an_error(maya: Person, text: str) -> None:
    record("freeze.made", by=maya, reason="A statement that nobody explained")
    assert found_by(text) == []


def test_an_identity_comes_before_words(maya: Person) -> None:
    about = record("client.deactivated", by=maya, client="user_7")
    record("freeze.made", by=maya, reason="Because of user_7")
    assert found_by("user_7") == [about]


def test_an_entry_longer_than_what_is_searched_is_written_all_the_same() -> None:
    text = " ".join(f"word{n}" for n in range(LONGEST // 4))
    entry = record("operation.failed", by=WORKER, reason=f"beginning {text} ending")
    assert found_by("beginning") == [entry]
    assert found_by("ending") == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("role=finance", 2),
        ("role=manager&role=finance", 3),
        ("client=user_7", 1),
        ("about=person", 3),
        ("object=person {maya}", 1),
        ("object=person 999", 0),
        ("q=explained&role=finance", 1),
        ("q=explained&role=manager", 0),
        ("result=refused", 1),
    ],
)
def test_the_filters_narrow(as_vera: Client, maya: Person, omar: Person, query: str, count: int) -> None:
    record("person.signed_in", by=maya, obj=maya)
    record("access.refused", by=maya, result=Entry.Result.REFUSED, reason="Nobody explained", client="user_7")
    record("person.signed_in", by=omar, obj=omar)
    page = as_vera.get(f"/audit/?{query.format(maya=maya.pk)}").content.decode()
    assert ("1 entry" if count == 1 else f"{count} entries") in page


#: The rows of each question must be reached by this index; sequential scans are made dear, as a million rows make them.
#: In no order, because so few rows are read as cheaply in the order of their numbers.
INDEXED: list[tuple[dict[str, Any], str]] = [
    ({"role": "auditor"}, "entry_by_role"),
    ({"client": "user_7"}, "entry_by_client"),
    ({"person_id": 7}, "entry_by_person"),
    ({"event": "freeze.made"}, "entry_by_event"),
    ({"object_type": "freeze", "object_id": "7"}, "entry_by_object"),
]


@pytest.mark.parametrize(("wanted", "index"), INDEXED)
def test_each_question_has_an_index(wanted: dict[str, Any], index: str) -> None:
    write(30)
    assert index in plan(Entry.objects.filter(**wanted).order_by())


def test_words_have_an_index() -> None:
    write(30)
    assert "entry_by_words" in plan(search(Entry.objects.all(), "statement"))


def plan(rows: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    text: str = rows.explain()
    return text

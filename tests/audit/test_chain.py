"""The chain: what an entry holds, what the database refuses, and that many writers make one chain (S28, S30, S32)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from backoffice.accounts.actors import System
from backoffice.accounts.context import originating_from
from backoffice.accounts.models import Person
from backoffice.audit.canonical import digest
from backoffice.audit.models import FIRST_HASH, Entry, Head
from backoffice.audit.services import record
from backoffice.audit.verifying.checking import verify
from tests.audit.chain import WORKER, write

WRITERS, EACH = 8, 25


def test_an_entry_says_who_in_which_role_from_where_what_and_why(db: None, omar: Person) -> None:
    with originating_from("192.0.2.7") as origin:
        entry = record(
            "operation.approved",
            by=omar,
            obj=omar,
            client="user_12345",
            before={"state": "pending_approval"},
            after={"state": "approved", "amount": Decimal("0.10"), "at": datetime(2026, 11, 19, tzinfo=UTC)},
            reason="Checked with the client.",
        )
    assert (entry.person, entry.who, entry.role) == (omar, "Omar Saleh", "manager")
    assert (entry.address, entry.request_id) == ("192.0.2.7", origin.request_id)
    assert (entry.object_type, entry.object_id, entry.client) == ("person", str(omar.pk), "user_12345")
    assert entry.after == {"state": "approved", "amount": "0.10", "at": "2026-11-19T00:00:00.000000Z"}
    assert entry.reason == "Checked with the client."


def test_numbers_have_no_gap_and_each_entry_names_the_one_before(db: None) -> None:
    first, second = write(2)
    assert (first.number, first.prev) == (1, FIRST_HASH)
    assert (second.number, second.prev) == (2, first.hash)
    assert Head.objects.values_list("number", "hash").get() == (2, second.hash)


def test_an_entry_that_is_rolled_back_leaves_no_gap(committed: str) -> None:
    write()
    with pytest.raises(RuntimeError), transaction.atomic():
        record("operation.failed", by=WORKER)
        raise RuntimeError
    assert [entry.number for entry in write(2)] == [2, 3]
    assert verify().is_intact


def test_the_canonical_text_holds_every_field_in_one_line(db: None) -> None:
    (entry,) = write()
    said = json.loads(entry.canonical)
    columns = {field.attname for field in Entry._meta.concrete_fields} - {"canonical", "hash"}
    assert set(said) == columns
    assert entry.canonical == json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert entry.hash == digest(entry.canonical)


@pytest.mark.parametrize(
    "text", ["a\r\nb", "\x1b[31mred", "\x00", "%s %n", '{"a":1}', "\u202e", "\ud800", "\x85", "x" * 10_000, "نورة"]
)
def test_hostile_text_stays_one_line_and_one_entry(db: None, text: str) -> None:
    entry = record("operation.failed", by=System(text), client=text, after={text: [text]}, reason=text)
    stored = Entry.objects.get(number=entry.number)
    assert "\n" not in stored.canonical
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F for character in stored.reason)
    assert verify().is_intact


def test_a_float_has_no_place_in_the_log(db: None) -> None:
    with pytest.raises(TypeError, match="float has no place"):
        record("operation.failed", by=WORKER, after={"amount": 0.1})


def test_an_event_nobody_declared_is_refused(db: None) -> None:
    with pytest.raises(KeyError):
        record("operation.invented", by=WORKER)


def one_writer(number: int) -> None:
    try:
        write(EACH, by=System(f"writer {number}"))
    finally:
        connections.close_all()


def test_s30_eight_writers_make_one_chain(committed: str) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(one_writer, range(WRITERS)))
    found = verify()
    assert (found.is_intact, found.entries) == (True, WRITERS * EACH)
    assert Entry.objects.values("prev").distinct().count() == WRITERS * EACH


TAMPERING = [
    "UPDATE audit_entry SET reason = 'x'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "TRUNCATE audit_head",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET number = 0, hash = repeat('0', 64)",
    "UPDATE audit_head SET number = number + 1",
    "INSERT INTO audit_entry SELECT * FROM audit_entry",
    "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (number) DO UPDATE SET reason = 'x'",
    "MERGE INTO audit_entry AS old USING audit_entry AS new ON old.number = new.number"
    " WHEN MATCHED THEN UPDATE SET reason = 'x'",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "DROP TABLE audit_entry",
    "DROP TRIGGER pgtrigger_append_only_a6b88 ON audit_entry",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN"
    " LANGUAGE sql AS 'SELECT true'",
    "SET pgtrigger.ignore = '{audit_entry:append_only}'; UPDATE audit_entry SET reason = 'x'",
]


@pytest.mark.parametrize("statement", TAMPERING)
def test_s28_the_application_cannot_change_history(db: None, statement: str) -> None:
    write(2)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (verify().is_intact, verify().entries) == (True, 2)


def test_s28_the_owner_cannot_change_history_while_the_triggers_stand(committed: str) -> None:
    write(2)
    for statement in (*TAMPERING[:6], TAMPERING[7], TAMPERING[-1]):
        with pytest.raises(DatabaseError), connections["owner"].cursor() as cursor:
            cursor.execute(statement)
        assert (verify().is_intact, verify().entries) == (True, 2), statement


def test_an_entry_that_does_not_follow_the_head_is_refused(committed: str) -> None:
    write()
    fields: dict[str, Any] = {**Entry.objects.values().get()}
    for wrong in ({"number": 3}, {"number": 2, "prev": FIRST_HASH}, {"number": 2, "prev": fields["hash"]}):
        with pytest.raises(DatabaseError):
            Entry(**{**fields, "hash": "f" * 64, **wrong}).save(force_insert=True)


def test_an_empty_log_is_intact(db: None) -> None:
    assert verify().sentence == "The audit log is empty."


def test_an_intact_log_says_how_far(db: None) -> None:
    write(3)
    assert verify().sentence == "Intact from entry 1 to entry 3."

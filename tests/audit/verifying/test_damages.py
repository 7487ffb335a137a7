"""Somebody who holds the database switches the triggers off: which entry is found to be the first bad one, and what of
it is said (S29)."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from backoffice.accounts.actors import System
from backoffice.audit.canonical import digest
from backoffice.audit.models import Entry, Head
from backoffice.audit.verifying import chain
from backoffice.audit.verifying.checking import verify
from backoffice.audit.verifying.naming import Link
from backoffice.database import checks, definitions
from tests.audit.chain import damage, write

APPROVED = "replace(canonical, 'submitting', 'approved')"
HASHED = f"canonical = {APPROVED}, hash = encode(sha256(convert_to({APPROVED}, 'UTF8')), 'hex')"
SWAPPED = [
    "UPDATE audit_entry SET number = -number WHERE number IN (2, 3)",
    "UPDATE audit_entry SET number = CASE number WHEN -2 THEN 3 ELSE 2 END WHERE number < 0",
]
ENDED = "UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit_entry WHERE number = 4)"


def of_third(assignment: str) -> list[str]:
    """Change the third entry."""
    return [f"UPDATE audit_entry SET {assignment} WHERE number = 3"]  # noqa: S608


#: What somebody did, which entry is the first bad one then, which field, and some of the sentence.
DAMAGES: list[tuple[list[str], int, str, str]] = [
    (of_third("who = 'somebody'"), 3, "who", "Entry 3 was changed: who was “worker 1” and is “somebody” now."),
    (of_third("role = 'manager'"), 3, "role", "role was empty and is “manager” now."),
    (of_third("at = at + interval '1 microsecond'"), 3, "at", "at was “20"),
    (of_third("at = (at::date || ' 10:00:00 UTC BC')::timestamptz"), 3, "canonical", "Entry 3 was changed"),
    (of_third("at = 'infinity'"), 3, "canonical", "Entry 3 was changed"),
    (of_third("reason = ' '"), 3, "reason", "reason was empty and is “ ” now."),
    (of_third("reason = 'say \"when\"'"), 3, "reason", 'is “say "when"” now.'),
    (of_third("reason = 'a\\b'"), 3, "reason", "is “a\\b” now."),
    (of_third("client = E'a\\nb'"), 3, "client", "client was empty"),
    (of_third("after = '{\"try\": 9}'"), 3, "after", "after.try was 2 and is 9 now."),
    (of_third("after = '{\"try\": 2.0}'"), 3, "after", "after.try was 2 and is"),
    (of_third("after = '{\"try\": 2, \"more\": null}'"), 3, "after", "after"),
    (of_third("after = 'null'"), 3, "after", "after was"),
    (of_third("before = NULL"), 3, "before", "and is empty now."),
    (of_third("result = 'failed'"), 3, "result", "result was “done” and is “failed” now."),
    (of_third("event = 'operation.failed'"), 3, "event", "event was"),
    (of_third("object_id = 'x'"), 3, "object_id", "object_id was empty"),
    (of_third("delegate_of = 'Omar'"), 3, "delegate_of", "delegate_of was empty"),
    (of_third("version = 2"), 3, "version", "no form of an entry has its version"),
    (of_third("prev = repeat('f', 64)"), 3, "prev", "prev was"),
    (of_third(f"canonical = {APPROVED}"), 3, "canonical", "its text does not give its hash"),
    (of_third("canonical = 'no JSON'"), 3, "canonical", "its text does not give its hash"),
    (of_third("hash = repeat('f', 64)"), 3, "hash", "its hash is not that of its text"),
    (of_third(HASHED), 3, "hash", "Entry 3 was rewritten"),
    (of_third('before = \'{"state": "approved"}\', ' + HASHED), 3, "hash", "Entry 3 was rewritten"),
    (of_third("canonical = '{', hash = encode(sha256('{'), 'hex')"), 3, "hash", "Entry 3 was rewritten"),
    (of_third("canonical = repeat('[', 100000)"), 3, "canonical", "its text does not give its hash"),
    (of_third("after = repeat('1', 5000)::jsonb"), 3, "canonical", "Entry 3 was changed"),
    (of_third("after = (repeat('[', 3000) || repeat(']', 3000))::jsonb"), 3, "canonical", "Entry 3 was changed"),
    (["DELETE FROM audit_entry WHERE number = 3"], 3, "number", "Entry 3 is missing."),
    (["DELETE FROM audit_entry WHERE number = 1"], 1, "number", "Entry 1 is missing."),
    (["DELETE FROM audit_entry WHERE number = 5"], 5, "number", "The end was cut: entry 5 is missing."),
    (["DELETE FROM audit_entry"], 1, "number", "The end was cut: entry 1 is missing."),
    (["UPDATE audit_entry SET number = 7 WHERE number = 3"], 3, "number", "Entry 3 is missing."),
    (["UPDATE audit_entry SET number = 0 WHERE number = 3"], 0, "number", "Entry 0 was inserted"),
    (of_third(f"number = {-(2**63)}"), -(2**63), "number", "was inserted"),
    (["UPDATE audit_head SET number = 4"], 4, "hash", "the head of the log names"),
    ([ENDED], 5, "number", "Entry 5 was inserted: it stands behind the head"),
    (["UPDATE audit_head SET hash = repeat('0', 64)"], 5, "hash", "the head of the log names"),
    (["DELETE FROM audit_head"], 0, "head", "The head of the log is missing."),
    (SWAPPED, 2, "number", "Entry 2 was written as entry 3"),
]  # fmt: skip
START_AGAIN = (
    "DELETE FROM audit_entry",
    "DELETE FROM audit_head",
    "INSERT INTO audit_head VALUES (1, 0, repeat('0', 64))",
)


def test_s29_verification_names_the_first_bad_entry_and_what_of_it(committed: str) -> None:
    for statements, number, field, words in DAMAGES:
        write(5)
        damage(*statements)
        fault = verify().fault
        assert fault is not None, f"not found: {statements}"
        assert (fault.number, fault.field) == (number, field), f"{statements}: {fault.sentence}"
        assert words in fault.sentence, statements
        damage(*START_AGAIN)
    assert verify().is_intact


def test_s29_it_is_found_wherever_a_stretch_begins_and_ends(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2, 3):
        monkeypatch.setattr(chain, "ENTRIES_AT_ONCE", size)
        for statements, number, field, _words in DAMAGES[-13:]:
            write(5)
            damage(*statements)
            fault = verify().fault
            assert fault is not None, f"not found: {statements}"
            assert (fault.number, fault.field) == (number, field), f"{size}, {statements}: {fault.sentence}"
            damage(*START_AGAIN)


#: Operators that somebody with the owner's rights puts before those that PostgreSQL turns to for want of its own.
OPERATORS = (
    ("<>", "ne", "boolean", "false"),
    ("||", "cat", "text", "''::text"),
)


@pytest.mark.parametrize(("symbol", "name", "gives", "body"), OPERATORS)
@pytest.mark.parametrize("other", ["text", "varchar"])
def test_s29_operators_of_somebody_s_own_hide_nothing(
    committed: str, symbol: str, name: str, gives: str, body: str, other: str
) -> None:
    write(5)
    as_owner(
        f"CREATE FUNCTION public.{name}({other}, varchar) RETURNS {gives} LANGUAGE sql RETURN {body}",
        f"CREATE OPERATOR public.{symbol} (LEFTARG = {other}, RIGHTARG = varchar, FUNCTION = public.{name})",
    )
    damage(*of_third(f"canonical = {APPROVED}"))
    assert chain.first_bad(Link(), 0, 5) == 3


def test_no_setting_of_the_database_leads_the_product_to_functions_of_somebody_s_own(committed: str) -> None:
    as_owner(
        "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql RETURN ''::bytea",
        f"ALTER DATABASE {committed} SET search_path = public, pg_catalog",
    )
    connections["default"].close()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT octet_length(sha256('x')), current_setting('search_path')")
        assert cursor.fetchone() == (32, "public,pg_temp")


UNREADABLE = (
    "at = '2026-11-21 10:00:03 UTC BC'",
    "after = repeat('1', 5000)::jsonb",
    *(f"after = (repeat('[', {depth}) || repeat(']', {depth}))::jsonb" for depth in (300, 320, 450, 480, 900, 3_000)),
    "canonical = repeat('[', 100000)",
)


@pytest.mark.parametrize("assignment", UNREADABLE)
def test_s29_an_entry_that_cannot_be_read_is_a_fault_wherever_it_is_looked_at(committed: str, assignment: str) -> None:
    write(5)
    damage(*of_third(assignment))
    for fault in (verify().fault, chain.fault_of(3), chain.named(3, Head.objects.get())):
        assert fault is not None
        assert (fault.number, "Entry 3 was changed" in fault.sentence) == (3, True), fault.sentence
    assert chain.first_bad_by_hand(Link(), 0, 5) == 3
    assert chain.fault_of(2) is None


def insert_after_second(*, shifts_numbers: bool) -> None:
    """Push a sound entry in as the third, with the right link behind it."""
    second = Entry.objects.get(number=2)
    said = {**json.loads(second.canonical), "number": 3, "prev": second.hash, "reason": "Pushed in."}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    fields = ", ".join(name for name in said if name not in ("number", "prev", "reason"))
    copied = (
        f"INSERT INTO audit_entry (number, prev, reason, canonical, hash, {fields}) SELECT 3, hash, 'Pushed in.',"  # noqa: S608
        f" '{text}', '{digest(text)}', {fields} FROM audit_entry WHERE number = 2"
    )
    away = "UPDATE audit_entry SET number = -number - 1 WHERE number > 2"
    back = "UPDATE audit_entry SET number = -number WHERE number < 0"
    damage(*([away, back] if shifts_numbers else ["DELETE FROM audit_entry WHERE number = 3"]), copied)


@pytest.mark.parametrize(("shifts", "what"), [(True, "Entry 3 was inserted"), (False, "Entry 3 was rewritten")])
def test_s29_an_entry_that_was_pushed_in_is_named(committed: str, shifts: bool, what: str) -> None:
    write(5)
    insert_after_second(shifts_numbers=shifts)
    fault = verify().fault
    assert fault is not None
    assert (fault.number, what in fault.sentence) == (3, True), fault.sentence


@pytest.mark.parametrize("text", ['say "when"', "a\\b", "نورة", "%s", "/", "a\u2028b", "😀", "'", '\\"', "x" * 500])
def test_what_has_to_be_escaped_is_no_fault(db: None, text: str) -> None:
    write(1, by=System(text))
    assert verify().is_intact
    assert chain.first_bad_by_hand(Link(), 0, 1) is None


def test_it_says_how_far_it_is(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "ENTRIES_AT_ONCE", 2)
    write(5)
    told: list[tuple[int, int]] = []
    verify(lambda done, of: told.append((done, of)))
    assert told == [(2, 5), (4, 5), (5, 5)]


# Guards ---------------------------------------------------------------------------------------------------------------


def as_owner(*statements: str) -> None:
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_s29_a_trigger_that_is_off_is_named(committed: str) -> None:
    write(2)
    as_owner("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    found = verify()
    assert (found.entries, found.fault and found.fault.field) == (2, "guard")
    assert "The trigger append_only of audit_entry is missing or switched off." in found.sentence


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "CREATE TRIGGER aaa BEFORE INSERT ON audit_entry FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "The trigger aaa of audit_entry is none that this version installs.",
        ),
        (
            "CREATE RULE aaa AS ON INSERT TO audit_entry WHERE NEW.event = 'audit.read' DO INSTEAD NOTHING",
            "The rule aaa turns what is done to audit_entry into something else.",
        ),
        (
            "ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY; CREATE POLICY seen ON audit_entry USING (true)",
            "The table audit_entry may hide rows from who reads it: row security is on.",
        ),
    ],
)
def test_s29_what_swallows_changes_or_hides_entries_is_named(committed: str, statement: str, sentence: str) -> None:
    write(2)
    as_owner(statement)
    assert verify().sentence == f"The log is not guarded as it was made: {sentence}"


@pytest.fixture
def _just_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has compared no guard yet."""
    monkeypatch.setattr(definitions, "_known", {})


@pytest.mark.usefixtures("committed", "_just_begun")
def test_a_log_that_can_only_be_read_is_intact_and_what_was_not_compared_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(2)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    call_command("verify_audit")
    said = capsys.readouterr()
    assert said.out.startswith(
        "Intact from entry 1 to entry 2."
        " What the guards of the log say could not be compared: the database can only be read. Checked in "
    )
    assert "could not be written down" in said.err


@pytest.mark.usefixtures("committed", "_just_begun")
def test_a_table_that_is_locked_leaves_no_false_finding_in_the_log() -> None:
    write(2)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with transaction.atomic(using="owner"):
        as_owner("LOCK TABLE approvals_decision IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(CommandError, match="could not be verified, try again") as ended:
            call_command("verify_audit")
    assert ended.value.returncode == 2
    assert not Entry.objects.filter(event="audit.verified").exists()
    assert verify().is_intact


def test_what_another_table_lacks_is_no_fault_of_the_log(committed: str) -> None:
    write(2)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'exports_rowmarks'::regclass"
            " AND confrelid = 'audit_entry'::regclass"
        )
        cursor.execute(f'ALTER TABLE exports_rowmarks DROP CONSTRAINT "{cursor.fetchone()[0]}"')
    assert checks.faults() == ["The column entry_id of exports_rowmarks no longer points to audit_entry."]
    assert verify().is_intact


def test_s29_a_table_that_took_the_place_of_the_log_is_named(committed: str) -> None:
    write(2)
    as_owner(
        "ALTER TABLE audit_entry RENAME TO audit_was",
        "CREATE TABLE audit_entry AS SELECT * FROM audit_was",
        "GRANT SELECT, INSERT ON audit_entry TO PUBLIC",
    )
    assert verify().sentence == "The table audit_entry is not the one that was made: another took its place."


def test_s29_a_view_in_place_of_the_log_is_named(committed: str) -> None:
    write(2)
    as_owner(
        "ALTER TABLE audit_entry RENAME TO audit_was",
        "CREATE VIEW audit_entry AS SELECT * FROM audit_was",
        "GRANT SELECT, INSERT ON audit_entry TO PUBLIC",
    )
    assert verify().sentence == "The table audit_entry is not the one that was made: another took its place."


def test_s29_a_log_without_its_columns_is_named(committed: str) -> None:
    as_owner("ALTER TABLE audit_entry RENAME TO audit_was")
    assert verify().sentence == "The tables of the log are not those that were made: they cannot be read."

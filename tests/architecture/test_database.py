"""The database refuses what must never happen, whoever asks (reliability.md §10)."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry, Seal
from backoffice.audit.services import record
from backoffice.database import definitions, embedded
from backoffice.database.checks import MUST_BE_BOUNDED, faults, losses, refuse_to_start_unarmed
from backoffice.database.definitions import NotComparable
from backoffice.database.hardening import SEARCH_PATH, harden_after_migrate, protected_models
from backoffice.database.models import AppendOnlyModel
from tests.database import connect_to

PROTECTED = {model._meta.db_table: model for model in protected_models()}


def refused(sql: str, alias: str = "default") -> bool:
    try:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError:
        return True
    return False


def test_a_migrated_database_is_armed(db: None) -> None:
    assert faults() == []


@pytest.mark.parametrize("table", sorted(PROTECTED))
@pytest.mark.parametrize("sql", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "ALTER TABLE {} DISABLE TRIGGER USER"])
def test_the_application_cannot_remove_history(db: None, table: str, sql: str) -> None:
    assert refused(sql.format(table))


APPEND_ONLY = sorted(table for table, model in PROTECTED.items() if issubclass(model, AppendOnlyModel))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_application_cannot_rewrite_history(db: None, table: str) -> None:
    column = PROTECTED[table]._meta.pk.column
    assert refused(f"UPDATE {table} SET {column} = {column}")  # noqa: S608


def test_no_setting_opens_a_back_door(committed: str, maya: Person) -> None:
    record("person.signed_in", by=maya)
    with connection.cursor() as cursor:
        cursor.execute("SET pgtrigger.ignore = '{audit_entry:append_only,audit_head:moves_with_its_entry}'")
        with pytest.raises(DatabaseError):
            cursor.execute("UPDATE audit_head SET number = 0")


def test_no_table_of_a_session_stands_in_for_the_head_of_the_log(committed: str) -> None:
    shadow = "CREATE TEMP TABLE audit_head AS SELECT 1 AS id, 41::bigint AS number, repeat('0', 64) AS hash;"
    forged = Entry(number=42, at=timezone.now(), event="x", who="x", version=1, prev="0" * 64, canonical="x")
    forged.hash = hashlib.sha256(b"x").hexdigest()
    with transaction.atomic(), pytest.raises(DatabaseError, match="does not follow"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(shadow)
        forged.save(force_insert=True)
    assert not Entry.objects.exists()


def test_no_table_of_a_session_moves_the_head_of_the_log(committed: str) -> None:
    assert refused(
        "CREATE TEMP TABLE audit_entry AS SELECT 1::bigint AS number, 'forged' AS hash;"
        "UPDATE public.audit_head SET number = 1, hash = 'forged'"
    )


def test_not_even_the_owner_changes_an_entry_in_passing(committed: str, maya: Person) -> None:
    record("person.signed_in", by=maya)
    for sql in ("UPDATE audit_entry SET who = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"):
        assert refused(sql, alias="owner")


def test_the_application_cannot_switch_triggers_off_for_a_session(db: None) -> None:
    assert refused("SET session_replication_role = replica")


def test_a_disarmed_trigger_stops_the_start(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    assert any("audit_entry" in sentence for sentence in faults())


def test_a_trigger_that_looks_elsewhere_stops_the_start(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tgfoid::regproc FROM pg_trigger WHERE tgname LIKE 'pgtrigger_follows_the_head%'")
        cursor.execute(f"ALTER FUNCTION {cursor.fetchone()[0]}() RESET search_path")
    assert any("audit_entry" in sentence for sentence in faults())


def test_a_missing_constraint_stops_the_start(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE approvals_decision DROP CONSTRAINT nobody_decides_their_own_request")
        cursor.execute("DROP INDEX one_operation_submitting_per_client")
    assert faults() == [
        "The constraint nobody_decides_their_own_request of approvals_decision is missing.",
        "The constraint one_operation_submitting_per_client of funding_operation is missing.",
    ]


def as_owner(*statements: str) -> None:
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "CREATE TABLE x (c int, CONSTRAINT nobody_decides_their_own_request CHECK (true))",
        "CREATE TABLE x (c int, CONSTRAINT nobody_decides_their_own_request UNIQUE (c))",
        "CREATE SCHEMA x; CREATE TABLE x.approvals_decision"
        " (c int, CONSTRAINT nobody_decides_their_own_request CHECK (true))",
    ],
)
def test_a_constraint_is_missed_though_something_else_bears_its_name(committed: str, elsewhere: str) -> None:
    as_owner("ALTER TABLE approvals_decision DROP CONSTRAINT nobody_decides_their_own_request", elsewhere)
    assert faults() == ["The constraint nobody_decides_their_own_request of approvals_decision is missing."]


def test_a_unique_index_is_missed_though_another_table_has_one_of_its_name(committed: str) -> None:
    name = "one_operation_submitting_per_client"
    as_owner(f"DROP INDEX {name}", f"CREATE UNIQUE INDEX {name} ON approvals_decision (id)")
    assert faults() == [f"The constraint {name} of funding_operation is missing."]


def test_a_constraint_that_was_not_checked_against_all_rows_is_missed(committed: str) -> None:
    as_owner(
        "ALTER TABLE audit_head DROP CONSTRAINT audit_has_one_head,"
        " ADD CONSTRAINT audit_has_one_head CHECK (id = 1) NOT VALID"
    )
    assert faults() == ["The constraint audit_has_one_head of audit_head is missing."]


MIGRATE, PUT_BACK = "Run `manage.py migrate` as the owner of the database.", "put the definition back"


@pytest.mark.parametrize(
    ("statement", "advice", "not_said"),
    [
        ("ALTER TABLE audit_entry DISABLE TRIGGER USER", MIGRATE, PUT_BACK),
        ("GRANT DELETE ON audit_entry TO backoffice_app", MIGRATE, PUT_BACK),
        ("ALTER TABLE audit_head DROP CONSTRAINT audit_has_one_head", PUT_BACK, MIGRATE),
        ("DROP TRIGGER {trigger} ON audit_entry", PUT_BACK, MIGRATE),
    ],
)
def test_a_migrate_is_advised_where_it_helps(committed: str, statement: str, advice: str, not_said: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_follows_the_head%'")
        cursor.execute(statement.format(trigger=cursor.fetchone()[0]))
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_to_start_unarmed()
    assert (advice in str(refusal.value), not_said in str(refusal.value)) == (True, False)

    harden_after_migrate("owner")
    assert bool(faults()) is (advice == PUT_BACK), "the advice is good, and would not have been for the others"


def test_a_trigger_that_does_something_else_stops_the_start(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tgfoid::regproc FROM pg_trigger WHERE tgname LIKE 'pgtrigger_state_moves%' LIMIT 1")
        (name,) = cursor.fetchone()
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS TRIGGER SET search_path = {SEARCH_PATH}"
            " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END;'"
        )
    (fault,) = faults()
    assert fault.startswith("The trigger state_moves of ")
    assert fault.endswith(" is not the one this version installs.")


def test_a_trigger_of_another_version_stops_the_start(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_content_is_frozen%'"
            " AND tgrelid = 'funding_operation'::regclass"
        )
        cursor.execute(f"COMMENT ON TRIGGER {cursor.fetchone()[0]} ON funding_operation IS 'of last year'")
    assert faults() == [
        "The trigger content_is_frozen of funding_operation is not the one this version installs.",
    ]


def test_s28_a_trigger_of_the_same_name_on_another_table_guards_nothing(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass"
            " AND tgname LIKE 'pgtrigger_append_only%'"
        )
        name, made = cursor.fetchone()
        cursor.execute(f"DROP TRIGGER {name} ON audit_entry")
        cursor.execute("CREATE TABLE decoy (LIKE audit_entry)")
        cursor.execute(made.replace("audit_entry", "decoy"))
        cursor.execute(f"ALTER TABLE decoy ENABLE ALWAYS TRIGGER {name}")
    assert faults() == ["The trigger append_only of audit_entry is missing or switched off."]


@pytest.mark.parametrize(
    ("was", "now"), [("FOR EACH ROW", "FOR EACH ROW WHEN (false)"), ("BEFORE DELETE OR UPDATE", "BEFORE DELETE")]
)
def test_s28_a_trigger_that_no_longer_fires_stops_the_start(committed: str, was: str, now: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') FROM pg_trigger"
            " WHERE tgrelid = 'audit_entry'::regclass AND tgname LIKE 'pgtrigger_append_only%'"
        )
        name, made, comment = cursor.fetchone()
        assert was in made
        cursor.execute(f"DROP TRIGGER {name} ON audit_entry")
        cursor.execute(made.replace(was, now))
        cursor.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER {name}")
        cursor.execute(f"COMMENT ON TRIGGER {name} ON audit_entry IS '{comment}'")
    assert faults() == ["The trigger append_only of audit_entry is not the one this version installs."]


#: What somebody made under the name of a guard, of which table, and what was made so.
OTHERS = [
    (
        "ALTER TABLE audit_head DROP CONSTRAINT audit_has_one_head,"
        " ADD CONSTRAINT audit_has_one_head CHECK (id > 0 OR true)",
        "constraint audit_has_one_head of audit_head",
    ),
    (
        "ALTER TABLE audit_seal DROP CONSTRAINT seal_is_signed, ADD CONSTRAINT seal_is_signed CHECK (hash <> '')",
        "constraint seal_is_signed of audit_seal",
    ),
    (
        "DROP INDEX one_verification_at_a_time; CREATE UNIQUE INDEX one_verification_at_a_time"
        " ON audit_verificationjob (id) WHERE state IN ('waiting', 'running')",
        "constraint one_verification_at_a_time of audit_verificationjob",
    ),
    (
        "DROP INDEX one_operation_submitting_per_client; CREATE UNIQUE INDEX one_operation_submitting_per_client"
        " ON funding_operation (client_id) WHERE state = 'completed'",
        "constraint one_operation_submitting_per_client of funding_operation",
    ),
    (
        "ALTER TABLE approvals_decision DROP CONSTRAINT decision_repeats_the_requester,"
        " ADD CONSTRAINT decision_repeats_the_requester FOREIGN KEY (request_id) REFERENCES approvals_request (id)",
        "constraint decision_repeats_the_requester of approvals_decision",
    ),
]


@pytest.mark.parametrize(("statements", "what"), OTHERS)
def test_a_constraint_that_says_something_else_stops_the_start(committed: str, statements: str, what: str) -> None:
    assert faults() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute(statements)
    assert faults() == [f"The {what} is not the one this version installs."]


def test_a_trigger_that_fires_for_other_columns_stops_the_start(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') FROM pg_trigger"
            " WHERE tgrelid = 'orders_order'::regclass AND tgname LIKE 'pgtrigger_knows_our_references%'"
        )
        name, made, comment = cursor.fetchone()
        cursor.execute(f"DROP TRIGGER {name} ON orders_order")
        cursor.execute(made.replace("partner_order_ref, is_ours", "is_ours"))
        cursor.execute(f"ALTER TABLE orders_order ENABLE ALWAYS TRIGGER {name}")
        cursor.execute(f"COMMENT ON TRIGGER {name} ON orders_order IS '{comment}'")
    assert faults() == ["The trigger knows_our_references of orders_order is not the one this version installs."]


def test_comparing_definitions_leaves_nothing_behind(db: None) -> None:
    faults()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        assert cursor.fetchone() == (0,)
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("public,pg_temp",)


@contextmanager
def knowing_nothing_and_impatient() -> Iterator[None]:
    """A process that has just begun: it has compared nothing yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(definitions, "_known", {})
        patch.setattr(definitions, "_refused", {})
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        yield


def test_a_table_that_is_locked_is_no_table_that_was_changed(committed: str) -> None:
    with knowing_nothing_and_impatient():
        with transaction.atomic(using="owner"):
            as_owner("LOCK TABLE approvals_decision IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(OperationalError, match="lock timeout"):
                refuse_to_start_unarmed()
        assert faults() == []


def test_a_database_that_can_only_be_read_is_none_that_was_changed(committed: str) -> None:
    with knowing_nothing_and_impatient():
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        sentence = "What triggers and constraints say could not be compared: the database can only be read."
        assert faults() == [sentence]
        with pytest.raises(NotComparable, match="can only be read"):
            refuse_to_start_unarmed()
        as_owner("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        with pytest.raises(ImproperlyConfigured, match="append_only of audit_entry"):
            refuse_to_start_unarmed()


def test_a_login_without_temporary_tables_is_told_which_right_it_lacks(committed: str) -> None:
    with knowing_nothing_and_impatient():
        as_owner(f'REVOKE TEMPORARY ON DATABASE "{committed}" FROM PUBLIC')
        (sentence,) = faults()
    assert "the login backoffice_app may make no temporary tables. GRANT TEMPORARY ON DATABASE" in sentence
    assert faults() == [], "what a process has compared once it knows"


def test_a_login_that_may_not_read_a_table_knows_nothing_about_it(committed: str) -> None:
    with knowing_nothing_and_impatient():
        as_owner("REVOKE SELECT ON approvals_decision FROM backoffice_app")
        (sentence,) = faults()
    assert sentence.endswith("could not be compared: permission denied for table approvals_decision.")


def test_a_table_that_is_another_one_is_tried_once_until_it_is_changed(
    committed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[type] = []
    make = definitions._make

    def counted(model: Any, alias: str) -> definitions.Definitions:
        tried.append(model)
        return make(model, alias)

    monkeypatch.setattr(definitions, "_make", counted)
    with knowing_nothing_and_impatient():
        as_owner("ALTER TABLE audit_seal RENAME COLUMN signature TO signed")
        for _ in range(3):
            assert "The constraint seal_is_signed of audit_seal is not the one this version installs." in faults()
        assert tried.count(Seal) == 1
        as_owner("ALTER TABLE audit_seal RENAME COLUMN signed TO signature")
        assert faults() == []
        assert tried.count(Seal) == 2


@pytest.mark.parametrize(
    ("table", "column", "kind", "sentence"),
    [
        ("funding_operation", "reference", "u", "The column reference of funding_operation no longer is unique."),
        ("funding_operation", "copy_of_id", "u", "The column copy_of_id of funding_operation no longer is unique."),
        (
            "funding_attempt",
            "operation_id",
            "f",
            "The column operation_id of funding_attempt no longer points to funding_operation.",
        ),
    ],
)
def test_a_column_without_its_guard_stops_the_start(
    committed: str, table: str, column: str, kind: str, sentence: str
) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]"
            " WHERE conrelid = %s::regclass AND attname = %s AND contype = %s",
            [table, column, kind],
        )
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{cursor.fetchone()[0]}"')
    assert faults() == [sentence]


def test_a_constraint_written_by_hand_is_missed_as_well(committed: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE approvals_decision DROP CONSTRAINT decision_repeats_the_requester")
    assert faults() == ["The constraint decision_repeats_the_requester of approvals_decision is missing."]


def test_a_login_that_owns_its_tables_stops_the_start(committed: str) -> None:
    assert faults("owner")[-1] == (
        "The application's login backoffice_owner owns its tables or is a superuser: give it a role that owns nothing."
    )


def test_a_server_that_may_lose_a_commit_stops_the_start_where_money_is_real(db: None, settings: Settings) -> None:
    refuse_to_start_unarmed()

    settings.COINMENA_BASE_URL = "https://partner.example.com"
    with pytest.raises(ImproperlyConfigured, match="may lose what it has confirmed: switch on fsync"):
        refuse_to_start_unarmed()


@pytest.mark.parametrize("name", MUST_BE_BOUNDED)
def test_every_connection_is_bounded(db: None, name: str) -> None:
    assert not any(name in sentence for sentence in losses())
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {name} = 0")
    assert f"Statements may wait without end: set {name} for this login." in losses()


def test_the_bounds_are_those_of_the_contract(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(MUST_BE_BOUNDED)])
        bounds = {name: int(milliseconds) for name, milliseconds in cursor.fetchall()}
    assert bounds == {
        "lock_timeout": 5_000,
        "statement_timeout": 30_000,
        "idle_in_transaction_session_timeout": 60_000,
    }


def test_a_login_that_may_change_history_stops_the_start(committed: str) -> None:
    assert "The application's login backoffice_owner may UPDATE audit_entry." in faults("owner")


OF_ITS_OWN = """
    CREATE FUNCTION public.ne(text, varchar) RETURNS boolean LANGUAGE sql RETURN false;
    CREATE OPERATOR public.<> (LEFTARG = text, RIGHTARG = varchar, FUNCTION = public.ne)
"""
SENDS_MORE = """
    CREATE FUNCTION public.pgtrigger_more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER more AFTER INSERT ON approvals_decision FOR EACH ROW EXECUTE FUNCTION public.pgtrigger_more()
"""


@pytest.mark.parametrize(
    ("statement", "sentences"),
    [
        (
            OF_ITS_OWN,
            [
                "The function ne is none that this version installs.",
                "The operator <> of text and character varying is none that this version installs.",
            ],
        ),
        (SENDS_MORE, ["The trigger more of approvals_decision is none that this version installs."]),
        (
            "ALTER TABLE approvals_decision ALTER COLUMN fingerprint DROP NOT NULL",
            ["The column fingerprint of approvals_decision is not the one this version installs."],
        ),
        (
            "ALTER TABLE orders_mintedreference ALTER COLUMN reference TYPE varchar(20)",
            ["The column reference of orders_mintedreference is not the one this version installs."],
        ),
        (
            "ALTER TABLE audit_seal DROP COLUMN signature CASCADE",
            ["The column signature of audit_seal is missing."],
        ),
    ],
)
def test_what_was_made_or_changed_beside_the_product_is_named(
    committed: str, statement: str, sentences: list[str]
) -> None:
    as_owner(statement)
    assert set(sentences) <= set(faults())


def test_a_database_that_was_restored_from_a_dump_is_as_armed_as_before(
    committed: str, postgres: embedded.Embedded
) -> None:
    """PostgreSQL writes a list of words otherwise once it was dumped and read again; that is no other guard."""
    restored, programs = f"{committed}_restored", postgres.server.bin_path
    embedded.create_database(postgres, restored)
    dump = subprocess.run(
        [programs / "pg_dump", postgres.server.get_uri(database=committed)], capture_output=True, check=True
    ).stdout
    command = [str(programs / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", postgres.server.get_uri(database=restored)]
    subprocess.run(command, input=dump, stdout=subprocess.DEVNULL, check=True)
    try:
        connect_to(postgres, restored)
        assert faults() == []
    finally:
        connections.close_all()
        connect_to(postgres, committed)
        embedded.drop_database(postgres, restored)

"""The database refuses what must never happen, whoever asks (reliability.md §10)."""

import hashlib

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.database.checks import faults
from backoffice.database.hardening import protected_models
from backoffice.database.models import AppendOnlyModel

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


def test_a_login_that_may_change_history_stops_the_start(committed: str) -> None:
    assert "The application's login backoffice_owner may UPDATE audit_entry." in faults("owner")

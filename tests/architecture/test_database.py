"""The database refuses what must never happen, whoever asks (reliability.md §10)."""

import pytest
from django.db import DatabaseError, connection, connections, transaction

from backoffice.accounts.models import Person
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

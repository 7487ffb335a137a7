"""A short log to look at, and a way for the owner of the database to damage it."""

from typing import Any

from django.db import connections, transaction

from backoffice.accounts.actors import Actor, System
from backoffice.audit.models import Entry
from backoffice.audit.services import record

WORKER = System("worker 1")
TABLES = ("audit_entry", "audit_head", "audit_seal", "audit_sealcopy")


def write(count: int = 1, by: Actor = WORKER) -> list[Entry]:
    """Append entries, each in a transaction of its own."""
    entries = []
    for number in range(count):
        with transaction.atomic():
            entries.append(record("operation.completed", by=by, before={"state": "submitting"}, after={"try": number}))
    return entries


def damage(*statements: str) -> None:
    """Run SQL as the owner with every trigger switched off, as somebody who holds the database could."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        for table, trigger in triggers(cursor):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, trigger in triggers(cursor):
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def triggers(cursor: Any) -> list[tuple[str, str]]:
    """Every trigger of ours on the tables of the log, with its table."""
    cursor.execute(
        "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relname = ANY(%s)",
        [list(TABLES)],
    )
    return list(cursor.fetchall())

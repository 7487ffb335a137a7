"""What constraints and triggers say, word for word: as the database keeps them, and as the code makes them.

PostgreSQL writes a definition in its own words. So the code's is made once more, on a temporary table of the same
columns that nothing else ever sees, and read back: both are in the words of the same server, and nothing has to be kept
up by hand. A process does so once, and undoes it in the same transaction.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pgtrigger
from django.db import DatabaseError, connections, models, transaction

#: Of a table: its constraints, its unique indexes, its triggers. ``public.`` and the session's own schema are left out.
_OF_A_SCHEMA: Final = """
    SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE relnamespace = {schema} AND contype IN ('c', 'u', 'x', 'f')
    UNION ALL SELECT own.relname, other.relname, pg_get_indexdef(indexrelid)
        FROM pg_index JOIN pg_class own ON own.oid = indrelid JOIN pg_class other ON other.oid = indexrelid
        WHERE own.relnamespace = {schema} AND indisunique
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
    UNION ALL SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid)
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = {schema} AND NOT tgisinternal
"""
_SCHEMA: Final = re.compile(r"\b(public|pg_temp(_\d+)?)\.")
#: The values of an IN: a set of the code's has no order, so each process may write it in another.
_ONE_OF: Final = re.compile(r"((?:ANY|ALL) \(\(?ARRAY\[)([^\[\]]*)(?=\])")

Definitions = dict[tuple[str, str], str]


def kept(cursor: Any) -> Definitions:
    """Say of every constraint and trigger, by table and name, what the database has of it."""
    return read(cursor, "'public'::regnamespace")


def read(cursor: Any, schema: str) -> Definitions:
    cursor.execute(_OF_A_SCHEMA.format(schema=schema))
    return {(table, name): plain(definition) for table, name, definition in cursor.fetchall()}


def plain(definition: str) -> str:
    """Leave out of a definition where it stands, and the order of values that have none."""
    return _ONE_OF.sub(lambda found: found[1] + ", ".join(sorted(found[2].split(", "))), _SCHEMA.sub("", definition))


def made(model: type[models.Model], alias: str) -> Definitions:
    """Say what the code makes of a model's constraints and triggers; nothing where its table cannot have them."""
    try:
        return _made(model, alias)
    except DatabaseError:
        return {}


@cache
def _made(model: type[models.Model], alias: str) -> Definitions:
    statements = list(_statements(model, alias))
    if not statements:
        return {}
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SET LOCAL search_path = pg_temp, public")
        for statement in statements:
            cursor.execute(statement)
        found = read(cursor, "pg_my_temp_schema()")
        transaction.set_rollback(True, using=alias)
    return {key: definition for key, definition in found.items() if key[0] == model._meta.db_table}


def _statements(model: Any, alias: str) -> Iterator[str]:
    """Give the SQL that makes a table of a model's columns with its constraints and triggers; none where none are."""
    editor = connections[alias].schema_editor()
    constraints = [str(one.create_sql(model, editor)) for one in model._meta.constraints]
    triggers = [_creation(model, trigger) for owner, trigger in pgtrigger.registered() if owner is model]
    if constraints or triggers:
        table = connections[alias].ops.quote_name(model._meta.db_table)
        yield f"CREATE TEMPORARY TABLE {table} (LIKE public.{table})"
        yield from constraints
        yield from triggers


def _creation(model: Any, trigger: pgtrigger.Trigger) -> str:
    """Give the one statement that creates a trigger; its function is there."""
    whole = str(trigger.compile(model).install_sql)
    return whole[re.search(r"\bCREATE +(CONSTRAINT )? *TRIGGER ", whole).start() : whole.rindex("COMMENT ON TRIGGER")]  # type: ignore[union-attr]

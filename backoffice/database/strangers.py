"""What stands on a table and was not made by the product: it would change, drop or hide rows while every guard of the
table's own is in its place."""

from collections.abc import Collection
from typing import Any, Final

import pgtrigger

_PROTECTED: Final = (
    "SELECT oid, relname, relrowsecurity FROM pg_class"
    " WHERE oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest(%s::text[]) AS name)"
)


def strangers(cursor: Any, tables: Collection[str]) -> list[str]:
    """Name every trigger before a change, rule and filter of rows on these tables that the product did not make."""
    tables = list(tables)
    return [*foreign_triggers(cursor, tables), *rules(cursor, tables), *hidden_rows(cursor, tables)]


def foreign_triggers(cursor: Any, tables: list[str]) -> list[str]:
    cursor.execute(
        f"WITH kept AS ({_PROTECTED}) SELECT relname, tgname FROM pg_trigger JOIN kept ON tgrelid = kept.oid"  # noqa: S608
        " WHERE NOT tgisinternal AND tgtype & 66 <> 0 ORDER BY relname, tgname",
        [tables],
    )
    ours = {(model._meta.db_table, trigger.get_pgid(model)) for model, trigger in pgtrigger.registered()}
    return [
        f"The trigger {name} of {table} is none that this version installs."
        for table, name in cursor.fetchall()
        if (table, name) not in ours
    ]


def rules(cursor: Any, tables: list[str]) -> list[str]:
    cursor.execute(
        f"WITH kept AS ({_PROTECTED}) SELECT relname, rulename FROM pg_rewrite JOIN kept ON ev_class = kept.oid"  # noqa: S608
        " WHERE rulename <> '_RETURN' ORDER BY relname, rulename",
        [tables],
    )
    return [f"The rule {name} turns what is done to {table} into something else." for table, name in cursor.fetchall()]


def hidden_rows(cursor: Any, tables: list[str]) -> list[str]:
    cursor.execute(f"{_PROTECTED} AND relrowsecurity ORDER BY relname", [tables])
    return [
        f"The table {table} may hide rows from who reads it: row security is on."
        for _oid, table, _on in cursor.fetchall()
    ]

"""What was not made by the product and stands on its tables or between it and PostgreSQL: it would change, drop, hide
or misjudge rows while every guard of a table's own is in its place."""

from collections.abc import Collection
from typing import Any, Final

import pgtrigger

_PROTECTED: Final = (
    "SELECT oid, relname, relrowsecurity FROM pg_class"
    " WHERE oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest(%s::text[]) AS name)"
)


#: Functions of the product and of its libraries, by how their names begin.
_OUR_FUNCTIONS: Final = ("pgtrigger_", "procrastinate_", "_pgtrigger_should_ignore")
_OWN_SENSE: Final = """
    WITH of_extensions AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
    SELECT 'operator', oprname || ' of ' || oprleft::regtype || ' and ' || oprright::regtype FROM pg_operator
        WHERE oprnamespace = 'public'::regnamespace
        AND ('pg_operator'::regclass, oid) NOT IN (SELECT classid, objid FROM of_extensions)
    UNION ALL SELECT 'cast', 'from ' || castsource::regtype || ' to ' || casttarget::regtype FROM pg_cast
        WHERE oid >= 16384 AND ('pg_cast'::regclass, oid) NOT IN (SELECT classid, objid FROM of_extensions)
    UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND NOT starts_with(proname, %s) AND NOT starts_with(proname, %s) AND proname <> %s
        AND ('pg_proc'::regclass, oid) NOT IN (SELECT classid, objid FROM of_extensions)
    ORDER BY 1, 2
"""


def own_sense(cursor: Any) -> list[str]:
    """Name the operators, casts and functions that would stand in for PostgreSQL's own: what is compared or hashed
    would come out as whoever made them likes, in every guard alike."""
    cursor.execute(_OWN_SENSE, _OUR_FUNCTIONS)
    return [f"The {kind} {name} is none that this version installs." for kind, name in cursor.fetchall()]


def strangers(cursor: Any, tables: Collection[str]) -> list[tuple[str, str]]:
    """Name every trigger, rule and filter of rows on these tables that the product did not make, with its table."""
    tables = list(tables)
    return [*foreign_triggers(cursor, tables), *rules(cursor, tables), *hidden_rows(cursor, tables)]


def foreign_triggers(cursor: Any, tables: list[str]) -> list[tuple[str, str]]:
    cursor.execute(
        f"WITH kept AS ({_PROTECTED}) SELECT relname, tgname FROM pg_trigger JOIN kept ON tgrelid = kept.oid"  # noqa: S608
        " WHERE NOT tgisinternal ORDER BY relname, tgname",
        [tables],
    )
    ours = {(model._meta.db_table, trigger.get_pgid(model)) for model, trigger in pgtrigger.registered()}
    return [
        (table, f"The trigger {name} of {table} is none that this version installs.")
        for table, name in cursor.fetchall()
        if (table, name) not in ours
    ]


def rules(cursor: Any, tables: list[str]) -> list[tuple[str, str]]:
    cursor.execute(
        f"WITH kept AS ({_PROTECTED}) SELECT relname, rulename FROM pg_rewrite JOIN kept ON ev_class = kept.oid"  # noqa: S608
        " WHERE rulename <> '_RETURN' ORDER BY relname, rulename",
        [tables],
    )
    found = cursor.fetchall()
    return [(table, f"The rule {name} turns what is done to {table} into something else.") for table, name in found]


def hidden_rows(cursor: Any, tables: list[str]) -> list[tuple[str, str]]:
    cursor.execute(f"{_PROTECTED} AND relrowsecurity ORDER BY relname", [tables])
    return [
        (table, f"The table {table} may hide rows from who reads it: row security is on.")
        for _oid, table, _on in cursor.fetchall()
    ]

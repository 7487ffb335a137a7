"""What constraints and triggers say, word for word: as the database keeps them, and as the code makes them.

PostgreSQL writes a definition in its own words. So the code's is made once more, on a temporary table of the same
columns that nothing else ever sees, and read back: both are in the words of the same server, and nothing has to be kept
up by hand. A process does so once, and undoes it in the same transaction.

Three things can keep it from doing so, and only the first says anything about the guards: the table is not the one the
code knows; nothing can be made here, as on a copy that can only be read; something is in the way for a moment.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pgtrigger
from django.db import DatabaseError, connections, models, transaction

from backoffice.database import clock

#: Of a table: its constraints and unique indexes that hold for every row, and its triggers. ``public.`` and the
#: session's own schema are left out.
_OF_A_SCHEMA: Final = """
    SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE relnamespace = {schema} AND contype IN ('c', 'u', 'x', 'f') AND convalidated
    UNION ALL SELECT own.relname, other.relname, pg_get_indexdef(indexrelid)
        FROM pg_index JOIN pg_class own ON own.oid = indrelid JOIN pg_class other ON other.oid = indexrelid
        WHERE own.relnamespace = {schema} AND indisunique AND indisvalid
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
    UNION ALL SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid)
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = {schema} AND NOT tgisinternal
"""
_SCHEMA: Final = re.compile(r"\b(public|pg_temp(_\d+)?)\.")
_WORD: Final = re.compile(r"'(?:[^']|'')*'::character varying")
_LIST_CAST: Final = re.compile(rf"\(ARRAY\[({_WORD.pattern}(?:, {_WORD.pattern})*)\]\)::text\[\]")
#: The values of an IN: a set of the code's has no order, so each process may write it in another.
_ONE_OF: Final = re.compile(r"((?:ANY|ALL) \(\(?ARRAY\[)([^\[\]]*)(?=\])")

#: The table that is there cannot have what the code makes of its own: a table, column, function, operator or type is
#: missing or another one.
ANOTHER_TABLE: Final = frozenset(
    {"42P01", "42703", "42883", "42704", "42804", "42809", "42846", "42725", "42P17", "22P02", "22003", "22007"}
)
#: Nothing can be made here, whatever the guards are: the database can only be read, or the login has no right to.
NOT_HERE: Final = frozenset({"25006", "42501"})
#: For so long a table that was found to be another one is not tried again, unless it is changed.
REMEMBERED_FOR: Final = 60.0
_STATE: Final = """
    SELECT current_setting('transaction_read_only') = 'on', has_database_privilege(current_database(), 'TEMPORARY'),
        current_user, current_database(),
        (SELECT md5(string_agg((attrelid, attname, atttypid, pg_attribute.xmin)::text, ',' ORDER BY attnum))
            FROM pg_attribute WHERE attrelid = to_regclass('public.' || quote_ident(%s)))
"""

Definitions = dict[tuple[str, str], str]
_Key = tuple[type[models.Model], str]
_known: Final[dict[_Key, Definitions]] = {}
#: Of a table that was found to be another one: what it was then, and until when that is believed.
_refused: Final[dict[_Key, tuple[str | None, float]]] = {}


class NotComparable(Exception):
    """No definition can be made here, which says nothing about those that are kept. The text says why, and a way on."""


def is_of_another_table(error: DatabaseError) -> bool:
    """Whether a statement failed because a table is not the one the code knows, and not by lack of time or rights."""
    return sqlstate_of(error) in ANOTHER_TABLE


def sqlstate_of(error: DatabaseError) -> str:
    """Return PostgreSQL's code of an error; empty where it did not come from there."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def kept(cursor: Any) -> Definitions:
    """Say of every constraint and trigger, by table and name, what the database has of it."""
    return read(cursor, "'public'::regnamespace")


def read(cursor: Any, schema: str) -> Definitions:
    cursor.execute(_OF_A_SCHEMA.format(schema=schema))
    return {(table, name): plain(definition) for table, name, definition in cursor.fetchall()}


def plain(definition: str) -> str:
    """Leave out of a definition where it stands, the order of values that have none, and whether a dump was restored:
    what it brings back casts each word of a list where the original casts the list."""
    definition = _LIST_CAST.sub(lambda found: f"ARRAY[{_WORD.sub(_cast, found[1])}]", _SCHEMA.sub("", definition))
    return _ONE_OF.sub(lambda found: found[1] + ", ".join(sorted(found[2].split(", "))), definition)


def _cast(word: re.Match[str]) -> str:
    return f"({word[0]})::text"


def made(model: type[models.Model], alias: str) -> Definitions:
    """Say what the code makes of a model's constraints and triggers; nothing where its table cannot have them.

    :raises NotComparable: where no definition can be made, so that nothing is known about this table.
    :raises DatabaseError: when something was in the way, such as a lock: it may be tried again.
    """
    key = (model, alias)
    if key not in _known:
        state = _state(model, alias)
        if _is_refused(key, state) or not _is_made(key):
            _refused.setdefault(key, (state, clock.monotonic() + REMEMBERED_FOR))
            return {}
    return _known[key]


def _state(model: type[models.Model], alias: str) -> str | None:
    """Return what changes with the columns of a model's table.

    :raises NotComparable: where this login can make no temporary table.
    """
    with connections[alias].cursor() as cursor:
        cursor.execute(_STATE, [model._meta.db_table])
        is_read_only, may_make, role, database, state = cursor.fetchone()
    if is_read_only:
        raise NotComparable("the database can only be read.")
    if not may_make:
        raise NotComparable(
            f"the login {role} may make no temporary tables. GRANT TEMPORARY ON DATABASE {database} TO {role}."
        )
    return state  # type: ignore[no-any-return]


def _is_refused(key: _Key, state: str | None) -> bool:
    """Whether the table was found to be another one a moment ago, and is the same still. Forgets what is over."""
    found, until = _refused.get(key, (None, 0.0))
    if key in _refused and (found != state or clock.monotonic() > until):
        _refused.pop(key, None)
    return key in _refused


def _is_made(key: _Key) -> bool:
    """Make the definitions of a model; tell whether its table can have them."""
    try:
        _known[key] = _make(*key)
    except DatabaseError as error:
        if sqlstate_of(error) in NOT_HERE:
            raise NotComparable(f"{str(error).strip()}.") from error
        if not is_of_another_table(error):
            raise
    return key in _known


def _make(model: type[models.Model], alias: str) -> Definitions:
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

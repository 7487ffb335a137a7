"""The start-up check of the database: refuse to start when a trigger or constraint is missing or is not the one it was
made as, when the back door is open, when the login may do what it must not, or when a commit may be lost.

Not one of Django's system checks: `migrate` runs those before it has created what is checked here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backoffice.database import definitions, server
from backoffice.database.definitions import Definitions, NotComparable
from backoffice.database.hardening import SEARCH_PATH, protected_models
from backoffice.database.models import AppendOnlyModel
from backoffice.database.strangers import own_sense, strangers

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
#: What the server must have on, or it may lose what it has confirmed.
MUST_BE_ON: Final = ("fsync", "full_page_writes", "synchronous_commit")
#: What every connection must have a bound for, or one stuck statement holds up all the others.
MUST_BE_BOUNDED: Final = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
OFF: Final = "missing or switched off"
NOT_THE_ONE: Final = "not the one this version installs"
#: Constraints that a migration writes by hand, because no model can say them, as PostgreSQL tells them.
WRITTEN_BY_HAND: Final = {
    ("approvals_decision", "decision_repeats_the_requester"): (
        "FOREIGN KEY (request_id, requested_by_id) REFERENCES approvals_request(id, requested_by_id)"
    )
}


class What(Enum):
    """What a fault is of, and so what makes it good."""

    #: A trigger, constraint or column's guard that is gone or says something else.
    DEFINITION = auto()
    #: What every migrate renews: the back door, triggers that are off, grants.
    RENEWED = auto()
    #: What the login is, beside its grants. Its sentence says what to do.
    POWER = auto()
    #: What the guards say could not be found out, which is no fault of theirs. Its sentence says why.
    UNCOMPARED = auto()


ADVICE: Final = {
    What.RENEWED: gettext_noop("Run `manage.py migrate` as the owner of the database."),
    What.DEFINITION: gettext_noop(
        "Unless a migration is still to be applied, somebody with the owner's rights has changed this, and"
        " `manage.py migrate` does not mend it: put the definition back as its migration has it."
    ),
}


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was made. ``table``: the one it leaves unguarded; empty where it is about all."""

    table: str
    what: What
    sentence: str


def refuse_to_start_unarmed(alias: str = "default") -> None:
    """Stop the start of a web server or worker whose database would let history be changed, or lose some of it.

    :raises ImproperlyConfigured: naming everything that is missing and what to do.
    :raises NotComparable: when nothing is known to be missing, and not everything could be found out: try again.
    """
    found = look(alias)
    if any(fault.what is not What.UNCOMPARED for fault in found):
        raise ImproperlyConfigured(told(found))
    if found:
        raise NotComparable(told(found))
    volatile = [] if is_simulated() else losses(alias)
    if volatile:
        raise ImproperlyConfigured(" ".join(volatile))


def told(found: Iterable[Fault]) -> str:
    """Say everything that was found, and then what to do about it."""
    found = list(found)
    advice = [_(said) for what, said in ADVICE.items() if any(fault.what is what for fault in found)]
    return " ".join([*(fault.sentence for fault in found), *advice])


def is_simulated() -> bool:
    """Tell whether the partner is the sandbox of this machine, so that no real money depends on the database."""
    return urlsplit(settings.COINMENA_BASE_URL).hostname in LOOPBACK


def faults(alias: str = "default") -> list[str]:
    """Say in a sentence each what the database of ``alias`` lacks; an empty list means it is armed."""
    return [fault.sentence for fault in look(alias)]


def look(alias: str = "default") -> list[Fault]:
    """Find what the database of ``alias`` lacks, or what keeps that from being found out.

    :raises DatabaseError: when something was in the way, such as a lock: it may be tried again.
    """
    with connections[alias].cursor() as cursor:
        kept = definitions.kept(cursor)
        return [
            *disarmed_triggers(cursor),
            *missing_constraints(kept),
            *other_definitions(kept, alias),
            *missing_references(cursor),
            *other_columns(cursor, alias),
            *open_back_door(cursor),
            *what_is_not_ours(cursor),
            *excess_grants(cursor),
            *excess_power(cursor),
            *missing_power(cursor),
        ]


def losses(alias: str = "default") -> list[str]:
    """Say in a sentence each how the server may lose a commit, or a connection wait without end."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [[*MUST_BE_ON, *MUST_BE_BOUNDED]])
        found = dict(cursor.fetchall())
    off = [name for name in MUST_BE_ON if found[name] == "off"]
    endless = [name for name in MUST_BE_BOUNDED if found[name] == "0"]
    return [
        *([f"The database may lose what it has confirmed: switch on {', '.join(off)}."] if off else []),
        *([f"Statements may wait without end: set {', '.join(endless)} for this login."] if endless else []),
    ]


# Triggers -------------------------------------------------------------------------------------------------------------


def disarmed_triggers(cursor: Any) -> list[Fault]:
    """A trigger counts when it stands on its own table, is on, looks where it should, and does what the code says: its
    comment carries the digest of the whole statement that made it, and its function is compared letter by letter. When
    it fires is compared with all definitions."""
    cursor.execute(
        "SELECT relname, tgname, obj_description(pg_trigger.oid, 'pg_trigger'), prosrc,"
        " tgenabled = 'A' AND proconfig IS NOT DISTINCT FROM ARRAY[%s]"
        " FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid"
        " JOIN pg_language ON pg_language.oid = prolang"
        " WHERE NOT tgisinternal AND lanname = 'plpgsql'"
        " AND NOT prosecdef AND pg_class.oid = to_regclass(quote_ident(relname))",
        [f"search_path={SEARCH_PATH}"],
    )
    there = {(table, name): (digest, source, is_on) for table, name, digest, source, is_on in cursor.fetchall()}
    return [
        Fault(model._meta.db_table, found[0], f"The trigger {trigger.name} of {model._meta.db_table} is {found[1]}.")
        for model, trigger in pgtrigger.registered()
        if (found := _fault_of(there.get((model._meta.db_table, trigger.get_pgid(model))), _body(model, trigger)))
    ]


def _fault_of(found: tuple[str, str, bool] | None, made: tuple[str, str]) -> tuple[What, str] | None:
    if found is None:
        return What.DEFINITION, OFF
    if found[:2] != made:
        return What.DEFINITION, NOT_THE_ONE
    return None if found[2] else (What.RENEWED, OFF)


@cache
def _body(model: Any, trigger: pgtrigger.Trigger) -> tuple[str, str]:
    """Give the digest of the whole statement that makes a trigger, and the source of its function."""
    made = trigger.compile(model)
    return made.hash, made.install_sql.split("RETURNS TRIGGER AS $$", 1)[1].split("$$ LANGUAGE", 1)[0]


# Definitions ----------------------------------------------------------------------------------------------------------


def other_definitions(kept: Definitions, alias: str) -> list[Fault]:
    """Name what bears the name of a constraint or trigger of the product's on its table and says something else; or say
    that this could not be found out."""
    why_not = why_not_compared(alias)
    if why_not:
        return [Fault("", What.UNCOMPARED, f"What triggers and constraints say could not be compared: {why_not}")]
    return [
        Fault(table, What.DEFINITION, f"The {kind} {name} of {table} is {NOT_THE_ONE}.")
        for kind, name, table, key, made in _made(alias)
        if key in kept and kept[key] != made
    ]


def why_not_compared(alias: str = "default") -> str:
    """Say why what the guards say cannot be compared here with what the code makes; empty when it can be."""
    try:
        for model in our_models():
            definitions.made(model, alias)
    except NotComparable as obstacle:
        return str(obstacle)
    return ""


def _made(alias: str) -> Iterator[tuple[str, str, str, tuple[str, str], str | None]]:
    """Yield of everything that has a definition what it is, its name, its table, its key there, and the definition."""
    for model in our_models():
        made, table = definitions.made(model, alias), model._meta.db_table
        triggers = [(owner, one) for owner, one in pgtrigger.registered() if owner._meta.db_table == table]
        named = {constraint.name: constraint.name for constraint in model._meta.constraints}
        fired = {one.get_pgid(owner): str(one.name) for owner, one in triggers}
        for kind, names in (("trigger", fired), ("constraint", named)):
            yield from ((kind, name, table, (table, key), made.get((table, key))) for key, name in names.items())
    for key, definition in WRITTEN_BY_HAND.items():
        yield "constraint", key[1], key[0], key, definition


# Constraints ----------------------------------------------------------------------------------------------------------


def missing_constraints(kept: Definitions) -> list[Fault]:
    """Name the constraints and unique indexes that are not on their own table, wherever else their names may be."""
    named = [*((table, str(constraint.name)) for table, constraint in _constraints()), *WRITTEN_BY_HAND]
    return [
        Fault(table, What.DEFINITION, f"The constraint {name} of {table} is missing.")
        for table, name in named
        if (table, name) not in kept
    ]


def _constraints() -> Iterator[tuple[str, models.BaseConstraint]]:
    for model in our_models():
        for constraint in model._meta.constraints:
            yield model._meta.db_table, constraint


def missing_references(cursor: Any) -> list[Fault]:
    """Look for what columns say by themselves: unique ones, and those that point to another table."""
    cursor.execute("""
        SELECT indrelid::regclass::text, attname, '' FROM pg_index
            JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE indisunique AND indisvalid AND indnkeyatts = 1 AND indpred IS NULL
        UNION SELECT conrelid::regclass::text, attname, confrelid::regclass::text FROM pg_constraint
            JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
            WHERE contype = 'f' AND convalidated AND array_length(conkey, 1) = 1
            AND confdeltype = 'a' AND confupdtype = 'a'
    """)
    kept = set(cursor.fetchall())
    return [
        Fault(
            table,
            What.DEFINITION,
            f"The column {column} of {table} no longer {f'points to {target}' if target else 'is unique'}.",
        )
        for table, column, target in _references()
        if (table, column, target) not in kept
    ]


def _references() -> Iterator[tuple[str, str, str]]:
    for model in our_models():
        for field in model._meta.local_concrete_fields:
            if field.unique:
                yield model._meta.db_table, str(field.column), ""
            if isinstance(field, models.ForeignKey) and field.db_constraint:  # type: ignore[attr-defined]
                yield model._meta.db_table, str(field.column), field.related_model._meta.db_table


def other_columns(cursor: Any, alias: str) -> list[Fault]:
    """Name the columns that are not what their fields say: of another type, or empty where they must not be."""
    cursor.execute(
        "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE attnum > 0 AND NOT attisdropped AND pg_class.oid = to_regclass(quote_ident(relname))"
        " AND relname = ANY(%s)",
        [[model._meta.db_table for model in our_models()]],
    )
    there = {(table, column): (kind, is_filled) for table, column, kind, is_filled in cursor.fetchall()}
    return [
        Fault(model._meta.db_table, What.DEFINITION, f"The column {field.column} of {model._meta.db_table} is {found}.")
        for model in our_models()
        for field in model._meta.local_concrete_fields
        if (found := _other(there.get((model._meta.db_table, str(field.column))), field, alias))
    ]


def _other(found: tuple[str, bool] | None, field: Any, alias: str) -> str:
    if found is None:
        return "missing"
    kind = field.db_parameters(connections[alias])["type"].replace("varchar", "character varying")
    is_filled = found[1] if field.generated else not field.null
    return "" if found == (kind, is_filled) else NOT_THE_ONE


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("backoffice.") and model._meta.managed]


# Back doors and rights ------------------------------------------------------------------------------------------------


def open_back_door(cursor: Any) -> list[Fault]:
    cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = '_pgtrigger_should_ignore'")
    if [body.strip() for (body,) in cursor.fetchall()] == ["SELECT false"]:
        return []
    return [Fault("", What.RENEWED, "The function that lets triggers be ignored is not closed.")]


def what_is_not_ours(cursor: Any) -> list[Fault]:
    """Name what the product did not make: on its tables, or in the place of PostgreSQL's operators and functions."""
    on_tables = strangers(cursor, [model._meta.db_table for model in our_models()])
    return [
        *(Fault(table, What.DEFINITION, said) for table, said in on_tables),
        *(Fault("", What.DEFINITION, said) for said in own_sense(cursor)),
    ]


def excess_grants(cursor: Any) -> list[Fault]:
    cursor.execute(
        "SELECT current_user, verb, name FROM unnest(%s::text[], %s::text[]) AS forbidden(name, verb)"
        " WHERE has_table_privilege(current_user, name, verb)",
        [list(column) for column in zip(*_forbidden(), strict=True)],
    )
    return [
        Fault(table, What.RENEWED, f"The application's login {role} may {verb} {table}.")
        for role, verb, table in cursor.fetchall()
    ]


def _forbidden() -> Iterator[tuple[str, str]]:
    for model in protected_models():
        for verb in ("UPDATE", "DELETE", "TRUNCATE") if issubclass(model, AppendOnlyModel) else ("DELETE", "TRUNCATE"):
            yield model._meta.db_table, verb


def excess_power(cursor: Any) -> list[Fault]:
    """Whoever owns a table, or may become its owner, can take away every guard of it."""
    cursor.execute(
        "SELECT current_user, (SELECT rolsuper OR rolreplication OR rolcreaterole FROM pg_roles"
        " WHERE rolname = current_user), bool_or(pg_has_role(current_user, relowner, 'MEMBER'))"
        " FROM pg_class WHERE oid = ANY(%s::regclass[])",
        [[model._meta.db_table for model in protected_models()]],
    )
    role, is_mighty, is_owner = cursor.fetchone()
    if not is_mighty and not is_owner:
        return []
    sentence = f"The application's login {role} owns its tables or is a superuser: give it a role that owns nothing."
    return [Fault("", What.POWER, sentence)]


def missing_power(cursor: Any) -> list[Fault]:
    """Whoever may not ask which server this is cannot tell that it was switched over, and workers would not work."""
    cursor.execute(
        "SELECT current_user, array_agg(name) FROM unnest(%s::text[]) AS name"
        " WHERE has_function_privilege(to_regprocedure(name), 'EXECUTE') IS NOT TRUE",
        [list(server.NEEDED)],
    )
    role, missing = cursor.fetchone()
    if not missing:
        return []
    names = ", ".join(missing)
    sentence = f"The application's login {role} may not call {names}: grant it EXECUTE on that, as every login has it."
    return [Fault("", What.POWER, sentence)]

"""The start-up check of the database: refuse to start when a trigger or constraint is missing, when the back door is
open, or when the login may do what it must not.

Not one of Django's system checks: `migrate` runs those before it has created what is checked here.
"""

from typing import Any

import pgtrigger
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from backoffice.database.hardening import SEARCH_PATH, protected_models
from backoffice.database.models import AppendOnlyModel


def refuse_to_start_unarmed(alias: str = "default") -> None:
    """Stop the start of a web server or worker whose database would let history be changed.

    :raises ImproperlyConfigured: naming everything that is missing and what to do.
    """
    found = faults(alias)
    if found:
        raise ImproperlyConfigured(" ".join([*found, "Run `manage.py migrate` as the owner of the database."]))


def faults(alias: str = "default") -> list[str]:
    """Say in a sentence each what the database of ``alias`` lacks; an empty list means it is armed."""
    with connections[alias].cursor() as cursor:
        return [
            *disarmed_triggers(cursor),
            *missing_constraints(cursor),
            *open_back_door(cursor),
            *excess_grants(cursor),
        ]


def disarmed_triggers(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
        " WHERE NOT tgisinternal AND tgenabled = 'A' AND %s = ANY(proconfig)",
        [f"search_path={SEARCH_PATH}"],
    )
    armed = {name for (name,) in cursor.fetchall()}
    return [
        f"The trigger {trigger.name} of {model._meta.db_table} is missing or switched off."
        for model, trigger in pgtrigger.registered()
        if trigger.get_pgid(model) not in armed
    ]


def missing_constraints(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE convalidated"
        " UNION SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid"
        " WHERE indisunique AND indisvalid"
    )
    kept = {name for (name,) in cursor.fetchall()}
    return [
        f"The constraint {constraint.name} of {model._meta.db_table} is missing."
        for model in apps.get_models()
        if model.__module__.startswith("backoffice.")
        for constraint in model._meta.constraints
        if constraint.name not in kept
    ]


def open_back_door(cursor: Any) -> list[str]:
    cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = '_pgtrigger_should_ignore'")
    bodies = [body.strip() for (body,) in cursor.fetchall()]
    return [] if bodies == ["SELECT false"] else ["The function that lets triggers be ignored is not closed."]


def excess_grants(cursor: Any) -> list[str]:
    cursor.execute("SELECT current_user")
    (role,) = cursor.fetchone()
    sentences = []
    for model in protected_models():
        verbs = ("UPDATE", "DELETE", "TRUNCATE") if issubclass(model, AppendOnlyModel) else ("DELETE", "TRUNCATE")
        for verb in verbs:
            cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, model._meta.db_table, verb])
            if cursor.fetchone()[0]:
                sentences.append(f"The application's login {role} may {verb} {model._meta.db_table}.")
    return sentences

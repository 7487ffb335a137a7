"""The start-up check of the database: refuse to start when a trigger, the closed back door or a grant is missing.

Not one of Django's system checks: `migrate` runs those before it has created what is checked here.
"""

from typing import Any

import pgtrigger
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from backoffice.database.hardening import application_role, protected_models
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
        return [*disarmed_triggers(cursor), *open_back_door(cursor), *excess_grants(cursor)]


def disarmed_triggers(cursor: Any) -> list[str]:
    cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'")
    armed = {name for (name,) in cursor.fetchall()}
    return [
        f"The trigger {trigger.name} of {model._meta.db_table} is missing or switched off."
        for model, trigger in pgtrigger.registered()
        if trigger.get_pgid(model) not in armed
    ]


def open_back_door(cursor: Any) -> list[str]:
    cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = '_pgtrigger_should_ignore'")
    bodies = [body.strip() for (body,) in cursor.fetchall()]
    return [] if bodies == ["SELECT false"] else ["The function that lets triggers be ignored is not closed."]


def excess_grants(cursor: Any) -> list[str]:
    role = application_role()
    if role is None:
        return []
    sentences = []
    for model in protected_models():
        verbs = ("UPDATE", "DELETE", "TRUNCATE") if issubclass(model, AppendOnlyModel) else ("DELETE", "TRUNCATE")
        for verb in verbs:
            cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, model._meta.db_table, verb])
            if cursor.fetchone()[0]:
                sentences.append(f"The application's role {role} may {verb} {model._meta.db_table}.")
    return sentences

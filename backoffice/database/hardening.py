"""What must be true of the database after every migrate (reliability.md §10, libraries.md T1).

* ``pgtrigger.ignore`` must not open a back door: its function answers false, always.
* Triggers fire whatever ``session_replication_role`` says: they are ENABLE ALWAYS.
* Triggers look for tables in ``public`` only: a temporary table of a session cannot stand in for the one they ask.
* The application's role owns nothing; on append-only tables it may read and insert, on kept tables not delete.
"""

from typing import Any

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import connections, models
from psycopg import sql

from backoffice.database.models import AppendOnlyModel, KeptModel

CLOSED_BACK_DOOR = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE AS 'SELECT false'
"""


#: What a trigger's function sees of the schemas; temporary tables last, or they would come before all others.
SEARCH_PATH = "public, pg_temp"


def harden_after_migrate(using: str, **_kwargs: Any) -> None:
    """Close the back door, arm the triggers and grant the application's role what it may do, on database ``using``."""
    with connections[using].cursor() as cursor:
        cursor.execute(CLOSED_BACK_DOOR)
        for model, trigger in pgtrigger.registered():
            arm(cursor, model, trigger)
        if application_role() not in (None, connections[using].settings_dict["USER"]):
            grant(cursor, str(application_role()))


def arm(cursor: Any, model: Any, trigger: pgtrigger.Trigger) -> None:
    """Set one trigger ENABLE ALWAYS and bind where it looks, once its table has been migrated into existence."""
    table, name = model._meta.db_table, trigger.get_pgid(model)
    cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = to_regclass(%s)", [name, table])
    if cursor.fetchone():
        for statement in (
            "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
            f"ALTER FUNCTION {{name}}() SET search_path = {SEARCH_PATH}",
        ):
            cursor.execute(sql.SQL(statement).format(table=sql.Identifier(table), name=sql.Identifier(name)))


def application_role() -> str | None:
    """Name the role the application logs in as; None where owner and application are one login."""
    if "owner" not in settings.DATABASES:
        return None
    return str(settings.DATABASES["default"]["USER"])


def grant(cursor: Any, role: str) -> None:
    """Give the application's role everything it needs and nothing that would let it change history."""
    name = sql.Identifier(role)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}",
    ):
        cursor.execute(sql.SQL(statement).format(name))
    for model in protected_models():
        verbs = "UPDATE, DELETE" if issubclass(model, AppendOnlyModel) else "DELETE"
        cursor.execute(
            sql.SQL("REVOKE {} ON {} FROM {}").format(sql.SQL(verbs), sql.Identifier(model._meta.db_table), name)
        )


def protected_models() -> list[type[models.Model]]:
    """List the concrete models whose history the database keeps."""
    return [model for model in apps.get_models() if issubclass(model, AppendOnlyModel | KeptModel)]

"""What the database guards the log with: triggers, constraints, rights. A log without them may be any table."""

from typing import Final

import pgtrigger
from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _

from backoffice.audit.verifying.naming import Fault
from backoffice.database import checks

APP: Final = "audit"


def guard_faults() -> list[Fault]:
    """Say in a sentence each which guard of the log is missing, off, or not the one that was made.

    :raises DatabaseError: when something was in the way, such as a lock: it may be tried again.
    """
    missing = [fault.sentence for fault in checks.look() if is_of_the_log(fault)]
    return [
        *(
            Fault(
                0,
                "table",
                _("The table %(table)s is not the one that was made: another took its place.") % {"table": one},
            )
            for one in replaced_tables()
        ),
        *(Fault(0, "guard", _("The log is not guarded as it was made: %(what)s") % {"what": one}) for one in missing),
    ]


def not_compared() -> str:
    """Say that the guards could not be compared word for word, as where the log can only be read; else nothing.

    That is no sign of tampering: they are there and on.
    """
    why = checks.why_not_compared()
    return _("What the guards of the log say could not be compared: %(why)s") % {"why": why} if why else ""


def is_of_the_log(fault: checks.Fault) -> bool:
    """Whether what the start-up check found is about a table of the log, or opens every table."""
    if fault.what is checks.What.UNCOMPARED:
        return False
    return not fault.table or fault.table in tables_of_the_log()


def tables_of_the_log() -> list[str]:
    return [model._meta.db_table for model in apps.get_app_config(APP).get_models()]


def replaced_tables() -> list[str]:
    """Name the tables of the log that are no plain tables, or bear none of the triggers they were made with."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE relkind = 'r' AND pg_class.oid = to_regclass(relname)"
        )
        borne = set(cursor.fetchall())
    made = ((model._meta, trigger.get_pgid(model)) for model, trigger in pgtrigger.registered())
    of_the_log = {(meta.db_table, name) for meta, name in made if meta.app_label == APP}
    return sorted({table for table, _name in of_the_log} - {table for table, _name in of_the_log & borne})

"""Abstract models whose rows the database itself protects."""

import pgtrigger
from django.db import models


def append_only_triggers() -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE of a table whoever asks (reliability.md §10)."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        truncate_refused(),
    ]


def kept_rows_triggers() -> list[pgtrigger.Trigger]:
    """Refuse DELETE and TRUNCATE of a table whose rows may change but never go."""
    return [pgtrigger.Protect(name="rows_are_kept", operation=pgtrigger.Delete), truncate_refused()]


def truncate_refused() -> pgtrigger.Trigger:
    """Refuse TRUNCATE, which row triggers do not see."""
    return pgtrigger.Trigger(
        name="truncate_refused",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
    )


def born_in(*states: str, field: str = "state") -> pgtrigger.Trigger:
    """Refuse an INSERT in any other state: ``pgtrigger.FSM`` watches UPDATE only."""
    allowed = ", ".join(f"'{state}'" for state in states)
    return pgtrigger.Trigger(
        name="born_in_a_first_state",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=f"""
            IF NEW.{field} NOT IN ({allowed}) THEN
                RAISE EXCEPTION '% may not begin as %', TG_TABLE_NAME, NEW.{field} USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,
    )


class AppendOnlyModel(models.Model):
    """Rows are written once. The application's role holds SELECT and INSERT on such a table, nothing more."""

    class Meta:
        abstract = True
        triggers = append_only_triggers()


class KeptModel(models.Model):
    """Rows change by their state table and are never deleted: the application's role holds no DELETE."""

    class Meta:
        abstract = True
        triggers = kept_rows_triggers()

import django.db.models.deletion
from django.db import migrations, models

FILL = """
    UPDATE funding_attempt SET last_lookup_id = (
        SELECT max(id) FROM funding_lookup
        WHERE operation_id = funding_attempt.operation_id AND asked_at <= funding_attempt.claimed_at
    ) WHERE number > 1
"""


def fill(apps, schema_editor):
    """Tell of attempts made before what new ones say themselves, by the dates that there are.

    Left empty, an operation sent again a moment before would be given to two people by what was asked before that. The
    triggers that keep an attempt as it was written stand aside for it; every migrate arms them in the end.
    """
    for statement in (
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE funding_attempt DISABLE TRIGGER USER",
        FILL,
        "ALTER TABLE funding_attempt ENABLE TRIGGER USER",
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("funding", "0014_find_what_moved_late_by_when_it_was_seen"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="last_lookup",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="funding.lookup",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

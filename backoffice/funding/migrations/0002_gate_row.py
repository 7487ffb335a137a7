from django.db import migrations


class Migration(migrations.Migration):
    """The one row every claim reads."""

    dependencies = [("funding", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO funding_gate (id, halted_because, unauthorised_in_a_row) VALUES (1, '', 0)",
            migrations.RunSQL.noop,
        )
    ]

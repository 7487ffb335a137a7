from django.db import migrations


class Migration(migrations.Migration):
    """The head the first entry follows."""

    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO audit_head (id, number, hash) VALUES (1, 0, repeat('0', 64))", migrations.RunSQL.noop
        )
    ]

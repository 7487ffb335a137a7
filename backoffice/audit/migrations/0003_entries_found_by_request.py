from django.db import migrations, models


class Migration(migrations.Migration):
    """Find what the log says under a request id that somebody quotes."""

    dependencies = [("audit", "0002_first_head")]
    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["request_id", "number"], name="entry_by_request"),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep the timestamp a request really carried, and which conditions of absence a look-up met."""

    dependencies = [("funding", "0002_gate_row")]

    operations = [
        migrations.AddField(
            model_name="attemptoutcome",
            name="signed_at",
            field=models.DateTimeField(help_text="The timestamp the request really carried", null=True),
        ),
        migrations.AddField(
            model_name="lookupanswer",
            name="conditions",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="lookupanswer",
            name="counts",
            field=models.BooleanField(default=False),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funding", "0015_looked_up_before_an_attempt"),
    ]

    operations = [
        migrations.AddField(
            model_name="gate",
            name="server",
            field=models.CharField(blank=True, max_length=64, default=""),
            preserve_default=False,
        ),
    ]

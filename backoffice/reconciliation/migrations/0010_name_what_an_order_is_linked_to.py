"""Say that an order is linked to an operation in review: what is in doubt may still be sent again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0009_runs_count_orders_no_longer_listed")]

    operations = [
        migrations.AlterField(
            model_name="exceptionitem",
            name="resolution",
            field=models.CharField(
                blank=True,
                choices=[
                    ("linked", "Linked to an operation in review"),
                    ("made_elsewhere", "Made elsewhere, adopted"),
                    ("timing", "Timing, carried forward"),
                    ("accepted", "Accepted as the partner's correction"),
                    ("raised", "Raised with the partner"),
                ],
                max_length=16,
            ),
        )
    ]

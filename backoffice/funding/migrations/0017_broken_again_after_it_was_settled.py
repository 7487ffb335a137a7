from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funding", "0016_gate_knows_its_server"),
        ("mirror", "0002_find_incidents_by_object"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="lateorder",
            name="one_incident_per_late_order",
        ),
        migrations.AddConstraint(
            model_name="lateorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["completed", "open"])),
                fields=("operation", "kind", "order_id"),
                name="one_late_order_against_no_effect",
            ),
        ),
        migrations.AddConstraint(
            model_name="lateorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at", None)),
                fields=("operation", "kind", "order_id"),
                name="one_open_late_order_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="lateorder",
            constraint=models.UniqueConstraint(fields=("operation", "incident"), name="one_late_order_per_incident"),
        ),
    ]

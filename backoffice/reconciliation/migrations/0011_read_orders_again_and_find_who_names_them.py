"""Keep what was read of CoinMENA's orders again, and find quickly whether a run has named an order."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funding", "0018_permission_is_never_extended"),
        ("reconciliation", "0010_name_what_an_order_is_linked_to"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rereading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(null=True)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("is_sound", models.BooleanField()),
                ("sentence", models.TextField(blank=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                condition=models.Q(("verdict__in", ("duplicate_reference", "extra_at_partner"))),
                fields=["order_id", "run"],
                name="findings_that_name_an_order",
            ),
        ),
        migrations.AddIndex(
            model_name="rereading",
            index=models.Index(fields=["began_at", "day"], name="rereadings_by_time"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="rereading",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="9c7094daa4053309ec9f9b3c4fb6a2c514121055",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_a2c1d",
                    table="reconciliation_rereading",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="rereading",
            trigger=pgtrigger.compiler.Trigger(
                name="truncate_refused",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
                    hash="3d0e24840645e6852f7799efa4d2275041897431",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_truncate_refused_98098",
                    table="reconciliation_rereading",
                    when="BEFORE",
                ),
            ),
        ),
    ]

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Verifications of the log that workers carry out."""

    dependencies = [
        ("audit", "0004_seals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="VerificationJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Broken off"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("address", models.TextField(blank=True, help_text="From where it was asked for")),
                ("done", models.BigIntegerField(default=0)),
                ("of", models.BigIntegerField(null=True)),
                ("holder", models.TextField(blank=True)),
                ("tries", models.SmallIntegerField(default=0)),
                ("heard_of_at", models.DateTimeField(help_text="When its worker last said how far it is", null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("sentence", models.TextField(blank=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="audit.entry"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1),
                        condition=models.Q(("state__in", ("waiting", "running"))),
                        name="one_verification_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("entry__isnull", False), ("state", "done")),
                            models.Q(models.Q(("state", "done"), _negated=True), ("entry", None)),
                            _connector="OR",
                        ),
                        name="verification_done_with_its_entry",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="verificationjob",
            trigger=pgtrigger.compiler.Trigger(
                name="rows_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="657243a4e881c87c543ba849a9854107e1251ded",
                    operation="DELETE",
                    pgid="pgtrigger_rows_are_kept_9bef4",
                    table="audit_verificationjob",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="verificationjob",
            trigger=pgtrigger.compiler.Trigger(
                name="truncate_refused",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
                    hash="8e43b22a62c40ae543e5688b65545f3a280d216c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_truncate_refused_b3dc6",
                    table="audit_verificationjob",
                    when="BEFORE",
                ),
            ),
        ),
    ]

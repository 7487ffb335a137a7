import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    """Signed statements of how far the log had come, and where each of them stands a second time."""

    dependencies = [
        ("audit", "0003_entries_found_by_request"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                ("head_hash", models.CharField(max_length=64)),
                ("at", models.DateTimeField(db_index=True)),
                ("key_id", models.CharField(max_length=16)),
                ("prev", models.CharField(max_length=64)),
                ("version", models.SmallIntegerField()),
                ("canonical", models.TextField()),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("signature", models.TextField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SealSetAside",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SealCopy",
            fields=[
                (
                    "seal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.RESTRICT,
                        primary_key=True,
                        related_name="copy",
                        serialize=False,
                        to="audit.seal",
                    ),
                ),
                ("file", models.CharField(max_length=64, unique=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SealLetter",
            fields=[
                (
                    "last",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.RESTRICT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="audit.seal",
                    ),
                ),
                ("count", models.IntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="seal",
            index=models.Index(fields=["entry", "number"], name="seal_by_entry"),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.CheckConstraint(
                condition=models.Q(("entry__gte", models.F("count")), ("number__gt", 0)), name="seal_counts_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.CheckConstraint(
                condition=models.Q(("signature", ""), _negated=True), name="seal_is_signed"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seal",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="425da599b8e4cf7384a383a64e17697a9d08a345",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_4de12",
                    table="audit_seal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seal",
            trigger=pgtrigger.compiler.Trigger(
                name="truncate_refused",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
                    hash="4adff4ca351a1900d6f0b398a5c4a2080d851fa1",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_truncate_refused_a86b0",
                    table="audit_seal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seal",
            trigger=pgtrigger.compiler.Trigger(
                name="follows_the_seal_before",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE last_number bigint; last_entry bigint; last_hash text;",
                    func='\nSELECT number, entry, hash INTO last_number, last_entry, last_hash FROM audit_seal ORDER BY number DESC LIMIT 1;\nIF NEW.number <> coalesce(last_number, 0) + 1 OR NEW.prev <> coalesce(last_hash, repeat(\'0\', 64))\n   OR NEW.count < 0 OR NEW.count <> NEW.entry - coalesce(last_entry, 0)\n   OR NEW.head_hash IS DISTINCT FROM (CASE NEW.entry WHEN 0 THEN repeat(\'0\', 64)\n      ELSE (SELECT e.hash FROM audit_entry e WHERE e.number = NEW.entry) END)\n   OR NEW.canonical <> format(\n      \'{"at":"%s","count":%s,"entry":%s,"head_hash":"%s","key_id":"%s","number":%s,"prev":"%s","version":%s}\',\n      to_char(NEW.at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'),\n      NEW.count, NEW.entry, NEW.head_hash, NEW.key_id, NEW.number, NEW.prev, NEW.version)\n   OR NEW.hash <> encode(sha256(convert_to(NEW.canonical, \'UTF8\')), \'hex\') THEN\n    RAISE EXCEPTION \'seal % does not follow the seal before it and the log\', NEW.number\n        USING ERRCODE = \'check_violation\';\nEND IF;\nRETURN NEW;\n',
                    hash="e6115cc366706e4748a927c925ee08971fed9d19",
                    operation="INSERT",
                    pgid="pgtrigger_follows_the_seal_before_7a90c",
                    table="audit_seal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sealsetaside",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="8a02b099768b6ad06de390c7e144295d587a92aa",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_ebe54",
                    table="audit_sealsetaside",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sealsetaside",
            trigger=pgtrigger.compiler.Trigger(
                name="truncate_refused",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
                    hash="da07e16a95a5fcfb3b6f4b055b7f0a998fa5751c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_truncate_refused_7cd59",
                    table="audit_sealsetaside",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sealcopy",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="3919f426817c487c40d9233729f6a8c86ae9d483",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_182bc",
                    table="audit_sealcopy",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sealcopy",
            trigger=pgtrigger.compiler.Trigger(
                name="truncate_refused",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
                    hash="6e7ab6361e2f6775b100f212283cc09792d43946",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_truncate_refused_2e2fa",
                    table="audit_sealcopy",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sealletter",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="aff67a250de0d11f3846e4c90d31160db1331930",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_e77dc",
                    table="audit_sealletter",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sealletter",
            trigger=pgtrigger.compiler.Trigger(
                name="truncate_refused",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
                    hash="6b0b192cf69f7da7beb139f88bb948adc6ecb0cb",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_truncate_refused_49fb5",
                    table="audit_sealletter",
                    when="BEFORE",
                ),
            ),
        ),
    ]

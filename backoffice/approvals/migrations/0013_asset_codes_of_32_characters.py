import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0012_a_rule_for_resolutions")]
    operations = [
        # The trigger that reads the column is put back as it was: altered in place, it would come back without its mark.
        pgtrigger.migrations.RemoveTrigger(model_name="request", name="content_is_frozen"),
        migrations.AlterField(
            model_name="request",
            name="asset",
            field=models.CharField(blank=True, max_length=32),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="request",
            trigger=pgtrigger.compiler.Trigger(
                name="content_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."title" IS DISTINCT FROM (NEW."title") OR OLD."client" IS DISTINCT FROM (NEW."client") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."asset" IS DISTINCT FROM (NEW."asset") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."fingerprint" IS DISTINCT FROM (NEW."fingerprint") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."rule_version" IS DISTINCT FROM (NEW."rule_version") OR OLD."people_needed" IS DISTINCT FROM (NEW."people_needed") OR OLD."requested_by_id" IS DISTINCT FROM (NEW."requested_by_id") OR OLD."requested_at" IS DISTINCT FROM (NEW."requested_at") OR OLD."barred_id" IS DISTINCT FROM (NEW."barred_id") OR OLD."asked_with_id" IS DISTINCT FROM (NEW."asked_with_id") OR OLD."valid_until" IS DISTINCT FROM (NEW."valid_until"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="348a2dea18f8dc8da879d0d06a01b758347f30d4",
                    operation="UPDATE",
                    pgid="pgtrigger_content_is_frozen_3662a",
                    table="approvals_request",
                    when="BEFORE",
                ),
            ),
        ),
    ]

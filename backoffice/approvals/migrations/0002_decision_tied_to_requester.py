from django.db import migrations


class Migration(migrations.Migration):
    """A decision repeats the requester of its request; the pair must exist, so the CHECK against self-approval holds."""

    dependencies = [("approvals", "0001_initial")]
    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE approvals_decision ADD CONSTRAINT decision_repeats_the_requester
            FOREIGN KEY (request_id, requested_by_id) REFERENCES approvals_request (id, requested_by_id)
            """,
            "ALTER TABLE approvals_decision DROP CONSTRAINT decision_repeats_the_requester",
        )
    ]

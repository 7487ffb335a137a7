from datetime import timedelta

from django.db import migrations

NAME, KIND = "Every exception ended by force", "resolution"


def install(apps, schema_editor):
    """Add the rule to the version that is live: a kind that no rule names would be refused to everybody.

    Rules change in a draft only, and a version goes live by a second person; a new kind comes with the product instead,
    in the same deployment that makes it, so the one trigger that says so stands aside for one row.
    """
    using = schema_editor.connection.alias
    live = apps.get_model("approvals", "RuleSet").objects.using(using).get(state="live")
    schema_editor.execute("ALTER TABLE approvals_rule DISABLE TRIGGER USER")
    apps.get_model("approvals", "Rule").objects.using(using).create(
        rule_set=live, name=NAME, kind=KIND, people_needed=1, validity=timedelta(days=7)
    )
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("ALTER TABLE approvals_rule ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [("approvals", "0011_resolutions_need_a_second_person")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

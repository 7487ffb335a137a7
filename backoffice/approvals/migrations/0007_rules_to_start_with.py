from datetime import timedelta
from decimal import Decimal

from django.db import migrations
from django.utils import timezone

HOURS, DAYS = timedelta(hours=24), timedelta(days=7)
ONE, TWO = 1, 2

#: Name, kind, people, validity: what nobody does alone, whatever the amount.
ALWAYS = [
    ("Every withdrawal", "withdrawal", ONE, HOURS),
    ("Every file of operations", "bulk", ONE, HOURS),
    ("Every closing by hand", "closing", ONE, DAYS),
    ("Every release of a freeze", "release", ONE, HOURS),
    ("Every change of an account", "account", ONE, DAYS),
    ("Every change of the rules", "rules", ONE, DAYS),
    ("Every reopening of a day", "reopening", ONE, DAYS),
]
#: Asset and the amount that is large in it: about ten thousand dollars when the product was made. Only fiat is funded;
#: another asset falls under what is asked always, and the page of the rules names it until it has an amount of its own.
LARGE = {
    "USD": "10000",
    "AED": "40000",
    "BHD": "4000",
    "KWD": "3000",
    "OMR": "4000",
    "QAR": "40000",
    "SAR": "40000",
}
#: How many times a large amount makes a deposit one that somebody else has to see, and a day's withdrawals many; and
#: how many times makes a day's deposits many, so that nobody stays below the bound by paying in parts.
FIVE, TEN = Decimal(5), Decimal(10)


def install(apps, schema_editor):
    """Version 1 comes with the product; every later version is approved by a second person."""
    now = timezone.now()
    using = schema_editor.connection.alias
    rule_set = apps.get_model("approvals", "RuleSet").objects.using(using).create(version=1, state="draft", made_at=now)
    rules = apps.get_model("approvals", "Rule").objects.using(using)
    for name, kind, people, validity in ALWAYS:
        rules.create(rule_set=rule_set, name=name, kind=kind, people_needed=people, validity=validity)
    for asset, amount in LARGE.items():
        large = Decimal(amount)
        gated = {"rule_set": rule_set, "asset": asset, "validity": HOURS}
        rules.create(name=f"Large withdrawals, {asset}", kind="withdrawal", at_least=large, people_needed=TWO, **gated)
        rules.create(
            name=f"Many withdrawals in a day, {asset}",
            kind="withdrawal",
            day_total_from=large * FIVE,
            people_needed=TWO,
            **gated,
        )
        rules.create(name=f"Large deposits, {asset}", kind="deposit", at_least=large * FIVE, people_needed=ONE, **gated)
        rules.create(
            name=f"Many deposits in a day, {asset}",
            kind="deposit",
            day_total_from=large * TEN,
            people_needed=ONE,
            **gated,
        )
    for state in ("proposed", "live"):
        rule_set.state = state
        rule_set.live_at = now if state == "live" else None
        rule_set.save()


class Migration(migrations.Migration):
    dependencies = [("approvals", "0006_proofs_rules_and_delegations")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

"""Changing the rules as people do."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from backoffice.accounts import proofs
from backoffice.accounts.models import Person
from backoffice.approvals.models import Request, Rule, RuleSet
from backoffice.approvals.ruling import services
from backoffice.approvals.ruling.content import digest_of, fields_of, fingerprint_of
from backoffice.approvals.ruling.findings import World

LARGE: dict[str, Any] = {
    "name": "Large withdrawals, USD",
    "kind": "withdrawal",
    "asset": "USD",
    "at_least": Decimal(10000),
    "people_needed": 2,
    "validity": timedelta(hours=24),
}
#: What rules are held against where a test is about something else.
WORLD = World(assets={"USD", "EUR"}, clients={"noura", "omar"}, managers=3)


def a_rule(kind: str = "withdrawal", *, groups: dict[str, list[str]] | None = None, **details: Any) -> Rule:
    """Return a rule that is not stored, in a version that holds ``groups``; amounts may be written as text."""
    for bound in ("at_least", "below", "day_total_from"):
        if isinstance(details.get(bound), str):
            details[bound] = Decimal(details[bound])
    name = details.pop("name", " ".join(["Rule", kind, *(str(value) for value in details.values())]))
    return Rule(rule_set=RuleSet(version=1, groups=groups or {}), name=name, kind=kind, **details)


def add(by: Person, **content: Any) -> Rule:
    """Add a rule to the draft."""
    content = {"asset": "", "client": "", "group": "", **LARGE, **content}
    return services.save_rule(rule_id=None, content=content, seen="", by=by)


def change(rule: Rule, by: Person, **content: Any) -> Rule:
    """Change a rule of the draft as it is shown now."""
    said = {**fields_of(rule), **content}
    return services.save_rule(rule_id=rule.pk, content=said, seen=digest_of(rule), by=by)


def submitted(draft: RuleSet, by: Person, note: str = "Amounts have grown.") -> Request:
    """Submit the draft as it is now, as ``by``, who has just shown a code for it."""
    fingerprint = fingerprint_of(RuleSet.objects.get(pk=draft.pk))
    return services.submit(fingerprint=fingerprint, note=note, by=by, proof=proofs.write_down(by, fingerprint))

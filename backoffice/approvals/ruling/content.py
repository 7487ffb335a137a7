"""What a version of the rules says, as values: to compare, to digest, to write into the audit log."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.duration import duration_iso_string

from backoffice.approvals.fingerprints import fingerprint
from backoffice.approvals.models import Rule, RuleSet
from backoffice.money import to_plain

VERSION: Final = 1
#: Everything a rule says beside its name.
FIELDS: Final = (
    "kind",
    "asset",
    "client",
    "group",
    "at_least",
    "below",
    "day_total_from",
    "people_needed",
    "validity",
)


def fields_of(rule: Rule) -> dict[str, Any]:
    """Return everything a rule says, its name included, as it is stored."""
    return {"name": rule.name, **{field: getattr(rule, field) for field in FIELDS}}


def said_by(rule: Rule) -> tuple[Any, ...]:
    """Return what a rule says apart from its name, with amounts as numbers: ``1000`` says what ``1000.00`` says."""
    return tuple(getattr(rule, field) for field in FIELDS)


def as_json(rule: Rule) -> dict[str, Any]:
    """Return everything a rule says as plain text and numbers."""
    return {name: _plain(value) for name, value in fields_of(rule).items()}


def digest_of(rule: Rule) -> str:
    """Return what tells whether a rule was changed since it was shown."""
    return fingerprint(as_json(rule))


def digest_of_group(ids: Iterable[str]) -> str:
    """Return what tells whether a group was changed since it was shown."""
    return fingerprint({"clients": sorted(ids)})


def fingerprint_of(rule_set: RuleSet) -> str:
    """Return the SHA-256 of a whole version: its number, every rule, every group."""
    return fingerprint(
        {
            "version": VERSION,
            "rules_version": rule_set.version,
            "rules": sorted((as_json(rule) for rule in rule_set.rules.all()), key=lambda one: str(one["name"])),
            "groups": {name: sorted(ids) for name, ids in rule_set.groups.items()},
        }
    )


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return to_plain(value)
    return duration_iso_string(value) if isinstance(value, timedelta) else value

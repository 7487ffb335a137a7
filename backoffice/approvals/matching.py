"""Which rule asks for other people. The most demanding of the live rules that match wins.

A withdrawal that no rule matches is blocked; a deposit that no rule matches goes straight through (DESIGN.md §7).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.accounts.policies import Refused
from backoffice.approvals.models import Rule, RuleSet, RuleSetState


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What rules look at. ``day_total``: what came to it in the last 24 hours, this one included, in the same asset."""

    kind: str
    asset: str = ""
    client: str = ""
    amount: Decimal | None = None
    day_total: Decimal | None = None


def live_rules() -> RuleSet:
    """Return the version of the rules that holds now.

    :raises RuleSet.DoesNotExist: never on a migrated database: version 1 comes with the product.
    """
    return RuleSet.objects.get(state=RuleSetState.LIVE)


def live_version() -> int:
    """Return its number: pinned on what no rule gates, so that "nobody had to" can be told from "nobody did"."""
    return live_rules().version


def rule_for(facts: Facts, rules: RuleSet | None = None) -> Rule | None:
    """Return the rule that gates what ``facts`` describe, or None where none asks for anybody.

    :param rules: the version to ask, for whoever writes down which one it was; the live one by default.
    """
    asked = {"rule_set": rules} if rules else {"rule_set__state": RuleSetState.LIVE}
    return most_demanding(Rule.objects.filter(**asked, kind=facts.kind).select_related("rule_set"), facts)


def rule_demanded(facts: Facts) -> Rule:
    """Return the rule for what never goes through on one person's word.

    :raises Refused: where no rule says who approves it.
    """
    rule = rule_for(facts)
    if rule is None:
        raise Refused(_("No rule says who approves this, so it is blocked. An administrator can add one."))
    return rule


def most_demanding(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """Return the matching rule that asks for the most people; among equals the one that leaves the least time."""
    return min((rule for rule in rules if matches(rule, facts)), key=demand, default=None)


def demand(rule: Rule) -> tuple[int, timedelta, str]:
    """Order rules by what they demand, the most demanding first; the name decides between equals."""
    return (-rule.people_needed, rule.validity, rule.name)


def matches(rule: Rule, facts: Facts) -> bool:
    """Whether everything a rule names is so. An amount that is not known matches no band."""
    members: Collection[str] = rule.rule_set.groups.get(rule.group, []) if rule.group else ()
    return rule.kind == facts.kind and _is_about(rule, facts, members) and is_in_band(rule, facts)


def is_in_band(rule: Rule, facts: Facts) -> bool:
    """Whether the amount lies in ``[at_least, below)`` and the day's total reaches what the rule names."""
    return (
        _is_from(facts.amount, rule.at_least)
        and (rule.below is None or (facts.amount is not None and facts.amount < rule.below))
        and _is_from(facts.day_total, rule.day_total_from)
    )


class Rulebook:
    """One version of the rules, arranged to be asked about very many facts; it answers as `most_demanding` does."""

    def __init__(self, rules: Iterable[Rule], groups: Mapping[str, Collection[str]]) -> None:
        """Arrange ``rules`` by kind and asset, each list with the most demanding first."""
        self._members = {name: frozenset(ids) for name, ids in groups.items()}
        self._lists: dict[tuple[str, str], list[Rule]] = {}
        ordered = sorted(rules, key=demand)
        for kind, asset in {(rule.kind, asset) for rule in ordered for asset in ("", rule.asset)}:
            self._lists[kind, asset] = [one for one in ordered if one.kind == kind and one.asset in ("", asset)]

    def gate(self, facts: Facts) -> Rule | None:
        """Return the rule that gates ``facts``, or None where none does."""
        rules = self._lists.get((facts.kind, facts.asset)) or self._lists.get((facts.kind, ""), [])
        return next((rule for rule in rules if self._matches(rule, facts)), None)

    def _matches(self, rule: Rule, facts: Facts) -> bool:
        return is_in_band(rule, facts) and _is_about(rule, facts, self._members.get(rule.group, ()))


def _is_about(rule: Rule, facts: Facts, members: Collection[str]) -> bool:
    return (
        rule.asset in ("", facts.asset)
        and rule.client in ("", facts.client)
        and (rule.group == "" or facts.client in members)
    )


def _is_from(value: Decimal | None, bound: Decimal | None) -> bool:
    return bound is None or (value is not None and value >= bound)

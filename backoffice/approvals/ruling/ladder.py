"""What the rules come to, amount by amount: every amount stands on exactly one step, also one that no rule gates."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from backoffice.approvals.matching import Facts, demand, is_in_band
from backoffice.approvals.models import Rule


@dataclass(frozen=True)
class Whom:
    """Whose operations: everybody's, those of one client, or those of a group."""

    client: str = ""
    group: str = ""


@dataclass(frozen=True)
class Step:
    """Amounts in ``[at_least, below)`` and the rule that gates them; None where none does."""

    at_least: Decimal | None
    below: Decimal | None
    rule: Rule | None

    @property
    def people(self) -> int:
        return self.rule.people_needed if self.rule else 0


EVERYBODY = Whom()


def ladder(rules: Iterable[Rule], kind: str, asset: str, whom: Whom = EVERYBODY) -> list[Step]:
    """Return the steps for ``whom``'s first operation of a day, from the smallest amount on.

    :param asset: empty for every asset that no rule names.
    """
    candidates = sorted(applicable(rules, kind, asset, whom), key=demand)
    bounds = sorted({bound for rule in candidates for bound in _bounds(rule)})
    steps = [
        Step(low, high, _gate(candidates, kind, asset, low))
        for low, high in zip([None, *bounds], [*bounds, None], strict=True)
    ]
    return _merged(steps)


def applicable(rules: Iterable[Rule], kind: str, asset: str, whom: Whom = EVERYBODY) -> list[Rule]:
    """Keep the rules that can gate an operation of this kind and asset for ``whom``; a client falls under the rules of
    their groups too."""
    return [one for one in rules if one.kind == kind and one.asset in ("", asset) and _is_about(one, whom)]


def assets_named(rules: Iterable[Rule], kind: str) -> list[str]:
    """List the assets that rules of a kind name."""
    return sorted({rule.asset for rule in rules if rule.kind == kind and rule.asset})


def whom_named(rules: Iterable[Rule], kind: str) -> list[Whom]:
    """List the clients and groups that rules of a kind name."""
    named = {Whom(rule.client, rule.group) for rule in rules if rule.kind == kind} - {EVERYBODY}
    return sorted(named, key=lambda whom: (whom.group, whom.client))


def _is_about(rule: Rule, whom: Whom) -> bool:
    if Whom(rule.client, rule.group) in (EVERYBODY, whom):
        return True
    return bool(whom.client and rule.group) and whom.client in rule.rule_set.groups.get(rule.group, [])


def _bounds(rule: Rule) -> list[Decimal]:
    return [bound for bound in (rule.at_least, rule.below, rule.day_total_from) if bound]


def _gate(candidates: list[Rule], kind: str, asset: str, low: Decimal | None) -> Rule | None:
    # Nothing changes between two bounds, so the lowest amount of a step, or nothing at all, answers for all of it.
    amount = low or Decimal(0)
    facts = Facts(kind=kind, asset=asset, amount=amount, day_total=amount)
    return next((rule for rule in candidates if is_in_band(rule, facts)), None)


def _merged(steps: list[Step]) -> list[Step]:
    merged: list[Step] = []
    for step in steps:
        if merged and merged[-1].rule is step.rule:
            step = Step(merged.pop().at_least, step.below, step.rule)
        merged.append(step)
    return merged

"""What rules say about each other: said twice, never reached, or less demanding for more money. Warnings only: where
bands overlap, the most demanding rule wins, which is allowed and often meant.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from django.utils.translation import gettext as _

from backoffice.approvals.matching import demand
from backoffice.approvals.models import Rule, RuleKind
from backoffice.approvals.ruling.findings import Finding, has_amounts
from backoffice.approvals.ruling.kinds import MONEY
from backoffice.approvals.ruling.ladder import EVERYBODY, Step, applicable, assets_named, ladder, whom_named
from backoffice.approvals.wording import band_of, people_of

Groups = Mapping[str, Sequence[str]]


def duplicates(rules: Sequence[Rule]) -> list[Finding]:
    """Name every pair of rules that matches the very same things."""
    seen: dict[tuple[object, ...], Rule] = {}
    found = []
    for rule in sorted(rules, key=demand):
        first = seen.setdefault(_what(rule), rule)
        if first is not rule:
            found.append(_duplicate(rule, first))
    return found


def shadowed(rules: Sequence[Rule], groups: Groups) -> list[Finding]:
    """Name every rule that never decides anything, because another one matches all of it and demands as much."""
    members = {name: frozenset(ids) for name, ids in groups.items()}
    ordered = sorted(rules, key=demand)
    found = []
    for place, rule in enumerate(ordered):
        over = next((one for one in ordered[:place] if _covers(one, rule, members) and _what(one) != _what(rule)), None)
        if over is not None:
            found.append(_shadowed(rule, over))
    return found


def easier_for_more(rules: Sequence[Rule]) -> list[Finding]:
    """Name every amount from which on fewer people are needed than below it."""
    found = []
    for kind in MONEY:
        for asset in assets_named(rules, kind):
            for whom in (EVERYBODY, *whom_named(rules, kind)):
                steps = pairwise(ladder(rules, kind, asset, whom))
                found += [_easier(kind, asset, lower, upper) for lower, upper in steps if upper.people < lower.people]
    return list(dict.fromkeys(found))


def assets_without_amounts(rules: Sequence[Rule], open_assets: Mapping[str, Iterable[str]]) -> list[Finding]:
    """Name the assets whose withdrawals ask for the same people whatever the amount, while those of others do not."""
    kind = RuleKind.WITHDRAWAL
    if not any(has_amounts(rule) for rule in rules if rule.kind == kind):
        return []
    plain = [
        asset
        for asset in open_assets.get(kind, ())
        if not any(has_amounts(rule) for rule in applicable(rules, kind, asset))
    ]
    return [_no_amounts(plain)] if plain else []


def _what(rule: Rule) -> tuple[object, ...]:
    return (rule.kind, rule.asset, rule.client, rule.group, rule.at_least, rule.below, rule.day_total_from)


def _covers(over: Rule, under: Rule, members: Mapping[str, frozenset[str]]) -> bool:
    """Whether everything that ``under`` matches is matched by ``over`` too."""
    return (
        over.kind == under.kind
        and over.asset in ("", under.asset)
        and _covers_whom(over, under, members)
        and _begins_before(over.at_least, under.at_least)
        and (over.below is None or (under.below is not None and under.below <= over.below))
        # What is asked for counts into the day's total, so an amount that large comes to such a total by itself.
        and (
            _begins_before(over.day_total_from, under.day_total_from)
            or _begins_before(over.day_total_from, under.at_least)
        )
    )


def _covers_whom(over: Rule, under: Rule, members: Mapping[str, frozenset[str]]) -> bool:
    if not (over.client or over.group):
        return True
    meant = {over.client} if over.client else members.get(over.group, frozenset())
    if under.client:
        return under.client in meant
    return bool(under.group) and members.get(under.group, frozenset()) <= meant


def _begins_before(over: Decimal | None, under: Decimal | None) -> bool:
    return over is None or (under is not None and over <= under)


def _duplicate(rule: Rule, first: Rule) -> Finding:
    words = {"rule": rule.name, "first": first.name}
    sentence = _("“%(rule)s” matches the very same as “%(first)s”, which is at least as demanding.") % words
    return _warning("duplicate", rule, sentence, _("Remove one of them, or change what it is about."))


def _shadowed(rule: Rule, over: Rule) -> Finding:
    words = {"rule": rule.name, "over": over.name}
    sentence = (
        _("“%(rule)s” never decides anything: “%(over)s” matches all of it and is at least as demanding.") % words
    )
    return _warning("shadowed", rule, sentence, _("Remove it, or make it more demanding."))


def _easier(kind: RuleKind, asset: str, lower: Step, upper: Step) -> Finding:
    words = {
        "what": f"{kind.label} {band_of(upper.at_least, upper.below, asset)}",
        "people": people_of(upper.people) if upper.people else _("nobody else"),
        "more": people_of(lower.people),
    }
    sentence = _("%(what)s need %(people)s, while smaller ones need %(more)s.") % words
    way_on = _("Take away the upper amount of the more demanding rule, unless this is meant.")
    rule = lower.rule.name if lower.rule else ""
    return Finding(code="easier_for_more", sentence=sentence, way_on=way_on, is_fault=False, rule=rule)


def _no_amounts(assets: list[str]) -> Finding:
    sentence = _("Withdrawals in %(assets)s need the same people however large they are.")
    way_on = _("Add a rule with an amount for each asset in which large ones happen.")
    words = {"assets": ", ".join(assets[:8]) + ("…" if len(assets) > 8 else "")}
    return Finding(code="no_amounts_for_asset", sentence=sentence % words, way_on=way_on, is_fault=False)


def _warning(code: str, rule: Rule, sentence: str, way_on: str) -> Finding:
    return Finding(code=code, sentence=sentence, way_on=way_on, is_fault=False, rule=rule.name)

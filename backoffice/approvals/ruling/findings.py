"""What is wrong with rules, one sentence each with a way on. Faults keep them from being saved or submitted; warnings
are for whoever approves. Pure functions: what they have to know of the world is given to them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.approvals.models import Rule, RuleKind
from backoffice.approvals.ruling.kinds import LONGEST, MONEY, MOST_PEOPLE, NEVER_UNGATED, ONE_BARRED, SHORTEST
from backoffice.approvals.wording import span_of

HARMLESS_WHERE_KEPT: Final = ("unknown_asset", "unknown_client")


@dataclass(frozen=True, kw_only=True)
class World:
    """What rules are held against.

    ``clients``: those of the named ids that are clients. ``managers``: how many can decide at all now.
    ``open_assets``: by kind of money, what can be deposited or withdrawn.
    """

    assets: Collection[str]
    clients: Collection[str]
    managers: int
    open_assets: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or worth another look: ``sentence`` says what, ``way_on`` what to do.

    ``rule`` or ``group`` names what it is about; ``field`` is the input of the rule's form it belongs to.
    """

    code: str
    sentence: str
    way_on: str
    is_fault: bool = True
    rule: str = ""
    group: str = ""
    field: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.way_on}"


def findings_of_rule(rule: Rule, groups: Collection[str], world: World) -> list[Finding]:
    """Return what is wrong with one rule, whatever the others say."""
    checks = (
        _wrong_narrowing(rule),
        _empty_band(rule),
        _amount_without_asset(rule),
        _unknown_asset(rule, world),
        _unknown_client(rule, world),
        _unknown_group(rule, groups),
        _client_and_group(rule),
        _wrong_count(rule),
        _too_many_people(rule, world),
        _scarce_people(rule, world),
        _wrong_validity(rule),
    )
    return [found for found in checks if found]


def standing_warned_about(found: Iterable[Finding], kept: Collection[str]) -> list[Finding]:
    """Only warn that a rule names an asset or a client nobody knows where it stands so in the live rules: it harms
    nobody, and whoever changes something else is not kept from it."""
    return [
        replace(one, is_fault=False) if one.code in HARMLESS_WHERE_KEPT and one.rule in kept else one for one in found
    ]


def findings_of_group(name: str, ids: Collection[str], rules: Iterable[Rule], world: World) -> list[Finding]:
    """Return what is wrong with one group."""
    found = [_empty_group(name)] if not ids else []
    strangers = sorted(set(ids) - set(world.clients))
    if strangers:
        found.append(_strangers(name, strangers))
    if not any(rule.group == name for rule in rules):
        found.append(_unused_group(name))
    return found


def ungated_kinds(rules: Iterable[Rule]) -> list[Finding]:
    """Name the kinds that need a rule that catches everything and have none; files are only warned about."""
    caught = {rule.kind for rule in rules if is_catch_all(rule)}
    found = [_ungated(kind) for kind in NEVER_UNGATED if kind not in caught]
    return found if RuleKind.BULK in caught else [*found, _files_without_rule()]


def is_catch_all(rule: Rule) -> bool:
    """Whether a rule matches everything of its kind."""
    return not (rule.asset or rule.client or rule.group) and not has_amounts(rule)


def has_amounts(rule: Rule) -> bool:
    """Whether a rule looks at amounts at all."""
    return any(bound is not None for bound in (rule.at_least, rule.below, rule.day_total_from))


def deciders(kind: str, managers: int) -> int:
    """Return how many managers can decide on something of ``kind`` where one of them is barred from it."""
    return managers - 1 if kind in ONE_BARRED else managers


def _wrong_narrowing(rule: Rule) -> Finding | None:
    if rule.kind in MONEY or is_catch_all(rule):
        return None
    return _fault(
        rule,
        "no_amounts",
        "kind",
        _("%(kind)s are asked for without a client, an asset or an amount, so this rule would never apply."),
        _("Leave these boxes empty, or make it a rule for withdrawals or deposits."),
        kind=RuleKind(rule.kind).label,
    )


def _empty_band(rule: Rule) -> Finding | None:
    if rule.at_least is None or rule.below is None or rule.at_least < rule.below:
        return None
    sentence = _("No amount lies in this band: it ends where it begins, or before.")
    return _fault(rule, "empty_band", "below", sentence, _("Make the upper amount larger than the lower one."))


def _amount_without_asset(rule: Rule) -> Finding | None:
    if rule.asset or not has_amounts(rule):
        return None
    sentence = _("An amount is of one asset, and none is chosen.")
    return _fault(rule, "no_asset", "asset", sentence, _("Choose the asset, or leave the amounts empty."))


def _unknown_asset(rule: Rule, world: World) -> Finding | None:
    if not rule.asset or rule.asset in world.assets:
        return None
    sentence = _("CoinMENA has no asset called %(asset)s.")
    return _fault(rule, "unknown_asset", "asset", sentence, _("Choose one of the list."), asset=rule.asset)


def _unknown_client(rule: Rule, world: World) -> Finding | None:
    if not rule.client or rule.client in world.clients:
        return None
    sentence = _("There is no client with the id %(client)s.")
    return _fault(rule, "unknown_client", "client", sentence, _("Type the id of a client."), client=rule.client)


def _unknown_group(rule: Rule, groups: Collection[str]) -> Finding | None:
    if not rule.group or rule.group in groups:
        return None
    sentence = _("This version has no group called %(group)s.")
    return _fault(
        rule, "unknown_group", "group", sentence, _("Add the group first, or choose another."), group=rule.group
    )


def _client_and_group(rule: Rule) -> Finding | None:
    if not (rule.client and rule.group):
        return None
    sentence = _("A rule is about one client or about one group, not about both.")
    return _fault(rule, "client_and_group", "group", sentence, _("Leave one of the two empty."))


def _wrong_count(rule: Rule) -> Finding | None:
    if 1 <= rule.people_needed <= MOST_PEOPLE:
        return None
    sentence = _("A rule asks for one to %(most)s other people.")
    return _fault(rule, "wrong_count", "people_needed", sentence, _("Choose a number in between."), most=MOST_PEOPLE)


def _too_many_people(rule: Rule, world: World) -> Finding | None:
    able = world.managers if rule.people_needed == 1 else max(deciders(rule.kind, world.managers), 0)
    if rule.people_needed <= able:
        return None
    sentence = ngettext(
        "It asks for %(n)s people, and only %(able)s manager could decide, so nothing of it could ever be approved.",
        "It asks for %(n)s people, and only %(able)s managers could decide, so nothing of it could ever be approved.",
        able,
    )
    way_on = _("Ask for fewer people, or invite a manager first.")
    return _fault(rule, "too_many_people", "people_needed", sentence, way_on, n=rule.people_needed, able=able)


def _scarce_people(rule: Rule, world: World) -> Finding | None:
    if rule.people_needed > 1 or world.managers != 1 or rule.kind not in ONE_BARRED:
        return None
    sentence = _("There is one manager only, who cannot decide where it concerns what they did or who they are.")
    way_on = _("Invite another manager.")
    return replace(_fault(rule, "scarce_people", "people_needed", sentence, way_on), is_fault=False)


def _wrong_validity(rule: Rule) -> Finding | None:
    if SHORTEST <= rule.validity <= LONGEST:
        return None
    sentence = _("There must be at least %(least)s and at most %(most)s to decide.")
    way_on = _("Choose a time in between.")
    return _fault(rule, "wrong_validity", "hours", sentence, way_on, least=span_of(SHORTEST), most=span_of(LONGEST))


def _empty_group(name: str) -> Finding:
    sentence = _("The group %(group)s has no clients, so its rules would never apply.") % {"group": name}
    way_on = _("Add clients to it, or remove it with its rules.")
    return Finding(code="empty_group", sentence=sentence, way_on=way_on, group=name, field="clients")


def _strangers(name: str, ids: list[str]) -> Finding:
    shown = ", ".join(ids[:5]) + ("…" if len(ids) > 5 else "")
    sentence = ngettext(
        "The group %(group)s names %(n)s id that is no client: %(ids)s.",
        "The group %(group)s names %(n)s ids that are no clients: %(ids)s.",
        len(ids),
    ) % {"group": name, "n": len(ids), "ids": shown}
    way_on = _("Correct or remove them.")
    return Finding(code="unknown_client", sentence=sentence, way_on=way_on, group=name, field="clients")


def _unused_group(name: str) -> Finding:
    sentence = _("No rule is about the group %(group)s.") % {"group": name}
    way_on = _("Name it in a rule, or remove it.")
    return Finding(code="unused_group", sentence=sentence, way_on=way_on, is_fault=False, group=name)


def _ungated(kind: RuleKind) -> Finding:
    words = {"kind": kind.label}
    sentence = _("%(kind)s have no rule that catches everything: what no other rule matches would be blocked.") % words
    way_on = _("Add a rule for %(kind)s that names no client, no asset and no amount.") % words
    return Finding(code="ungated_kind", sentence=sentence, way_on=way_on)


def _files_without_rule() -> Finding:
    sentence = _("No rule is about files of operations: a file with a row that no rule gates would be blocked.")
    way_on = _("Add a rule for files of operations, unless this is meant.")
    return Finding(code="files_without_rule", sentence=sentence, way_on=way_on, is_fault=False)


def _fault(rule: Rule, code: str, field: str, sentence: str, way_on: str, **words: Any) -> Finding:
    return Finding(code=code, sentence=sentence % words, way_on=way_on, rule=rule.name, field=field)

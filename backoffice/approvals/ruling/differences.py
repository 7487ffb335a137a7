"""What one version of the rules says that another does not, rule by rule and group by group, in sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backoffice.approvals.models import Rule
from backoffice.approvals.ruling.content import said_by


class Change(StrEnum):
    """What became of a rule or a group."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


@dataclass(frozen=True)
class RuleDifference:
    """One rule before and after; one of the two is None where it was added or removed."""

    before: Rule | None
    after: Rule | None

    @property
    def change(self) -> Change:
        if self.before is None or self.after is None:
            return Change.ADDED if self.before is None else Change.REMOVED
        return Change.CHANGED if self.before.name == self.after.name else Change.RENAMED

    @property
    def rule(self) -> Rule:
        """The rule as it is after, or as it was where it is gone."""
        return self.after or self.before  # type: ignore[return-value]


@dataclass(frozen=True)
class GroupDifference:
    """Who came to a group and who left it, by partner client id."""

    name: str
    change: Change
    joined: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class Differences:
    """Everything that differs between two versions."""

    rules: tuple[RuleDifference, ...]
    groups: tuple[GroupDifference, ...]

    def __bool__(self) -> bool:
        return bool(self.rules or self.groups)

    def __len__(self) -> int:
        return len(self.rules) + len(self.groups)


Groups = Mapping[str, Sequence[str]]


def differences(before: Iterable[Rule], after: Iterable[Rule], groups: Groups, new_groups: Groups) -> Differences:
    """Compare two versions. A rule is the same one by its name, or by everything else it says."""
    return Differences(_of_rules(before, after), _of_groups(groups, new_groups))


def _of_rules(before: Iterable[Rule], after: Iterable[Rule]) -> tuple[RuleDifference, ...]:
    was, is_now = {rule.name: rule for rule in before}, {rule.name: rule for rule in after}
    gone = [rule for name, rule in was.items() if name not in is_now]
    found = []
    for name, rule in is_now.items():
        former = was.get(name) or _renamed(rule, gone)
        if former is None or former.name != name or said_by(former) != said_by(rule):
            found.append(RuleDifference(former, rule))
    found += [RuleDifference(rule, None) for rule in gone]
    return tuple(sorted(found, key=lambda one: (one.rule.kind, one.rule.name)))


def _renamed(rule: Rule, gone: list[Rule]) -> Rule | None:
    """Take the rule out of ``gone`` that says the same under another name."""
    former = next((one for one in gone if said_by(one) == said_by(rule)), None)
    if former is not None:
        gone.remove(former)
    return former


def _of_groups(before: Groups, after: Groups) -> tuple[GroupDifference, ...]:
    found = []
    for name in sorted({*before, *after}):
        was, is_now = set(before.get(name, ())), set(after.get(name, ()))
        if was != is_now or (name in before) != (name in after):
            change = Change.CHANGED if name in before and name in after else _came_or_went(name, after)
            found.append(GroupDifference(name, change, tuple(sorted(is_now - was)), tuple(sorted(was - is_now))))
    return tuple(found)


def _came_or_went(name: str, after: Groups) -> Change:
    return Change.ADDED if name in after else Change.REMOVED

"""The kinds of act the report is about: who asks, what the rules demand, and who is kept from deciding beside who asks.

The apps above hold these tables true: a test compares each with the policies' own answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from backoffice.accounts.models import Role
from backoffice.approvals.matching import Facts, most_demanding
from backoffice.approvals.models import Rule, RuleKind
from backoffice.approvals.ruling.ladder import EVERYBODY, Step, Whom, applicable, assets_named, ladder, whom_named


class ActKind(StrEnum):
    """What can be done; the lock of a restore is released by the rules of freezes, and nobody made it."""

    WITHDRAWAL = "withdrawal"
    DEPOSIT = "deposit"
    BULK = "bulk"
    CLOSING = "closing"
    RELEASE = "release"
    UNLOCK = "unlock"
    ACCOUNT = "account"
    RULES = "rules"


ASKERS: Final[dict[ActKind, tuple[Role, ...]]] = {
    ActKind.WITHDRAWAL: (Role.FINANCE,),
    ActKind.DEPOSIT: (Role.FINANCE,),
    ActKind.BULK: (Role.FINANCE,),
    ActKind.CLOSING: (Role.FINANCE,),
    ActKind.RELEASE: (Role.FINANCE, Role.MANAGER),
    ActKind.UNLOCK: (Role.FINANCE, Role.MANAGER),
    ActKind.ACCOUNT: (Role.ADMINISTRATOR,),
    ActKind.RULES: (Role.ADMINISTRATOR,),
}
#: Money leaves by these. A file with a row that no rule gates needs others as a whole, its other rows by themselves;
#: everything else settles, stops, lets flow again, or changes who may.
MOVES_MONEY: Final = (ActKind.WITHDRAWAL, ActKind.DEPOSIT)
#: Who is barred beside whoever asks: the manager who froze; the person whose account it is.
BARS_A_MANAGER: Final = (ActKind.RELEASE,)
BARS_ANYBODY: Final = (ActKind.ACCOUNT,)


@dataclass(frozen=True)
class Act:
    """One thing people can do, with the rule that gates it.

    For money: amounts in ``[at_least, below)`` of ``asset`` (empty: every asset that no rule names), as the first of a
    day, for ``whom``. ``day_limit``: what one client can come to in 24 hours before another rule asks for somebody.
    """

    kind: ActKind
    asset: str = ""
    at_least: Decimal | None = None
    below: Decimal | None = None
    whom: Whom = EVERYBODY
    rule: Rule | None = field(default=None, compare=False)
    day_limit: Decimal | None = field(default=None, compare=False)

    @property
    def rule_kind(self) -> RuleKind:
        """The kind of rule that gates it."""
        return RuleKind.RELEASE if self.kind is ActKind.UNLOCK else RuleKind(self.kind)

    @property
    def people_needed(self) -> int:
        """How many others have to agree; 0 where no rule asks for anybody."""
        return self.rule.people_needed if self.rule else 0

    @property
    def is_blocked(self) -> bool:
        """Whether nobody can do it, because no rule says who has to agree; only deposits go through without one."""
        return self.rule is None and self.kind is not ActKind.DEPOSIT

    @property
    def is_ungated(self) -> bool:
        """Whether it goes through on one person's word."""
        return self.rule is None and not self.is_blocked

    @property
    def moves_money(self) -> bool:
        return self.kind in MOVES_MONEY


def acts_under(rules: Iterable[Rule]) -> list[Act]:
    """List every kind of act with what ``rules`` demand: money by asset and band, then the rest."""
    rules = list(rules)
    return [
        *money_acts(rules, ActKind.WITHDRAWAL),
        *money_acts(rules, ActKind.DEPOSIT),
        *(_other_act(rules, kind) for kind in ActKind if kind not in MOVES_MONEY),
    ]


def money_acts(rules: list[Rule], kind: ActKind) -> Iterator[Act]:
    """Give the steps of every asset, those for everybody before those for single clients and groups."""
    for asset in (*assets_named(rules, kind), ""):
        for whom in (EVERYBODY, *whom_named(rules, kind)):
            for step in ladder(rules, kind, asset, whom):
                if whom == EVERYBODY or _is_for(step, whom):
                    yield _money_act(rules, kind, asset, step.at_least, step.below, step.rule, whom)


def _is_for(step: Step, whom: Whom) -> bool:
    """Whether a step is there because of ``whom``, and not for everybody as well."""
    return step.rule is not None and Whom(step.rule.client, step.rule.group) == whom


def _money_act(
    rules: list[Rule],
    kind: ActKind,
    asset: str,
    low: Decimal | None,
    high: Decimal | None,
    rule: Rule | None,
    whom: Whom = EVERYBODY,
) -> Act:
    limit = None if rule else _day_limit(rules, kind, asset, low, high)
    return Act(kind, asset, low, high, whom, rule, limit)


def _day_limit(
    rules: list[Rule], kind: ActKind, asset: str, low: Decimal | None, high: Decimal | None
) -> Decimal | None:
    """Return the lowest total of a day at which a rule asks for somebody, whatever amounts of the band make it up."""
    totals = [
        rule.day_total_from
        for rule in applicable(rules, kind, asset)
        if rule.day_total_from is not None
        and (rule.at_least or 0) <= (low or 0)
        and (rule.below is None or (high is not None and high <= rule.below))
    ]
    return min(totals, default=None)


def _other_act(rules: list[Rule], kind: ActKind) -> Act:
    act = Act(kind)
    return Act(kind, rule=most_demanding(rules, Facts(kind=act.rule_kind)))


# Compared -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """Bands so fine that no bound of several versions of the rules lies within one, so that what they demand can be
    compared band by band. ``bounds`` are by kind and asset."""

    bounds: Mapping[tuple[ActKind, str], tuple[Decimal, ...]]

    def acts_under(self, rules: Iterable[Rule]) -> list[Act]:
        """List what ``rules`` demand of everybody's operations band by band, and of all that is no money."""
        rules = list(rules)
        money = (act for key, bounds in self.bounds.items() for act in _cells(rules, *key, bounds))
        return [*money, *(_other_act(rules, kind) for kind in ActKind if kind not in MOVES_MONEY)]


def grid_of(*versions: Iterable[Rule]) -> Grid:
    """Return the bands that all these rules together cut."""
    rules = [rule for version in versions for rule in version]
    assets = {kind: (*assets_named(rules, kind), "") for kind in MOVES_MONEY}
    return Grid({(kind, asset): _bounds(rules, kind, asset) for kind in MOVES_MONEY for asset in assets[kind]})


def _bounds(rules: list[Rule], kind: ActKind, asset: str) -> tuple[Decimal, ...]:
    found = {
        bound
        for rule in applicable(rules, kind, asset)
        for bound in (rule.at_least, rule.below, rule.day_total_from)
        if bound
    }
    return tuple(sorted(found))


def _cells(rules: list[Rule], kind: ActKind, asset: str, bounds: tuple[Decimal, ...]) -> Iterator[Act]:
    for low, high in zip((None, *bounds), (*bounds, None), strict=True):
        amount = low or Decimal(0)
        facts = Facts(kind=kind, asset=asset, amount=amount, day_total=amount)
        rule = most_demanding(applicable(rules, kind, asset), facts)
        yield _money_act(rules, kind, asset, low, high, rule)


def merged(acts: Iterable[Act]) -> list[Act]:
    """Join bands that follow each other, for whoever reads them."""
    joined: list[Act] = []
    for act in acts:
        last = joined[-1] if joined else None
        if last and last.moves_money and last.below is not None and _follows(act, last):
            joined[-1] = replace(last, below=act.below)
        else:
            joined.append(act)
    return joined


def _follows(act: Act, last: Act) -> bool:
    same = (last.kind, last.asset, last.whom, last.day_limit)
    return same == (act.kind, act.asset, act.whom, act.day_limit) and act.at_least == last.below

"""Who could move money alone? The report in the form of a page."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.approvals.control import Alone, Line, Member, Pair, Report, Snapshot, report, snapshot_now, words
from backoffice.approvals.control.acts import ActKind
from backoffice.approvals.matching import live_version
from backoffice.people.badges import role_label
from backoffice.people.pages.changes import crumbs_to
from backoffice.ui.values import CheckResult, Figure, Person


@dataclass(frozen=True)
class ShownLine:
    """Acts of which the same is true, in words. ``result`` says by its shape whether they can be done today."""

    what: str
    demand: str
    rules: str
    askers: str
    deciders: str
    possible: str
    result: CheckResult


@dataclass(frozen=True)
class Way:
    """One way in which somebody makes money leave alone, with its limits; ``is_unlimited`` where it has none at all."""

    text: str
    is_unlimited: bool


@dataclass(frozen=True)
class ShownAlone:
    """One person and what they can do to money alone, in words."""

    person: Person
    url: str
    ways: list[Way]


@dataclass(frozen=True)
class ShownPair:
    """Two people and what they can do together, in words."""

    first: str
    second: str
    ways: list[str]


def control_context() -> dict[str, Any]:
    """Return the report as it is now."""
    made = report(snapshot_now())
    alone = [_alone(one) for one in made.alone]
    return {
        "crumbs": crumbs_to(_("Who could move money alone?")),
        "version": live_version(),
        "figures": figures_of(made),
        "withdraws_alone": withdraws_alone(made),
        "alone": sorted(alone, key=lambda one: not one.ways),
        "lines": _lines(made),
        "pairs": [_pair(pair) for pair in made.pairs],
        "delegations": delegations_of(made.snapshot),
    }


def figures_of(made: Report) -> list[Figure]:
    """Four figures that say whether anything is wrong."""
    withdrawing, sending = len(withdraws_alone(made)), sum(bool(one.acts) for one in made.alone)
    stuck = sum(line.stuck is not None for line in made.lines)
    return [
        Figure(_("Can withdraw alone"), withdrawing, note=_("Expected: nobody"), tone="bad" if withdrawing else ""),
        Figure(_("Can deposit alone"), sending, note=_("Below the rules, with the limits shown")),
        Figure(_("Pairs that can move money"), len(made.pairs), note=_("Two people who agree to")),
        Figure(_("Cannot be done today"), stuck, note=_("Of the kinds of act below"), tone="warn" if stuck else ""),
    ]


def withdraws_alone(made: Report) -> list[str]:
    """Name whoever could make a withdrawal leave on their word alone: expected to be nobody, ever."""
    return [one.person.name for one in made.alone if any(act.kind is ActKind.WITHDRAWAL for act in one.acts)]


def delegations_of(snapshot: Snapshot) -> list[str]:
    """Say who decides for whom now, and that it adds nobody."""
    people = {one.id: one for one in snapshot.people}
    return [_delegation(people[away], people[stand_in]) for away, stand_in in snapshot.delegations]


def _delegation(away: Member, stand_in: Member) -> str:
    said = {"stand_in": stand_in.name, "away": away.name}
    if away.can_decide and stand_in.can_decide:
        return _("%(stand_in)s may decide for %(away)s. It lends a voice and adds nobody.") % said
    return _("%(stand_in)s was to decide for %(away)s. It has no effect: one of them is no manager now.") % said


def _alone(alone: Alone) -> ShownAlone:
    person = alone.person
    ways = [Way(words.way_of(act), act.below is None and act.day_limit is None) for act in alone.acts]
    return ShownAlone(Person(person.name, role_label(person.role)), reverse("people:detail", args=[person.id]), ways)


def _lines(made: Report) -> list[ShownLine]:
    """Put acts of which the same is true on one line: the bands of eight assets say the same eight times."""
    groups: dict[tuple[object, ...], list[Line]] = {}
    for line in made.lines:
        act = line.act
        same = (act.kind, act.whom, act.people_needed, act.is_blocked, line.askers, line.deciders, line.stuck)
        groups.setdefault((*same, line.not_for), []).append(line)
    return [_line(lines) for lines in groups.values()]


def _line(lines: list[Line]) -> ShownLine:
    first = lines[0]
    warning = CheckResult.WARNING if first.not_for else CheckResult.PASSED
    return ShownLine(
        what=" ".join([*words.summed(line.act for line in lines), words.whom_of(first.act)]).strip(),
        demand=words.demand_of(first.act),
        rules=words.rules_of(line.act for line in lines),
        askers=words.askers_of(first),
        deciders=words.deciders_of(first),
        possible=words.possible(first),
        result=CheckResult.FAILED if first.stuck else warning,
    )


def _pair(pair: Pair) -> ShownPair:
    return ShownPair(pair.first.name, pair.second.name, words.ways_of(pair.acts, through_account=pair.through_account))

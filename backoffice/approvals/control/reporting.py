"""The report: of every act who can ask, who can decide, how many it takes and whether that can be done today; of every
person what they can do to money alone; of every two what they can do together.

Money leaves when somebody asks and enough others agree, each a person of their own: who asks never decides, and a
delegation lends a voice, not a right, so it adds nobody. Whoever can make accounts can make one that asks, and one that
agrees: that way is followed too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from backoffice.approvals.control.acts import ASKERS, BARS_A_MANAGER, BARS_ANYBODY, Act, ActKind, acts_under
from backoffice.approvals.control.snapshots import Member, Snapshot
from backoffice.approvals.models import Rule
from backoffice.approvals.ruling.ladder import EVERYBODY


class Stuck(StrEnum):
    """Why something cannot be done today, whoever wants it."""

    NO_RULE = "no_rule"
    NOBODY_ASKS = "nobody_asks"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class Line:
    """One act: who can ask for it and who decide on what somebody else asked for.

    ``stuck`` says why it cannot be done at all; ``not_for`` names whose freeze, or whose account, it cannot be.
    """

    act: Act
    askers: tuple[Member, ...]
    deciders: tuple[Member, ...]
    stuck: Stuck | None
    not_for: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Alone:
    """One person and every act by which money leaves on their word alone."""

    person: Member
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Pair:
    """Two people and the acts by which they make money leave together, though neither can alone.

    ``through_account``: together they can invite people who are nobody else, and so do everything.
    """

    first: Member
    second: Member
    acts: tuple[Act, ...]
    through_account: bool = False


@dataclass(frozen=True)
class Report:
    """What came out, and of what snapshot."""

    snapshot: Snapshot
    lines: tuple[Line, ...]
    alone: tuple[Alone, ...]
    pairs: tuple[Pair, ...]


def report(snapshot: Snapshot) -> Report:
    """Work the report out. Asks nothing but the snapshot."""
    return report_on(snapshot, acts_under(snapshot.rules))


def report_on(snapshot: Snapshot, acts: list[Act]) -> Report:
    """Work the report out for these acts, which its rules gate."""
    alone = tuple(Alone(one, tuple(_alone(one, acts))) for one in snapshot.people if one.is_active)
    return Report(snapshot, tuple(line_of(act, snapshot) for act in acts), alone, tuple(_pairs(snapshot, acts)))


def managers_demanded(rules: Iterable[Rule]) -> int:
    """Return how many managers it takes so that everything the rules gate can be approved by somebody."""
    return max((rule.people_needed for rule in rules), default=0)


# One act --------------------------------------------------------------------------------------------------------------


def can_ask(person: Member, act: Act) -> bool:
    """Whether a person can ask for an act of somebody else's concern; nobody can for what no rule lets through."""
    return person.has_role(*ASKERS[act.kind])


def can_decide(person: Member, asker: Member, barred: Member | None = None) -> bool:
    """Whether a person can decide on what ``asker`` asked for and what would undo what ``barred`` did."""
    return person.can_decide and person not in (asker, barred)


def line_of(act: Act, snapshot: Snapshot) -> Line:
    """Say of one act who can ask, who can decide, and whether that is enough."""
    askers = tuple(one for one in snapshot.people if can_ask(one, act))
    deciders = tuple(one for one in snapshot.people if one.can_decide) if act.people_needed else ()
    stuck = _stuck(act, snapshot, askers)
    concerned = () if stuck else tuple(one for one in _barrable(act, snapshot) if not _is_possible(act, snapshot, one))
    return Line(act, askers, deciders, stuck, concerned)


def _stuck(act: Act, snapshot: Snapshot, askers: tuple[Member, ...]) -> Stuck | None:
    if act.is_blocked:
        return Stuck.NO_RULE
    if not askers:
        return Stuck.NOBODY_ASKS
    return None if _is_possible(act, snapshot) else Stuck.TOO_FEW


def _is_possible(act: Act, snapshot: Snapshot, barred: Member | None = None) -> bool:
    """Whether somebody can ask and enough others decide, where ``barred`` may do neither."""
    askers = [one for one in snapshot.people if can_ask(one, act) and one != barred]
    return any(sum(can_decide(one, asker, barred) for one in snapshot.people) >= act.people_needed for asker in askers)


def _barrable(act: Act, snapshot: Snapshot) -> list[Member]:
    """List who can be barred from an act beside whoever asks."""
    if act.kind in BARS_A_MANAGER:
        return [one for one in snapshot.people if one.can_decide]
    return [one for one in snapshot.people if one.is_active] if act.kind in BARS_ANYBODY else []


# People ---------------------------------------------------------------------------------------------------------------


def _alone(person: Member, acts: Iterable[Act]) -> Iterator[Act]:
    """Give every act by which money leaves on this person's word alone."""
    return (act for act in acts if act.moves_money and act.is_ungated and can_ask(person, act))


def _pairs(snapshot: Snapshot, acts: list[Act]) -> Iterator[Pair]:
    # What is demanded of everybody's is the least there is: rules for single clients only ask for more.
    money = [act for act in acts if act.moves_money and act.whom == EVERYBODY]
    accounts = next(act for act in acts if act.kind is ActKind.ACCOUNT)
    active = [one for one in snapshot.people if one.is_active]
    for first, second in combinations(active, 2):
        together = tuple(act for act in money if _takes_both(act, first, second))
        through_account = _takes_both(accounts, first, second)
        if together or through_account:
            yield Pair(first, second, together, through_account)


def _takes_both(act: Act, first: Member, second: Member) -> bool:
    """Whether one of the two can ask and the other is enough to agree."""
    return act.people_needed == 1 and (
        (can_ask(first, act) and can_decide(second, first)) or (can_ask(second, act) and can_decide(first, second))
    )

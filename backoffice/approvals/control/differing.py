"""What becomes different between two reports: what a change of a role, or of the rules, would let whom do."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from backoffice.approvals.control.acts import Act, ActKind, grid_of
from backoffice.approvals.control.reporting import Line, Pair, Report, Stuck, report_on
from backoffice.approvals.control.snapshots import Member


@dataclass(frozen=True)
class Gain:
    """Acts by which people can make money leave on one side and not on the other: one person alone, or two together.

    ``is_all``: on the other side they can do nothing of the kind.
    """

    people: tuple[Member, ...]
    acts: tuple[Act, ...]
    is_all: bool
    through_account: bool = False


@dataclass(frozen=True)
class Standstill:
    """Acts of one kind that cannot be done, for one reason, or not where it concerns ``not_for``.

    ``is_all``: nothing of that kind can.
    """

    kind: ActKind
    stuck: Stuck | None
    not_for: tuple[Member, ...]
    acts: tuple[Act, ...]
    is_all: bool


@dataclass(frozen=True)
class Difference:
    """What the second report has and the first has not (gained, stuck), and the other way round (lost, freed)."""

    alone_gained: tuple[Gain, ...] = ()
    alone_lost: tuple[Gain, ...] = ()
    pairs_gained: tuple[Gain, ...] = ()
    pairs_lost: tuple[Gain, ...] = ()
    stuck: tuple[Standstill, ...] = ()
    freed: tuple[Standstill, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody can do anything more or less with money, alone or with one other, and nothing is stuck."""
        return self == Difference()


def difference(before: Report, after: Report) -> Difference:
    """Compare two reports, person by person, pair by pair and act by act, on bands that both their rules respect."""
    grid = grid_of(before.snapshot.rules, after.snapshot.rules)
    before, after = (report_on(one.snapshot, grid.acts_under(one.snapshot.rules)) for one in (before, after))
    return Difference(
        alone_gained=_alone(before, after),
        alone_lost=_alone(after, before),
        pairs_gained=_pairs(before, after),
        pairs_lost=_pairs(after, before),
        stuck=_stuck(before, after),
        freed=_stuck(after, before),
    )


# People ---------------------------------------------------------------------------------------------------------------


def _alone(before: Report, after: Report) -> tuple[Gain, ...]:
    known = {one.person.id: one.acts for one in before.alone}
    gains = (_gain((one.person,), one.acts, known.get(one.person.id, ())) for one in after.alone)
    return tuple(gain for gain in gains if gain.acts)


def _pairs(before: Report, after: Report) -> tuple[Gain, ...]:
    known = {_ids((pair.first, pair.second)): pair for pair in before.pairs}
    gains = (_gain_of(pair, known.get(_ids((pair.first, pair.second)))) for pair in after.pairs)
    return tuple(gain for gain in gains if gain.acts or gain.through_account)


def _gain_of(pair: Pair, known: Pair | None) -> Gain:
    people = (pair.first, pair.second)
    if known is None:
        return Gain(people, pair.acts, True, pair.through_account)
    is_new = pair.through_account and not known.through_account
    return Gain(people, _new(pair.acts, known.acts), False, is_new)


def _gain(people: tuple[Member, ...], acts: tuple[Act, ...], known: tuple[Act, ...]) -> Gain:
    return Gain(people, _new(acts, known), not known)


def _new(acts: tuple[Act, ...], known: tuple[Act, ...]) -> tuple[Act, ...]:
    """Keep the acts that are not known, and those of which a day allows more than was known."""
    limits = {act: act.day_limit for act in known}
    return tuple(act for act in acts if act not in limits or _is_more(act.day_limit, limits[act]))


def _is_more(limit: Decimal | None, than: Decimal | None) -> bool:
    return than is not None and (limit is None or limit > than)


def _ids(people: Iterable[Member]) -> frozenset[int]:
    return frozenset(one.id for one in people)


# Acts -----------------------------------------------------------------------------------------------------------------


def _stuck(before: Report, after: Report) -> tuple[Standstill, ...]:
    """Gather the lines of ``after`` that cannot be done, or not for somebody, and could be before."""
    worse = [line for line, than in zip(after.lines, before.lines, strict=True) if _is_worse(line, than)]
    groups: dict[tuple[ActKind, Stuck | None, tuple[Member, ...]], list[Act]] = {}
    for line in worse:
        groups.setdefault((line.act.kind, line.stuck, line.not_for), []).append(line.act)
    of_kind = [line.act.kind for line in after.lines]
    return tuple(Standstill(*key, tuple(acts), len(acts) == of_kind.count(key[0])) for key, acts in groups.items())


def _is_worse(line: Line, than: Line) -> bool:
    if line.stuck is not None:
        return than.stuck is None
    return than.stuck is None and not _ids(line.not_for) <= _ids(than.not_for)

"""What becomes different between two reports: what a change of a role, or of the rules, would let whom do."""

from dataclasses import dataclass

from backoffice.approvals.control.acts import Act
from backoffice.approvals.control.reporting import Line, Pair, Report
from backoffice.approvals.control.snapshots import Member


@dataclass(frozen=True)
class Gain:
    """Acts by which somebody can make money leave alone on one side and not on the other."""

    person: Member
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Difference:
    """What the second report has and the first has not, and the other way round.

    ``stuck``: lines of the second report, what can no longer be done, or not for somebody; ``freed``: lines of the
    first, what can be done again.
    """

    alone_gained: tuple[Gain, ...] = ()
    alone_lost: tuple[Gain, ...] = ()
    pairs_gained: tuple[Pair, ...] = ()
    pairs_lost: tuple[Pair, ...] = ()
    stuck: tuple[Line, ...] = ()
    freed: tuple[Line, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody can do anything more or less with money, alone or with one other, and nothing is stuck."""
        return self == Difference()

    @property
    def is_worse(self) -> bool:
        """Whether somebody can do more with fewer, or something can no longer be done at all."""
        return bool(self.alone_gained or self.pairs_gained or self.stuck)


def difference(before: Report, after: Report) -> Difference:
    """Compare two reports, person by person and pair by pair."""
    return Difference(
        alone_gained=_gains(before, after),
        alone_lost=_gains(after, before),
        pairs_gained=_pairs(before, after),
        pairs_lost=_pairs(after, before),
        stuck=_stuck(before, after),
        freed=_stuck(after, before),
    )


def _gains(before: Report, after: Report) -> tuple[Gain, ...]:
    known = {one.person.id: set(one.acts) for one in before.alone}
    gains = (Gain(one.person, _new(one.acts, known.get(one.person.id, set()))) for one in after.alone)
    return tuple(gain for gain in gains if gain.acts)


def _pairs(before: Report, after: Report) -> tuple[Pair, ...]:
    known = {_ids((pair.first, pair.second)): pair for pair in before.pairs}
    pairs = (_new_of(pair, known.get(_ids((pair.first, pair.second)))) for pair in after.pairs)
    return tuple(pair for pair in pairs if pair.acts or pair.through_account)


def _new_of(pair: Pair, known: Pair | None) -> Pair:
    """Keep of a pair what it could not do before."""
    if known is None:
        return pair
    acts = _new(pair.acts, set(known.acts))
    return Pair(pair.first, pair.second, acts, pair.through_account and not known.through_account)


def _new(acts: tuple[Act, ...], known: set[Act]) -> tuple[Act, ...]:
    return tuple(act for act in acts if act not in known)


def _stuck(before: Report, after: Report) -> tuple[Line, ...]:
    """Give the lines of ``after`` that cannot be done, or not for somebody, and could be before.

    An act that ``before`` does not know, since its rules had other bands, counts as one that could be done.
    """
    known = {line.act: line for line in before.lines}
    return tuple(line for line in after.lines if _is_worse(line, known.get(line.act)))


def _is_worse(line: Line, than: Line | None) -> bool:
    if line.stuck or than is None:
        return line.stuck is not None and (than is None or than.stuck is None)
    return than.stuck is None and not _ids(line.not_for) <= _ids(than.not_for)


def _ids(people: tuple[Member, ...]) -> frozenset[int]:
    return frozenset(one.id for one in people)

"""A draft tried on the past: who would have been needed for what, beside what the live rules ask for today."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from backoffice.approvals.matching import Rulebook
from backoffice.approvals.models import Rule
from backoffice.approvals.ruling.findings import deciders
from backoffice.approvals.ruling.kinds import BLOCKED_WITHOUT
from backoffice.approvals.ruling.past import PastFact

SPAN: Final = timedelta(days=90)
#: So that a page answers in seconds however much was asked for; the page says when this is not all.
MOST_FACTS: Final = 50_000


class Effect(StrEnum):
    """What a draft would have changed for something that was asked for."""

    NEWLY_GATED = "newly_gated"
    MORE = "more"
    FEWER = "fewer"
    NO_LONGER_GATED = "no_longer_gated"
    BLOCKED = "blocked"
    NO_LONGER_BLOCKED = "no_longer_blocked"


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing of the past and the rules that would gate it; None where none does."""

    past: PastFact
    before: Rule | None
    after: Rule | None

    @property
    def effect(self) -> Effect | None:
        """What the draft changes for it; None where as many people are needed as before."""
        if self.before is None or self.after is None:
            return None if self.before is self.after else self._gating()
        if self.after.people_needed == self.before.people_needed:
            return None
        return Effect.MORE if self.after.people_needed > self.before.people_needed else Effect.FEWER

    def _gating(self) -> Effect:
        is_blocking = self.past.facts.kind in BLOCKED_WITHOUT
        if self.after is None:
            return Effect.BLOCKED if is_blocking else Effect.NO_LONGER_GATED
        return Effect.NO_LONGER_BLOCKED if is_blocking else Effect.NEWLY_GATED


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came out. ``changes`` are newest first; ``counts`` say by rule how often it decided, live and in the draft.

    ``unsatisfiable``: how many could not have been approved by today's managers under the draft.
    """

    since: datetime
    until: datetime
    tried: int
    is_all: bool
    changes: list[Tried] = field(default_factory=list)
    live_counts: Counter[str] = field(default_factory=Counter)
    draft_counts: Counter[str] = field(default_factory=Counter)
    unsatisfiable: int = 0

    @property
    def effects(self) -> Counter[Effect]:
        """How many of each effect."""
        return Counter(effect for one in self.changes if (effect := one.effect))


def try_on(
    facts: Iterable[PastFact], live: Rulebook, draft: Rulebook, *, since: datetime, until: datetime, managers: int
) -> Trial:
    """Ask both books about everything in ``facts``, which are newest first."""
    changes, live_counts, draft_counts, unsatisfiable, tried = [], Counter[str](), Counter[str](), 0, 0
    for past in facts:
        tried += 1
        one = Tried(past, live.gate(past.facts), draft.gate(past.facts))
        live_counts[_name(one.before)] += 1
        draft_counts[_name(one.after)] += 1
        unsatisfiable += not _can_be_approved(one, managers)
        if one.effect is not None:
            changes.append(one)
    return Trial(
        since=since,
        until=until,
        tried=tried,
        is_all=tried < MOST_FACTS,
        changes=changes,
        live_counts=live_counts,
        draft_counts=draft_counts,
        unsatisfiable=unsatisfiable,
    )


def _can_be_approved(one: Tried, managers: int) -> bool:
    return one.after is None or one.after.people_needed <= deciders(one.past.facts.kind, managers)


def _name(rule: Rule | None) -> str:
    """The rule's name; empty for what no rule gates."""
    return rule.name if rule else ""

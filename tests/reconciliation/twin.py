"""The plain Python twin of the SQL pass: slow, obvious, and written from DESIGN.md §8 rather than from the SQL."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backoffice.funding.states import State
from backoffice.reconciliation.comparing.windows import Window
from backoffice.reconciliation.models import Verdict
from tests.reconciliation.rows import Ours, Theirs

MAY_HAVE_MOVED = (
    State.APPROVED,
    State.SUBMITTING,
    State.UNKNOWN,
    State.REVIEW,
    State.COMPLETED,
    State.FAILED,
)
IN_FLIGHT = (State.SUBMITTING, State.UNKNOWN, State.REVIEW)
TRADES = ("buy", "sell")


@dataclass(frozen=True)
class Pair:
    """One row of the twin's answer."""

    verdict: str
    reference: str
    ours: Ours | None
    theirs: Theirs | None


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The same comparison the pass makes, over lists."""

    window: Window
    read_to: datetime | None
    settled_before: datetime
    absent: frozenset[str] = frozenset()
    client: str | None = None
    #: The entries of a ledger: what they say is settled when it is booked.
    of_ledger: bool = False

    def compare(self, ours: Sequence[Ours], theirs: Sequence[Theirs]) -> list[Pair]:
        mine = {one.reference: one for one in ours}
        orders: dict[str, list[Theirs]] = defaultdict(list)
        for order in sorted(filter(counts, theirs), key=lambda one: one.id):
            orders[order.reference or ""].append(order)
        rows = [self.orderless(one) for one in ours if one.reference not in orders]
        for reference, group in orders.items():
            rows += self.rows_of(reference, group, mine.get(reference))
        return [row for row in rows if self.belongs(row)]

    def orderless(self, ours: Ours) -> Pair:
        return Pair(self.without_order(ours), ours.reference, ours, None)

    def rows_of(self, reference: str, group: list[Theirs], ours: Ours | None) -> list[Pair]:
        if not reference:
            return [Pair(Verdict.EXTRA_AT_PARTNER, "", None, order) for order in group]
        if len(group) > 1:
            return [
                Pair(Verdict.DUPLICATE_REFERENCE, reference, ours if order is group[0] else None, order)
                for order in group
            ]
        return [Pair(self.both(ours, group[0]), reference, ours, group[0])]

    def both(self, ours: Ours | None, theirs: Theirs) -> str:
        if ours is None:
            return Verdict.EXTRA_AT_PARTNER
        if theirs.type != ours.kind:
            return Verdict.TYPE_DIFFERS
        if theirs.asset != ours.asset:
            return Verdict.ASSET_DIFFERS
        if theirs.client != ours.client:
            return Verdict.CLIENT_DIFFERS
        if theirs.amount != ours.amount or theirs.opposite:
            return Verdict.AMOUNT_DIFFERS
        if ours.state in IN_FLIGHT:
            return Verdict.TOO_EARLY
        agreed = {State.COMPLETED: ("completed",), State.FAILED: ("failed", "rejected")}
        return Verdict.MATCHED if theirs.status in agreed.get(ours.state, ()) else Verdict.STATUS_DIFFERS

    def without_order(self, ours: Ours) -> str:
        settled_at = ours.at if self.of_ledger else ours.ended_at or ours.at
        if ours.state not in (State.COMPLETED, State.FAILED):
            return Verdict.TOO_EARLY
        if self.read_to is None or settled_at >= self.read_to:
            return Verdict.MIRROR_BEHIND
        if ours.state is State.FAILED:
            return Verdict.MATCHED
        if ours.reference not in self.absent:
            return Verdict.MIRROR_BEHIND
        return Verdict.TOO_EARLY if settled_at > self.settled_before else Verdict.MISSING_AT_PARTNER

    def belongs(self, row: Pair) -> bool:
        return self.is_of_client(row) and self.is_compared(row) and self.is_in_window(row)

    def is_of_client(self, row: Pair) -> bool:
        sides = (row.ours, row.theirs)
        return self.client is None or any(side is not None and side.client == self.client for side in sides)

    def is_compared(self, row: Pair) -> bool:
        is_trade = row.theirs is not None and row.theirs.type in TRADES
        return row.ours is not None or row.verdict == Verdict.DUPLICATE_REFERENCE or not is_trade

    def is_in_window(self, row: Pair) -> bool:
        if row.theirs is None:
            return self.is_ours_in_window(row.ours)
        if self.holds(row.theirs.at):
            return True
        far = row.ours is not None and abs(row.theirs.at - row.ours.at) > timedelta(days=1)
        return far and self.is_ours_in_window(row.ours)

    def is_ours_in_window(self, ours: Ours | None) -> bool:
        return ours is not None and ours.state in MAY_HAVE_MOVED and self.holds(ours.at)

    def holds(self, at: datetime) -> bool:
        return self.window.start <= at < self.window.end


def counts(order: Theirs) -> bool:
    """Whether an order is one of theirs: CoinMENA lists it, or gave it when it was asked for by itself since."""
    return order.is_listed or order.came_back


def net(pairs: Sequence[Pair]) -> dict[str, tuple[Decimal, Decimal]]:
    """Add up both sides by asset: what completed, signed from the client's side."""
    sums: dict[str, tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for pair in pairs:
        if pair.ours is not None:
            here, there = sums[pair.ours.asset]
            sums[pair.ours.asset] = (here + our_effect(pair.ours), there)
        if pair.theirs is not None:
            here, there = sums[pair.theirs.asset]
            sums[pair.theirs.asset] = (here, there + their_effect(pair.theirs))
    return dict(sums)


def our_effect(ours: Ours) -> Decimal:
    if ours.state is not State.COMPLETED:
        return Decimal(0)
    return -ours.amount if ours.kind == "withdrawal" else ours.amount


def their_effect(theirs: Theirs) -> Decimal:
    if theirs.status != "completed" or theirs.amount is None:
        return Decimal(0)
    return -theirs.amount if theirs.type in ("withdrawal", "buy") else theirs.amount

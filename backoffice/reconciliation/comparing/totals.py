"""Both sides of a run by asset, and what explains the difference. Sums are taken by the database, to the digit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import connection

from backoffice.money import exact_sum, to_plain

#: Both sides in one reading. Only what completed has moved money. A deposit and a sale raise the balance, a withdrawal
#: and a purchase lower it. A row may hold one asset on our side and another on theirs.
SIDES = """
    SELECT verdict, our_asset, COALESCE(their_asset, ''), count(*)::int,
           count(COALESCE(operation_id, entry_id))::int,
           sum(CASE WHEN our_state <> 'completed' THEN 0 * our_amount
                    WHEN our_type = 'withdrawal' THEN -our_amount ELSE our_amount END),
           count(order_id)::int,
           sum(CASE WHEN order_id IS NULL THEN NULL WHEN their_amount IS NULL THEN 0
                    WHEN their_status <> 'completed' THEN 0 * their_amount
                    WHEN their_type IN ('withdrawal', 'buy') THEN -their_amount ELSE their_amount END)
    FROM reconciliation_finding
    WHERE run_id = %(run_id)s
    GROUP BY verdict, our_asset, their_asset
"""


@dataclass(frozen=True)
class Reason:
    """Rows of one verdict, and what they add to the difference of an asset."""

    verdict: str
    count: int
    difference: Decimal


@dataclass(frozen=True)
class AssetTotal:
    """One asset of a run: rows and net effect on the clients, of both sides. `difference` is theirs less ours."""

    asset: str
    ours_count: int
    ours_net: Decimal
    theirs_count: int
    theirs_net: Decimal
    difference: Decimal
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Write it as it is kept in a run, amounts as text."""
        return {
            "asset": self.asset,
            "ours_count": self.ours_count,
            "ours_net": to_plain(self.ours_net),
            "theirs_count": self.theirs_count,
            "theirs_net": to_plain(self.theirs_net),
            "difference": to_plain(self.difference),
            "reasons": [
                {"verdict": reason.verdict, "count": reason.count, "difference": to_plain(reason.difference)}
                for reason in self.reasons
            ],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "AssetTotal":
        """Read it back from a run."""
        reasons = tuple(Reason(one["verdict"], one["count"], Decimal(one["difference"])) for one in kept["reasons"])
        nets = {name: Decimal(kept[name]) for name in ("ours_net", "theirs_net", "difference")}
        return cls(
            asset=kept["asset"],
            ours_count=kept["ours_count"],
            theirs_count=kept["theirs_count"],
            reasons=reasons,
            **nets,
        )


@dataclass(frozen=True)
class Sums:
    """What a run counts and adds up: its rows by verdict, the rows of both sides, and a total for each asset."""

    counts: dict[str, int]
    ours_count: int
    theirs_count: int
    totals: list[AssetTotal]


def sums_of(run_id: int) -> Sums:
    """Count a run's findings and add up both sides."""
    with connection.cursor() as cursor:
        cursor.execute(SIDES, {"run_id": run_id})
        groups = cursor.fetchall()
    counts: Counter[str] = Counter()
    for verdict, *_assets, rows, _ours, _our_net, _theirs, _their_net in groups:
        counts[verdict] += rows
    return Sums(dict(counts), sum(group[4] for group in groups), sum(group[6] for group in groups), totals(groups))


def totals(groups: list[tuple[Any, ...]]) -> list[AssetTotal]:
    """Bring the groups to one total for each asset: where the sides name two assets, each counts under its own."""
    sides = [side for group in groups for side in sides_of(group)]
    sides.sort(key=lambda side: side[:2])
    return [total(asset, list(rows)) for asset, rows in groupby(sides, key=lambda side: side[0])]


def sides_of(group: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield (asset, verdict, ours, our net, theirs, their net) for each side a group has."""
    verdict, our_asset, their_asset, _rows, ours, our_net, theirs, their_net = group
    if ours:
        yield our_asset, verdict, ours, our_net, 0, Decimal(0)
    if theirs:
        yield their_asset, verdict, 0, Decimal(0), theirs, their_net


def total(asset: str, rows: list[tuple[Any, ...]]) -> AssetTotal:
    ours_net, theirs_net = exact_sum(row[3] for row in rows), exact_sum(row[5] for row in rows)
    return AssetTotal(
        asset=asset,
        ours_count=sum(row[2] for row in rows),
        ours_net=ours_net,
        theirs_count=sum(row[4] for row in rows),
        theirs_net=theirs_net,
        difference=exact_sum([theirs_net, ours_net.copy_negate()]),
        reasons=tuple(reasons(rows)),
    )


def reasons(rows: list[tuple[Any, ...]]) -> Iterator[Reason]:
    """Name the verdicts whose rows do not cancel out."""
    for verdict, group in groupby(rows, key=lambda row: row[1]):
        sides = list(group)
        net = exact_sum([*(side[5] for side in sides), *(side[3].copy_negate() for side in sides)])
        if net:
            yield Reason(verdict, max(sum(side[2] for side in sides), sum(side[4] for side in sides)), net)

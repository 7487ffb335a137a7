"""Both sides of a run by asset, and what explains the difference. Sums are taken by the database, to the digit."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import connection

from backoffice.money import exact_sum, to_plain

#: Only what completed has moved money. A deposit and a sale raise the balance, a withdrawal and a purchase lower it.
SIDES = """
    SELECT asset, verdict, sum(ours)::int, sum(our_net), sum(theirs)::int, sum(their_net)
    FROM (
        SELECT our_asset AS asset, verdict, 1 AS ours, 0 AS theirs, 0::numeric AS their_net,
               CASE WHEN our_state <> 'completed' THEN 0 * our_amount
                    WHEN our_type = 'withdrawal' THEN -our_amount ELSE our_amount END AS our_net
        FROM reconciliation_finding WHERE run_id = %(run_id)s AND operation_id IS NOT NULL
        UNION ALL
        SELECT COALESCE(their_asset, ''), verdict, 0, 1,
               CASE WHEN their_amount IS NULL THEN 0
                    WHEN their_status <> 'completed' THEN 0 * their_amount
                    WHEN their_type IN ('withdrawal', 'buy') THEN -their_amount ELSE their_amount END,
               0::numeric
        FROM reconciliation_finding WHERE run_id = %(run_id)s AND order_id IS NOT NULL
    ) side
    GROUP BY asset, verdict
    ORDER BY asset, verdict
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


def totals_of(run_id: int) -> list[AssetTotal]:
    """Add up both sides of a run's findings, one total for each asset."""
    with connection.cursor() as cursor:
        cursor.execute(SIDES, {"run_id": run_id})
        rows = cursor.fetchall()
    return [total(asset, list(group)) for asset, group in groupby(rows, key=lambda row: row[0])]


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
    for _asset, verdict, ours, our_net, theirs, their_net in rows:
        difference = exact_sum([their_net, our_net.copy_negate()])
        if difference:
            yield Reason(verdict, max(ours, theirs), difference)

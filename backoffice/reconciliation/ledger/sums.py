"""What a ledger file adds up to, by asset and type, exact to the digit; what failed is counted and moves nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backoffice.money import exact_sum, to_plain
from backoffice.reconciliation.ledger.checking import GoodEntry


@dataclass(frozen=True)
class Total:
    """Rows of one asset, and the amounts of those that completed."""

    asset: str
    rows: int
    failed: int
    deposited: Decimal
    withdrawn: Decimal

    @property
    def net_of_withdrawals(self) -> Decimal:
        """What the withdrawals did to the balances: never more than nothing."""
        return self.withdrawn.copy_negate() if self.withdrawn else self.withdrawn

    @property
    def net(self) -> Decimal:
        return exact_sum([self.deposited, self.withdrawn.copy_negate()])

    def as_json(self) -> dict[str, Any]:
        """Write it as a file keeps it, amounts as text."""
        return {
            "asset": self.asset,
            "rows": self.rows,
            "failed": self.failed,
            "deposited": to_plain(self.deposited),
            "withdrawn": to_plain(self.withdrawn),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Total":
        """Read it back."""
        return cls(kept["asset"], kept["rows"], kept["failed"], Decimal(kept["deposited"]), Decimal(kept["withdrawn"]))


def totals_of(entries: Iterable[GoodEntry]) -> list[Total]:
    """Add entries up by asset, without rounding."""
    groups: dict[str, list[GoodEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.asset, []).append(entry)
    return [total_of(asset, group) for asset, group in sorted(groups.items())]


def total_of(asset: str, group: list[GoodEntry]) -> Total:
    completed = [entry for entry in group if entry.status == "completed"]
    return Total(
        asset=asset,
        rows=len(group),
        failed=len(group) - len(completed),
        deposited=exact_sum(entry.amount for entry in completed if entry.kind == "deposit"),
        withdrawn=exact_sum(entry.amount for entry in completed if entry.kind == "withdrawal"),
    )

"""What the two sides of a finding did to the client's balance, in Python; `totals.py` says the same in SQL."""

from dataclasses import dataclass
from decimal import Decimal

from backoffice.funding.states import State
from backoffice.money import Money
from backoffice.reconciliation.models import Finding

LOWERS = ("withdrawal", "buy")


@dataclass(frozen=True)
class Sides:
    """The completed effect of each side, signed from the client's side; None where a side or its amount is missing."""

    ours: Money | None
    theirs: Money | None

    @property
    def difference(self) -> Money | None:
        """Theirs less ours, or None when they cannot be subtracted: another asset, or nothing on either side."""
        if self.ours and self.theirs and self.ours.asset != self.theirs.asset:
            return None
        if self.theirs is None:
            return None if self.ours is None else -self.ours
        return self.theirs if self.ours is None else self.theirs - self.ours


def sides_of(finding: Finding) -> Sides:
    """Read both effects from a finding."""
    ours = effect(finding.our_type, finding.our_amount, finding.our_asset, finding.our_state == State.COMPLETED)
    theirs = effect(finding.their_type, finding.their_amount, finding.their_asset, finding.their_status == "completed")
    return Sides(ours, theirs)


def effect(kind: str | None, amount: Decimal | None, asset: str | None, is_completed: bool) -> Money | None:
    """Sign an amount for the client; what has not completed moved nothing."""
    if amount is None or asset is None:
        return None
    # Nothing keeps the scale of the amount, so that a screen shows 0.00 and not 0.
    moved = Money(amount if is_completed else 0 * amount.copy_abs(), asset)
    return -moved if kind in LOWERS else moved

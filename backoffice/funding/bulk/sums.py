"""The sums a person confirms, exact to the digit."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.funding.models import BulkFile, BulkRow, Kind
from backoffice.money import Money, exact_sum, to_plain

#: What the person reads off their own source, by `Total.key`; the number of rows has a key of its own.
COUNT = "count"


@dataclass(frozen=True)
class Total:
    """What the rows of one type and one asset add up to."""

    kind: Kind
    asset: str
    amount: Decimal

    @property
    def key(self) -> str:
        """Its name in ``BulkFile.totals``."""
        return f"{self.kind.value} {self.asset}"

    @property
    def is_deposit(self) -> bool:
        return self.kind == Kind.DEPOSIT

    @property
    def money(self) -> Money:
        return Money(self.amount, self.asset)


def totals_of(rows: Iterable[BulkRow]) -> list[Total]:
    """Add rows up by type and asset, in that order, without rounding."""
    groups: dict[tuple[str, str], list[Decimal]] = {}
    for row in rows:
        groups.setdefault((row.kind, row.asset_id), []).append(row.amount)
    return [Total(Kind(kind), asset, exact_sum(amounts)) for (kind, asset), amounts in sorted(groups.items())]


def written(totals: Iterable[Total]) -> dict[str, str]:
    """Write totals as they are stored with a file: every digit, as text."""
    return {total.key: to_plain(total.amount) for total in totals}


def stored_totals(file: BulkFile) -> list[Total]:
    """Read the totals that are stored with a file, in the order they are shown."""
    parts = [(*key.split(" ", 1), Decimal(text)) for key, text in sorted(file.totals.items())]
    return [Total(Kind(kind), asset, amount) for kind, asset, amount in parts]


def differences(file: BulkFile, count: int | None, totals: dict[str, Decimal]) -> dict[str, str]:
    """Say where the control count and totals are not those of the file; empty when all agree exactly."""
    found = {}
    if count != file.row_count:
        found[COUNT] = _("The file has %(rows)d rows. Compare it with your own list.") % {"rows": file.row_count}
    for total in stored_totals(file):
        if totals.get(total.key) != total.amount:
            found[total.key] = _("The file adds up to %(money)s. Compare it with your own list.") % {
                "money": total.money
            }
    return found

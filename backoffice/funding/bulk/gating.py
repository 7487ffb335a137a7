"""Whether others have to agree to a file: not where a rule gates each of its rows by itself, but where some row would
go out on the word of the one person who uploaded it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from backoffice.approvals.matching import Facts, Rulebook, live_rules
from backoffice.funding import rolling
from backoffice.funding.models import BulkRow
from backoffice.money import exact_sum


def rows_nobody_gates(rows: Iterable[BulkRow], now: datetime) -> list[BulkRow]:
    """List the rows, in their order, that no live rule would hold for another person. Three queries.

    Each counts those of the file before it into its day's total, as it will when the operations are made.
    """
    rows, rules = list(rows), live_rules()
    book = Rulebook(rules.rules.select_related("rule_set"), rules.groups)
    totals = defaultdict(Decimal, rolling.day_totals({row.client_id for row in rows}, now))
    ungated = []
    for row in rows:
        key = (row.kind, row.client_id, row.asset_id)
        totals[key] = exact_sum([totals[key], row.amount])
        if book.gate(_facts_of(row, totals[key])) is None:
            ungated.append(row)
    return ungated


def _facts_of(row: BulkRow, day_total: Decimal) -> Facts:
    return Facts(
        kind=row.kind,
        asset=row.asset_id,
        client=row.client.partner_client_id,
        amount=row.amount,
        day_total=day_total,
    )

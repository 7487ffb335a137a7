"""Rows that stand alone on either side and look like a pair: offered to a person as a hint, never matched.

Same client, type, asset and amount, at most a day apart, and no reference in common. One query for the rows of a page.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from backoffice.reconciliation.models import Finding, Verdict

#: What stands alone: ours without an order, and an order without ours.
ALONE = (Verdict.MISSING_AT_PARTNER, Verdict.MIRROR_BEHIND, Verdict.TOO_EARLY, Verdict.EXTRA_AT_PARTNER)
WITHIN = timedelta(days=1)
MOST_OFFERED = 3

NEAR = """
    SELECT one.id, near.id, near.reference, near.order_id, near.at, near.apart
    FROM reconciliation_finding one
    CROSS JOIN LATERAL (
        SELECT other.id, other.reference, other.order_id, COALESCE(other.their_at, other.our_at) AS at,
               greatest(other.their_at - one.our_at, one.our_at - other.their_at,
                        other.our_at - one.their_at, one.their_at - other.our_at) AS apart
        FROM reconciliation_finding other
        WHERE other.run_id = one.run_id AND other.verdict = ANY(%(alone)s)
          AND (other.order_id IS NULL) <> (one.order_id IS NULL)
          AND COALESCE(other.our_client, other.their_client) = COALESCE(one.our_client, one.their_client)
          AND COALESCE(other.our_type, other.their_type) = COALESCE(one.our_type, one.their_type)
          AND COALESCE(other.our_asset, other.their_asset) = COALESCE(one.our_asset, one.their_asset)
          AND COALESCE(other.our_amount, other.their_amount) = COALESCE(one.our_amount, one.their_amount)
        ORDER BY apart, other.id
        LIMIT %(most)s
    ) near
    WHERE one.id = ANY(%(ids)s) AND near.apart <= %(within)s
    ORDER BY one.id, near.apart, near.id
"""


@dataclass(frozen=True)
class NearMiss:
    """A row of the other side that looks like the pair: the finding it is, and how far its time is."""

    finding_id: int
    reference: str
    order_id: int | None
    at: datetime
    apart: timedelta


def near_misses(findings: Sequence[Finding]) -> dict[int, list[NearMiss]]:
    """Look for near misses of the findings that stand alone, nearest first, by the finding's id."""
    ids = [finding.pk for finding in findings if finding.verdict in ALONE and not stands_in_a_pair(finding)]
    found: dict[int, list[NearMiss]] = defaultdict(list)
    if not ids:
        return found
    values: dict[str, Any] = {"ids": ids, "alone": [one.value for one in ALONE], "most": MOST_OFFERED, "within": WITHIN}
    with connection.cursor() as cursor:
        cursor.execute(NEAR, values)
        for finding_id, *near in cursor.fetchall():
            found[finding_id].append(NearMiss(*near))
    return found


def stands_in_a_pair(finding: Finding) -> bool:
    return finding.has_ours and finding.order_id is not None

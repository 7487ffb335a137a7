"""What operations were asked for in the past, with the day's total as the rules saw it at that moment."""

from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.urls import reverse

from backoffice.approvals.matching import Facts
from backoffice.approvals.ruling.past import PastFact
from backoffice.funding.models import LateOrder
from backoffice.funding.rolling import DAY
from backoffice.funding.states import WITHOUT_EFFECT, State

#: `rolling` of every moment at once. An operation counts from when it is asked for until 24 hours after it was
#: completed, or until it ends without effect; and again for 24 hours once an order says that it moved money after all.
#: Each such span adds the amount where it begins and takes it away where it ends, so a total is the sum of all steps so
#: far. What leaves at a moment has left before what comes at that moment.
FACTS: Final = """
    WITH counted AS (
        SELECT id, client_id, asset_id, kind, amount, requested_at, reference, GREATEST(
            CASE WHEN state = %(completed)s THEN ended_at + %(day)s
                 WHEN state = ANY(%(without_effect)s) THEN ended_at END,
            CASE WHEN ended_at IS NOT NULL THEN requested_at + interval '1 microsecond' END) AS until
        FROM funding_operation
        WHERE requested_at < %(until)s AND (ended_at IS NULL OR ended_at > %(since)s - %(day)s)
    ), late AS (
        SELECT operation_id, unnest(range_agg(tstzrange(seen_at, seen_at + %(day)s))) AS span
        FROM funding_lateorder WHERE kind = %(moved)s AND seen_at < %(until)s GROUP BY operation_id
    ), moved_late AS (
        SELECT o.id, o.client_id, o.asset_id, o.kind, o.amount, lower(span) AS since, upper(span) AS until
        FROM late JOIN funding_operation o ON o.id = late.operation_id AND o.state = ANY(%(without_effect)s)
    ), steps AS (
        SELECT id, client_id, asset_id, kind, requested_at AS at, 2 AS turn, amount AS change FROM counted
        UNION ALL SELECT id, client_id, asset_id, kind, until, 0, -amount FROM counted WHERE until IS NOT NULL
        UNION ALL SELECT id, client_id, asset_id, kind, since, 1, amount FROM moved_late
        UNION ALL SELECT id, client_id, asset_id, kind, until, 0, -amount FROM moved_late
    ), totals AS (
        SELECT id, turn, SUM(change) OVER (
            PARTITION BY client_id, asset_id, kind ORDER BY at, turn, id ROWS UNBOUNDED PRECEDING
        ) AS day_total FROM steps
    )
    SELECT one.reference, one.requested_at, one.kind, one.asset_id, client.partner_client_id, one.amount, t.day_total
    FROM totals t JOIN counted one ON one.id = t.id JOIN clients_client client ON client.id = one.client_id
    WHERE t.turn = 2 AND one.requested_at >= %(since)s
    ORDER BY one.requested_at DESC, one.id DESC LIMIT %(limit)s
"""


class PastOperations:
    """Every operation that was asked for."""

    def facts(self, since: datetime, until: datetime, limit: int) -> list[PastFact]:
        """Return the operations asked for in ``[since, until)``, newest first, in one query."""
        asked: dict[str, Any] = {
            "since": since,
            "until": until,
            "day": DAY,
            "limit": limit,
            "completed": str(State.COMPLETED),
            "without_effect": [str(state) for state in WITHOUT_EFFECT],
            "moved": str(LateOrder.Kind.COMPLETED),
        }
        with connection.cursor() as cursor:
            cursor.execute(FACTS, asked)
            return [
                PastFact(reference, at, Facts(kind=kind, asset=asset, client=client, amount=amount, day_total=total))
                for reference, at, kind, asset, client, amount, total in cursor.fetchall()
            ]

    def url(self, subject: str) -> str:
        return reverse("funding:detail", args=[subject])

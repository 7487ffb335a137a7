"""What operations were asked for in the past, with the day's total as the rules saw it at that moment."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.urls import reverse

from backoffice.approvals.matching import Facts
from backoffice.approvals.ruling.past import PastFact
from backoffice.funding.queries import LET_GO
from backoffice.funding.states import State

DAY: Final = timedelta(days=1)
#: An operation counts into its client's total from when it is asked for: for 24 hours, or until it ends without effect.
#: So each is one event that adds its amount and one that takes it away, and the total is the sum of all events so far.
#: What leaves at a moment has left before what comes at that moment.
FACTS: Final = """
    WITH counted AS (
        SELECT id, client_id, asset_id, kind, amount, requested_at, reference,
               LEAST(requested_at + %(day)s, CASE WHEN state = ANY(%(without_effect)s) THEN ended_at END) AS until
        FROM funding_operation WHERE requested_at >= %(since)s - %(day)s AND requested_at < %(until)s
    ), events AS (
        SELECT id, client_id, asset_id, kind, requested_at AS at, TRUE AS is_request, amount AS change FROM counted
        UNION ALL
        SELECT id, client_id, asset_id, kind, until, FALSE, -amount FROM counted
    ), totals AS (
        SELECT id, is_request, at, SUM(change) OVER (
            PARTITION BY client_id, asset_id, kind ORDER BY at, is_request, id ROWS UNBOUNDED PRECEDING
        ) AS day_total FROM events
    )
    SELECT one.reference, one.requested_at, one.kind, one.asset_id, client.partner_client_id, one.amount, t.day_total
    FROM totals t JOIN counted one ON one.id = t.id JOIN clients_client client ON client.id = one.client_id
    WHERE t.is_request AND one.requested_at >= %(since)s
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
            "without_effect": [str(state) for state in (*LET_GO, State.FAILED)],
        }
        with connection.cursor() as cursor:
            cursor.execute(FACTS, asked)
            return [
                PastFact(reference, at, Facts(kind=kind, asset=asset, client=client, amount=amount, day_total=total))
                for reference, at, kind, asset, client, amount, total in cursor.fetchall()
            ]

    def url(self, subject: str) -> str:
        return reverse("funding:detail", args=[subject])

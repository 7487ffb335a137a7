"""What changed from one run to another: rows that are new, gone, or found otherwise. Read, never written.

A row is known again by our reference where there is one of ours, else by the partner's order. Two runs of the same
window and unchanged data have the same digest, and nothing between them is read.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.reconciliation.badges import verdict_badge
from backoffice.reconciliation.models import EXCEPTIONS, Run
from backoffice.ui.values import Amount, Badge, Reference

MOST_SHOWN: Final = 200

SIDE: Final = """
    SELECT CASE WHEN operation_id IS NULL AND entry_id IS NULL THEN 'order:' || order_id
                ELSE 'ours:' || reference END AS key,
           id, verdict, reference, order_id, COALESCE(our_client, their_client) AS client,
           COALESCE(our_asset, their_asset) AS asset,
           our_amount, our_state, their_amount, their_opposite_amount, their_status, their_asset, their_client,
           their_type
    FROM reconciliation_finding WHERE run_id = %({run})s
"""
#: Only what differs is kept: of a million rows usually a few.
CHANGED: Final = f"""
    WITH before AS ({SIDE.format(run="before")}), now AS ({SIDE.format(run="now")}), changed AS (
        SELECT b.verdict AS was, n.verdict AS is_now, COALESCE(n.reference, b.reference) AS reference,
               COALESCE(n.order_id, b.order_id) AS order_id, COALESCE(n.client, b.client) AS client,
               COALESCE(n.asset, b.asset) AS asset, b.our_amount AS our_before, n.our_amount AS our_now,
               b.their_amount AS their_before, n.their_amount AS their_now,
               b.our_state AS our_state_before, n.our_state AS our_state_now,
               b.their_status AS their_status_before, n.their_status AS their_status_now, n.id
        FROM before b FULL JOIN now n USING (key)
        WHERE (b.verdict, b.our_amount, b.our_state, b.their_amount, b.their_opposite_amount, b.their_status,
               b.their_asset, b.their_client, b.their_type)
              IS DISTINCT FROM
              (n.verdict, n.our_amount, n.our_state, n.their_amount, n.their_opposite_amount, n.their_status,
               n.their_asset, n.their_client, n.their_type)
           OR b.id IS NULL OR n.id IS NULL
    )
    SELECT *, count(*) OVER () AS of
    FROM changed
    ORDER BY (COALESCE(is_now, '') = ANY(%(exceptions)s)) DESC, (COALESCE(was, '') = ANY(%(exceptions)s)) DESC,
             is_now, was, reference, order_id
    LIMIT %(limit)s
"""  # noqa: S608  (no value of anybody's: constants of this module)


Pair = tuple[object, object]


@dataclass(frozen=True)
class Change:
    """One row found otherwise than before. A verdict is empty where the row was not there."""

    run_id: int
    was: str | None
    is_now: str | None
    reference: str
    order_id: int | None
    client: str
    asset: str | None
    our_before: Decimal | None
    our_now: Decimal | None
    their_before: Decimal | None
    their_now: Decimal | None
    our_state_before: str | None
    our_state_now: str | None
    their_status_before: str | None
    their_status_now: str | None
    finding_id: int | None

    @property
    def title(self) -> Reference | str:
        """The reference, or the order where there is none."""
        return Reference(self.reference) if self.reference else _("Order %(id)s") % {"id": self.order_id}

    @property
    def url(self) -> str:
        """The row in the newer run, where it still is."""
        if self.finding_id is None:
            return ""
        address = reverse("reconciliation:run", args=[self.run_id])
        return f"{address}?show={self.is_now}&open={self.finding_id}#finding-{self.finding_id}"

    @property
    def before(self) -> Badge | str:
        return verdict_badge(self.was) if self.was else _("Not there")

    @property
    def now(self) -> Badge | str:
        return verdict_badge(self.is_now) if self.is_now else _("No longer there")

    @property
    def ours(self) -> list[Pair]:
        """Our side where it changed, before and now."""
        return differing(
            self.sides(self.our_before, self.our_state_before), self.sides(self.our_now, self.our_state_now)
        )

    @property
    def theirs(self) -> list[Pair]:
        """The partner's side where it changed, before and now."""
        before = self.sides(self.their_before, self.their_status_before)
        return differing(before, self.sides(self.their_now, self.their_status_now))

    def sides(self, amount: Decimal | None, state: str | None) -> Pair:
        return Amount(amount, self.asset or "") if amount is not None else None, state


def differing(before: Pair, now: Pair) -> list[Pair]:
    """Of an amount and a state keep what differs: first as it was, then as it is."""
    pairs = [(was, is_now) for was, is_now in zip(before, now, strict=True) if was != is_now]
    return [pair for pair in pairs if pair != (None, None)]


@dataclass(frozen=True)
class Changes:
    """What changed between two runs: the first rows of it, exceptions first, and how many there are."""

    rows: tuple[Change, ...]
    count: int

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.rows)


def changes_between(before: Run, now: Run) -> Changes:
    """Compare the findings of two runs of the same window, row by row."""
    if before.digest == now.digest:
        return Changes((), 0)
    exceptions = [verdict.value for verdict in EXCEPTIONS]
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, {"before": before.pk, "now": now.pk, "exceptions": exceptions, "limit": MOST_SHOWN})
        rows = cursor.fetchall()
    return Changes(tuple(Change(now.pk, *row[:-1]) for row in rows), rows[0][-1] if rows else 0)


def runs_before(run: Run) -> QuerySet[Run]:
    """The earlier runs of the same window, newest first: it may have grown since, while its day was not over."""
    same = Run.objects.filter(source=run.source, ledger=run.ledger, client=run.client, window_from=run.window_from)
    return same.filter(id__lt=run.pk, window_to__lte=run.window_to).order_by("-id")


def counts_of(before: Run, now: Run) -> list[dict[str, Any]]:
    """How many rows each verdict has now, and had before, where either is not none."""
    verdicts = [*EXCEPTIONS, *sorted({*before.counts, *now.counts} - {*EXCEPTIONS})]
    return [
        {"badge": verdict_badge(verdict), "before": before.counts.get(verdict, 0), "now": now.counts.get(verdict, 0)}
        for verdict in verdicts
        if verdict in before.counts or verdict in now.counts
    ]

"""What must be true at the very moment a request reaches the partner. Asked over a connection of its own, in raw SQL:
nothing of the product's code says whether the product was right."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import psycopg

from tests.faults.virtual import VirtualClock


class Arrived(Protocol):
    """What the sandbox tells of a request that wants something changed."""

    @property
    def path(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def body_digest(self) -> str: ...


class InFlight(Protocol):
    """What the wire knows of the requests under way."""

    in_flight: dict[str, int]
    lands_at: dict[str, int]


_DURABLE: Final = """
    SELECT o.state, o.kind, o.requested_by_id, o.fingerprint, o.approval_id, o.ungated_rule_version, o.valid_until,
        count(a.id) AS attempts, array_agg(DISTINCT a.body_digest) FILTER (WHERE a.id IS NOT NULL) AS digests
    FROM funding_operation o LEFT JOIN funding_attempt a ON a.operation_id = o.id
    WHERE o.reference = %s GROUP BY o.id
"""
_APPROVAL: Final = """
    SELECT d.decided_by_id, d.decided_at, d.fingerprint, r.state, r.people_needed, r.requested_by_id
    FROM approvals_decision d JOIN approvals_request r ON r.id = d.request_id
    WHERE r.id = %s AND d.verdict = 'approved'
"""


@dataclass
class Watch:
    """Checks every arrival: I6, I7, one request in flight, one body. ``entitled`` is who may approve, by person id:
    the moments from and until which they may."""

    database: psycopg.Connection[dict[str, Any]]
    clock: VirtualClock
    line: InFlight
    violations: list[str] = field(default_factory=list)
    entitled: dict[int, tuple[datetime, datetime | None]] = field(default_factory=dict)
    orders_expected: int = 0

    def arrived(self, arrival: Arrived) -> None:
        reference = arrival.reference or ""
        row = self.database.execute(_DURABLE, (reference,)).fetchone()
        if row is None or not row["attempts"]:
            self._violated(f"I6: {reference or 'a request without a reference'} arrived before it was durable here")
            return
        if row["digests"] != [arrival.body_digest]:
            self._violated(f"the body of {reference} is not the one that was claimed, or has changed")
        if self.line.in_flight.get(reference, 0) > 1 or self.line.lands_at.get(reference, 0) > self.clock.nanoseconds():
            self._violated(f"two requests with {reference} were in flight at once")
        if arrival.path.endswith(("withdrawals", "deposits")) != (row["kind"] in ("withdrawal", "deposit")):
            self._violated(f"{reference} went to {arrival.path}")
        if row["kind"] == "withdrawal" or row["ungated_rule_version"] is None:
            self._check_approval(reference, row)

    def _check_approval(self, reference: str, row: dict[str, Any]) -> None:
        """I7: another active person, entitled at that moment, approved exactly this, and it was still in force."""
        decisions = self.database.execute(_APPROVAL, (row["approval_id"],)).fetchall()
        good = {
            decision["decided_by_id"]
            for decision in decisions
            if decision["decided_by_id"] != row["requested_by_id"]
            and decision["fingerprint"] == row["fingerprint"]
            and decision["state"] == "approved"
            and self._was_entitled(decision["decided_by_id"], decision["decided_at"])
        }
        if not decisions or len(good) < decisions[0]["people_needed"]:
            self._violated(f"I7: {reference} was sent without the approval of another entitled person")

    def _was_entitled(self, person: int, moment: datetime) -> bool:
        since, until = self.entitled.get(person, (None, None))
        return since is not None and since <= moment and (until is None or moment < until)

    def _violated(self, sentence: str) -> None:
        self.violations.append(sentence)

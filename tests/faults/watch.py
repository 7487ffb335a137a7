"""What must be true at the very moment a request reaches the partner. Asked over a connection of its own, in raw SQL:
nothing of the product's code says whether the product was right."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
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
    outlived: set[str]

    def holds_back(self, reference: str) -> bool: ...


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


#: Transactions are numbered as they begin, whatever our clock says: ``xmin`` tells which row came first.
_CLAIM: Final = """
    SELECT a.body, a.claimed_at, o.valid_until, c.partner_client_id AS client, o.asset_id AS asset, o.amount,
        r.id AS request, r.amount AS approved_amount, r.asset AS approved_asset, r.client AS approved_client,
        EXISTS (SELECT 1 FROM funding_freeze f WHERE f.xmin::text::bigint < a.xmin::text::bigint
            AND f.released_at IS NULL
            AND (f.scope = 'everything' OR (f.scope = 'money_out' AND o.kind = 'withdrawal')
                OR f.asset_id = o.asset_id OR f.client_id = o.client_id)) AS is_frozen
    FROM funding_attempt a JOIN funding_operation o ON o.id = a.operation_id
    JOIN clients_client c ON c.id = o.client_id LEFT JOIN approvals_request r ON r.id = o.approval_id
    WHERE o.reference = %s ORDER BY a.number DESC LIMIT 1
"""


@dataclass
class Watch:
    """Checks every arrival: I6, I7, one request in flight, one body. ``entitled`` is who may approve, by person id:
    the true moments from and until which they may."""

    database: psycopg.Connection[dict[str, Any]]
    clock: VirtualClock
    line: InFlight
    violations: list[str] = field(default_factory=list)
    arrivals: Counter[str] = field(default_factory=Counter)
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
        self.check_alone(reference)
        if not arrival.path.endswith(f"/{row['kind']}s"):
            self._violated(f"{reference} went to {arrival.path}")
        self._check_claim(reference, row["attempts"])
        if row["kind"] == "withdrawal" or row["ungated_rule_version"] is None:
            self._check_approval(reference, row)

    def check_alone(self, reference: str) -> None:
        """Find two requests under one reference on their way at once; one whose signature had run out before the other
        was sent can only be refused, and counts for none."""
        is_another_there = self.line.in_flight.get(reference, 0) > 1
        if (is_another_there or self.line.holds_back(reference)) and reference not in self.line.outlived:
            self._violated(f"two requests with {reference} were in flight at once")

    def _check_claim(self, reference: str, attempts: int) -> None:
        """The request says what was asked for and approved, and its claim was allowed; there is one for each claim."""
        self.arrivals[reference] += 1
        if self.arrivals[reference] > attempts:
            self._violated(f"{reference} arrived in more requests than attempts were claimed")
        row = self.database.execute(_CLAIM, (reference,)).fetchone()
        assert row is not None
        body = json.loads(bytes(row["body"]))
        said = (body["partner_order_ref"], body["partner_client_id"], body["asset_id"], Decimal(body["amount"]))
        if said != (reference, row["client"], row["asset"], row["amount"]):
            self._violated(f"I9: the request for {reference} is not what was asked for")
        approved = (row["approved_client"], row["approved_asset"], row["approved_amount"])
        if row["request"] is not None and said[1:] != approved:
            self._violated(f"I7: the request for {reference} is not what was approved")
        if row["valid_until"] <= row["claimed_at"]:
            self._violated(f"I7: {reference} was claimed after its permission ran out")
        if row["is_frozen"]:
            self._violated(f"{reference} was claimed while it was frozen")

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
        possible = self.clock.truths(moment)
        return since is not None and any(since <= one and (until is None or one < until) for one in possible)

    def _violated(self, sentence: str) -> None:
        self.violations.append(sentence)

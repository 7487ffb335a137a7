"""Count what must hold (I1 to I9 of reliability.md §12) with SQL and the partner's ledger, and no code of the product.

Every finding is a sentence; an empty list means that nothing was doubled, lost, misbooked or stuck.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

_OPERATIONS: Final = """
    SELECT operation.id, reference, kind, partner_client_id AS client, asset_id AS asset, amount, operation.state,
        copy_of_id, partner_order_id, operation.requested_by_id, approval_id,
        (SELECT count(*) FROM funding_attempt WHERE operation_id = operation.id) AS attempts
    FROM funding_operation AS operation JOIN clients_client AS client ON client.id = operation.client_id
    ORDER BY operation.id
"""
_APPROVERS: Final = """
    SELECT decision.request_id, decision.decided_by_id, decided_at, person.role, person.is_active
    FROM approvals_decision AS decision JOIN accounts_person AS person ON person.id = decision.decided_by_id
    WHERE verdict = 'approved'
"""
_ENTRIES: Final = """
    SELECT number, event, lower(object_type) AS object_type, object_id, before, after, result, prev, canonical, hash
    FROM audit_entry ORDER BY number
"""
_WITHOUT_EFFECT: Final = ("failed", "rejected", "cancelled", "expired")
_UNDER_WAY: Final = ("submitting", "unknown", "approved")


@dataclass
class Findings:
    """What was found wrong, by kind. ``reviewed`` is no fault: those wait for two people."""

    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    misbooked: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    operations: int = 0
    orders: int = 0
    states: Counter[str] = field(default_factory=Counter)

    @property
    def all(self) -> list[str]:
        return [*self.doubled, *self.lost, *self.misbooked, *self.stuck, *self.unproven]


@dataclass(frozen=True)
class Books:
    """Both sides of the story, read once."""

    operations: list[Row]
    approvers: dict[int, list[Row]]
    entries: list[Row]
    orders: list[Row]
    arrivals: list[Row]
    balances: dict[str, dict[str, Row]]


def count(database: str, ledger: Row, opening: dict[str, Decimal]) -> Findings:
    """Compare the database at the URL ``database`` with the partner's ledger.

    :param opening: the balance in USD that each of our clients began with.
    """
    books = _books(database, ledger)
    found = Findings(operations=len(books.operations), states=Counter(one["state"] for one in books.operations))
    orders = _by_reference(books.orders)
    found.orders = sum(len(orders[one["reference"]]) for one in books.operations)
    found.doubled += [*_more_than_one(books, orders), *_chains_applied_twice(books, orders), *_overlapping(books)]
    found.lost += _lost(books, orders)
    found.misbooked += [*_misbooked(books, orders), *_balances_off(books, opening)]
    found.stuck += [f"{one['reference']} is {one['state']}" for one in books.operations if one["state"] in _UNDER_WAY]
    found.unproven += [*_unapproved_sends(books), *_gaps_in_history(books), *_breaks_in_chain(books)]
    return found


def _books(database: str, ledger: Row) -> Books:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        approvers = defaultdict(list)
        for row in connection.execute(_APPROVERS):
            approvers[row["request_id"]].append(row)
        return Books(
            operations=connection.execute(_OPERATIONS).fetchall(),
            approvers=dict(approvers),
            entries=connection.execute(_ENTRIES).fetchall(),
            orders=ledger["orders"],
            arrivals=[one for one in ledger["arrivals"] if one["method"] == "POST"],
            balances=ledger["balances"],
        )


def _by_reference(orders: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for order in orders:
        found[order["partner_order_ref"]].append(order)
    return found


def _is_applied(order: Row) -> bool:
    return bool(order["status"] == "completed")


# I1 -----------------------------------------------------------------------------------------------------------------


def _more_than_one(books: Books, orders: dict[str, list[Row]]) -> Iterator[str]:
    for reference in {one["reference"] for one in books.operations}:
        if len(orders[reference]) > 1:
            yield f"{reference} has {len(orders[reference])} orders"


def _chains_applied_twice(books: Books, orders: dict[str, list[Row]]) -> Iterator[str]:
    copied_from = {one["id"]: one["copy_of_id"] for one in books.operations}
    applied = Counter[int]()
    for one in books.operations:
        first = one["id"]
        while copied_from[first] is not None:
            first = copied_from[first]
        applied[first] += sum(_is_applied(order) for order in orders[one["reference"]])
    yield from (
        f"the chain of operation {first} was applied {times} times" for first, times in applied.items() if times > 1
    )


def _overlapping(books: Books) -> Iterator[str]:
    """Two requests with one reference in flight, or one reference with two bodies."""
    bodies = defaultdict(set)
    for arrival in books.arrivals:
        bodies[arrival["reference"] or arrival["id"]].add(arrival["body_digest"])
        if arrival["overlapping"]:
            yield f"{arrival['reference']} was in flight twice"
    yield from (f"{reference} was sent with two bodies" for reference, seen in bodies.items() if len(seen) > 1)


# I2, I3, I5, I6, I9 -------------------------------------------------------------------------------------------------


def _lost(books: Books, orders: dict[str, list[Row]]) -> Iterator[str]:
    """What was applied there and is not completed here, and what arrived there under no reference of ours."""
    for one in books.operations:
        is_applied = any(_is_applied(order) for order in orders[one["reference"]])
        if is_applied and one["state"] != "completed" and one["state"] not in (*_UNDER_WAY, "review"):
            yield f"{one['reference']} is {one['state']} here and completed there"
    ours = {one["reference"] for one in books.operations}
    for arrival in books.arrivals:
        # Half a request, cut off by a kill, has no reference that could be read; then it must have been refused.
        is_known = arrival["reference"] in ours if arrival["reference"] else arrival["status"] != 200
        if not is_known:
            yield f"{arrival['reference']} arrived and is not ours"


def _misbooked(books: Books, orders: dict[str, list[Row]]) -> Iterator[str]:
    for one in books.operations:
        if one["state"] == "completed":
            applied = [order for order in orders[one["reference"]] if _is_applied(order)]
            differences = ["no order"] if not applied else _differences(one, applied[0])
            yield from (f"{one['reference']} is completed here; there: {difference}" for difference in differences)
        elif one["state"] in _WITHOUT_EFFECT and one["partner_order_id"] is not None:
            yield f"{one['reference']} is {one['state']} and has an order"


def _differences(one: Row, order: Row) -> list[str]:
    # The books are the partner's account of ours: what it credits to a client is debited to us.
    side = "debit" if one["kind"] == "deposit" else "credit"
    other = "debit" if side == "credit" else "credit"
    said = {
        "id": (order["id"], one["partner_order_id"]),
        "client": (order["partner_client_id"], one["client"]),
        "type": (order["type"], one["kind"]),
        "asset": (order[f"{side}_asset_id"], one["asset"]),
        "amount": (Decimal(order[side] or 0), one["amount"]),
        "other side": (Decimal(order[other] or 0), Decimal(0)),
    }
    return [f"{name} {there} not {here}" for name, (there, here) in said.items() if there != here]


def _balances_off(books: Books, opening: dict[str, Decimal]) -> Iterator[str]:
    change = defaultdict[str, Decimal](Decimal)
    for one in books.operations:
        if one["state"] == "completed":
            change[one["client"]] += one["amount"] if one["kind"] == "deposit" else -one["amount"]
    for client, began in opening.items():
        has = Decimal(books.balances[client]["USD"]["balance"])
        if has != began + change[client]:
            yield f"{client} has {has} there; it should be {began + change[client]}"


# I7, I8 -------------------------------------------------------------------------------------------------------------


def _unapproved_sends(books: Books) -> Iterator[str]:
    withdrawals = {one["reference"]: one for one in books.operations if one["kind"] == "withdrawal"}
    for arrival in books.arrivals:
        one = withdrawals.get(arrival["reference"])
        if one is not None and not _is_approved(one, books, datetime.fromtimestamp(arrival["at"] / 1e6, UTC)):
            yield f"{one['reference']} was sent and nobody else had approved it"


def _is_approved(one: Row, books: Books, at: datetime) -> bool:
    decisions = books.approvers.get(one["approval_id"], [])
    return any(
        decision["decided_by_id"] != one["requested_by_id"]
        and decision["role"] == "manager"
        and decision["is_active"]
        and decision["decided_at"] <= at
        for decision in decisions
    )


def _gaps_in_history(books: Books) -> Iterator[str]:
    """Follow each operation through its entries: each begins where the one before it ended, the last one ends here."""
    state: dict[str, str] = {}
    for entry in books.entries:
        after = (entry["after"] or {}).get("state")
        if entry["object_type"] != "operation" or entry["result"] != "done" or not after:
            continue
        before = (entry["before"] or {}).get("state")
        if before != state.get(entry["object_id"]):
            yield f"{entry['object_id']} was {state.get(entry['object_id'])} and entry {entry['number']} says {before}"
        state[entry["object_id"]] = after
    for one in books.operations:
        if state.get(one["reference"]) != one["state"]:
            yield f"{one['reference']} is {one['state']} and its log ends with {state.get(one['reference'])}"


def _breaks_in_chain(books: Books) -> Iterator[str]:
    previous = "0" * 64
    for number, entry in enumerate(books.entries, 1):
        is_whole = hashlib.sha256(entry["canonical"].encode()).hexdigest() == entry["hash"]
        if entry["number"] != number or entry["prev"] != previous or not is_whole:
            yield f"the audit log breaks at entry {entry['number']}"
            return
        previous = entry["hash"]

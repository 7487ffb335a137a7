"""The count at the end (reliability.md §12, I1 to I9). It shares no code with the product: raw SQL on our side, the
sandbox's own books on the partner's, and arithmetic of its own.

What it is told besides is what the schedule itself scripted at the partner: outside orders and altered ones.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from sqlite3 import Connection
from typing import Any, Final

import psycopg

#: What the partner calls us; to it, whoever signs with another partner's key is somebody else, with other books.
PARTNER: Final = "demo-partner"
QUARANTINE: Final = timedelta(seconds=300)
#: The total deadline of one request, and what reading a clock may add.
DEADLINE_MS: Final = 25_500
TO_REVIEW_AFTER: Final = timedelta(minutes=60)
#: Five minutes, as long as a look-up and its sweep take, and a worker that died over it.
LONGEST_PAUSE: Final = timedelta(minutes=8)
#: What closes an attempt: it can hold no order any more.
CLOSING: Final = ("not_applied", "never_sent")
ENDED_WITHOUT_EFFECT: Final = ("failed", "rejected", "cancelled", "expired")
FAILED_THERE: Final = ("failed", "rejected")
#: The rows of reliability.md §5 whose own answer shows an order that leads to review. A7 shows none: its look-up does.
DIFFERENT_ROWS: Final = ("A4", "A5")


@dataclass(frozen=True)
class Violation:
    """What must not be: ``count`` is the figure it is counted under (doubled, lost, misbooked, stuck, other)."""

    invariant: str
    count: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.sentence}"


@dataclass
class Scripted:
    """What the schedule did at the partner besides our requests: order ids, and references whose orders it altered.

    ``placed_before``: orders under references of ours, equal to what was meant, as a restore leaves them behind. One
    whose operation people ended before it was sent is found by reconciliation, not here. ``is_list_read``: the mirror
    was brought up to date last of all, and the watch compared. ``paid_elsewhere``: references of payments that people
    let be made from another account of ours.
    """

    outside_orders: set[int] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)
    placed_before: dict[str, int] = field(default_factory=dict)
    paid_elsewhere: set[str] = field(default_factory=set)
    was_stalled: bool = False
    is_list_read: bool = False


@dataclass
class Books:
    """Both sides of some clients, as they stand now."""

    operations: list[dict[str, Any]]
    attempts: dict[str, list[dict[str, Any]]]
    answers: dict[str, list[dict[str, Any]]]
    moves: dict[str, list[dict[str, Any]]]
    mirrored: dict[int, dict[str, Any]]
    late_orders: set[tuple[str, int, str]]
    gate: dict[str, Any]
    frozen: set[str]
    is_locked: bool
    orders: list[dict[str, Any]]
    movements: list[dict[str, Any]]

    def under(self, reference: str) -> list[dict[str, Any]]:
        return [order for order in self.orders if order["reference"] == reference]


def read_books(database: psycopg.Connection[dict[str, Any]], partner: Connection, clients: list[str]) -> Books:
    """Read everything about some clients, from our database and from the partner's."""

    def ours(sql: str) -> list[dict[str, Any]]:
        return database.execute(sql, (clients,)).fetchall()

    marks = ", ".join("?" * len(clients))
    operations = ours(_OPERATIONS)
    references = [operation["reference"] for operation in operations]
    orders = partner.execute(f"SELECT * FROM orders WHERE client IN ({marks})", clients).fetchall()  # noqa: S608
    movements = partner.execute(f"SELECT * FROM movements WHERE client IN ({marks})", clients).fetchall()  # noqa: S608
    foreign = [
        row
        for reference in references
        for row in partner.execute("SELECT * FROM orders WHERE reference = ?", (reference,)).fetchall()
    ]
    every = {row["id"]: dict(row) for row in [*orders, *foreign]}
    mirrored = database.execute(_MIRRORED, (list(every),)).fetchall()
    gate = database.execute("SELECT * FROM funding_gate").fetchone()
    return Books(
        operations=operations,
        attempts=_grouped(ours(_ATTEMPTS)),
        answers=_grouped(ours(_ANSWERS)),
        moves=_grouped(database.execute(_MOVES, (references,)).fetchall()),
        mirrored={row["id"]: row for row in mirrored},
        late_orders={(row["reference"], row["order_id"], row["kind"]) for row in ours(_LATE_ORDERS)},
        gate=gate or {},
        frozen={row["reference"] for row in ours(_FROZEN)},
        is_locked=database.execute(_LOCKED).fetchone() is not None,
        orders=list(every.values()),
        movements=[dict(row) for row in movements],
    )


def count_violations(books: Books, scripted: Scripted, now: datetime) -> list[Violation]:
    """Return everything that must not be."""
    found: list[Violation] = []
    for operation in books.operations:
        if operation["state"] in ("pending_approval", "approved", "cancelled", "rejected", "expired"):
            scripted.outside_orders.add(scripted.placed_before.get(operation["reference"], -1))
    for operation in books.operations:
        found += _at_most_one_order(operation, books, scripted)
        found += _from_our_account(operation, books, scripted)
        found += _completed_means_completed(operation, books, scripted)
        found += _ended_means_not_applied(operation, books, scripted)
        found += _late_orders_told(operation, books, scripted)
        found += _settled(operation, books, now)
        found += _proven(operation, books)
        found += _reviewed_rightly(operation, books)
        found += _one_entry_per_move(operation, books)
        found += _digit_for_digit(operation, books)
        found += _ends_are_final(operation, books)
        found += _deadlines_kept(operation, books, scripted)
    return [*found, *_chains(books), *_balances(books, scripted), *_all_mirrored(books, scripted)]


# I1 to I3 -------------------------------------------------------------------------------------------------------------


def _at_most_one_order(operation: dict[str, Any], books: Books, scripted: Scripted) -> list[Violation]:
    orders = [order for order in books.under(operation["reference"]) if order["id"] not in scripted.outside_orders]
    if len(orders) <= 1:
        return []
    return [Violation("I1", "doubled", f"{operation['reference']} has {len(orders)} orders at the partner")]


def _from_our_account(operation: dict[str, Any], books: Books, scripted: Scripted) -> list[Violation]:
    """No order of ours stands in the books of another partner, whatever became of it there and here (F34)."""
    reference = operation["reference"]
    if reference in scripted.paid_elsewhere:
        return []
    return [
        Violation("I2", "misbooked", f"{reference} was paid from another account: {order['partner']}'s")
        for order in books.under(reference)
        if order["partner"] != PARTNER
    ]


def _chains(books: Books) -> list[Violation]:
    """Per chain of copies at most one is applied."""
    before = {operation["reference"]: operation["copied_from"] for operation in books.operations}
    applied: dict[str, list[str]] = {}
    for order in books.orders:
        if order["status"] == "completed" and order["reference"] in before:
            applied.setdefault(_first_of_chain(order["reference"], before), []).append(order["reference"])
    return [
        Violation("I1", "doubled", f"{' and '.join(references)} are copies of one intent, and both were applied")
        for references in applied.values()
        if len(set(references)) > 1
    ]


def _first_of_chain(reference: str, before: dict[str, str | None]) -> str:
    while (earlier := before.get(reference)) is not None:
        reference = earlier
    return reference


def _completed_means_completed(operation: dict[str, Any], books: Books, scripted: Scripted) -> list[Violation]:
    """I2: completed here if, and only if, one order there is completed and equal in every field."""
    reference, state = operation["reference"], operation["state"]
    if reference in scripted.altered:
        return []
    equal = [
        order
        for order in books.under(reference)
        if order["id"] not in scripted.outside_orders and order["status"] == "completed" and _is_equal(order, operation)
    ]
    if state == "completed" and [order["id"] for order in equal] != [operation["partner_order_id"]]:
        return [Violation("I2", "misbooked", f"{reference} is completed here, and its order there is not")]
    if equal and state not in ("completed", "review"):
        return [Violation("I2", "lost", f"{reference} was applied by the partner and is {state} here")]
    return []


def _is_equal(order: dict[str, Any], operation: dict[str, Any]) -> bool:
    side, other = ("debit", "credit") if operation["kind"] == "deposit" else ("credit", "debit")
    return (
        order["client"] == operation["partner_client_id"]
        and order["type"] == operation["kind"]
        and order[f"{side}_asset"] == operation["asset_id"]
        and order[side] is not None
        and Decimal(order[side]) == Decimal(operation["amount_text"])
        and order[other] is None
    )


def _ended_means_not_applied(operation: dict[str, Any], books: Books, scripted: Scripted) -> list[Violation]:
    if operation["state"] not in ENDED_WITHOUT_EFFECT or operation["reference"] in scripted.altered:
        return []
    applied = [
        order
        for order in books.under(operation["reference"])
        if order["status"] == "completed" and order["id"] not in scripted.outside_orders
    ]
    if not applied:
        return []
    return [Violation("I3", "lost", f"{operation['reference']} is {operation['state']} here and applied there")]


def _late_orders_told(operation: dict[str, Any], books: Books, scripted: Scripted) -> list[Violation]:
    """Once the list was read to its end, whatever stands there under what ended without effect here was reported.

    An unfinished order that two people knew of when they closed is no news to them; its completion is.
    """
    if operation["state"] not in ENDED_WITHOUT_EFFECT or not scripted.is_list_read:
        return []
    reference, is_closed = operation["reference"], operation["closing_id"] is not None
    speaking = [
        (order["id"], "completed" if order["status"] == "completed" else "open")
        for order in books.under(reference)
        if order["status"] == "completed" or (order["status"] not in FAILED_THERE and not is_closed)
    ]
    return [
        Violation("I3", "lost", f"order {order} stands there, {reference} is {operation['state']}, and nobody was told")
        for order, kind in speaking
        if (reference, order, kind) not in books.late_orders
    ]


# I4 -------------------------------------------------------------------------------------------------------------------


def _settled(operation: dict[str, Any], books: Books, now: datetime) -> list[Violation]:
    """Nothing is under way or in doubt any more; what is approved and held by nothing has been sent, or has expired."""
    state, reference = operation["state"], operation["reference"]
    if state in ("submitting", "unknown"):
        return [Violation("I4", "stuck", f"{reference} is still {state} after the quiet phase")]
    paused, halted = books.gate.get("paused_until"), books.gate.get("halted_at")
    is_held = halted is not None or (paused is not None and paused > now) or reference in books.frozen
    if state == "approved" and operation["valid_until"] > now and not is_held:
        return [Violation("I4", "stuck", f"{reference} is approved, held by nothing, and was not sent")]
    # What stands at the partner was sent in time; and what may have been paid since a backup is not called expired.
    may_stay = books.is_locked or (state == "approved" and bool(books.under(reference)))
    if state in ("pending_approval", "approved") and operation["valid_until"] <= now and not may_stay:
        return [Violation("I4", "stuck", f"{reference} is {state}, and its time ran out")]
    return []


def _proven(operation: dict[str, Any], books: Books) -> list[Violation]:
    """Nothing ends by age: what failed was refused in every attempt, stands there as failed, or is proven absent."""
    reference = operation["reference"]
    attempts = books.attempts.get(reference, [])
    closed = {row["number"] for row in attempts if row["evidence"] in CLOSING}
    is_closed = closed == {row["number"] for row in attempts}
    state = operation["state"]
    if state in ("cancelled", "rejected", "expired") and not is_closed:
        return [Violation("I4", "misbooked", f"{reference} is {state} with an attempt open")]
    if state != "failed" or operation["closing_id"] is not None:
        return []
    stands_failed = any(order["status"] in FAILED_THERE for order in books.under(reference))
    if (attempts and is_closed) or stands_failed or is_absent(attempts, books.answers.get(reference, [])):
        return []
    return [Violation("I4", "misbooked", f"{reference} is failed without proof")]


def is_absent(attempts: list[dict[str, Any]], answers: list[dict[str, Any]]) -> bool:
    """Two "not found" of the partner's own, past the bound by both clocks, at least a fifth of Q apart."""
    bound = max(_signed_until(attempts).values()) + QUARANTINE
    closed = {row["number"] for row in attempts if row["evidence"] in CLOSING}
    environments = {row["environment"] for row in attempts if row["number"] not in closed}
    dates = sorted(
        row["partner_date"]
        for row in answers
        if row["http_status"] == 404
        and row["environment"] in environments
        and len(environments) == 1
        and row["partner_date"] is not None
        and row["partner_date"] > bound
        and row["recorded_at"] > bound
        and _has_envelope(bytes(row["raw"]))
    )
    return len(dates) >= 2 and dates[-1] - dates[0] >= QUARANTINE / 5


def _signed_until(attempts: list[dict[str, Any]]) -> dict[int, datetime]:
    """When each attempt was signed, at the latest. One given up for lost may have told it after all."""
    signed: dict[int, datetime] = {row["number"]: row["planned_at"] for row in attempts}
    return signed | {row["number"]: row["signed_at"] for row in attempts if row["signed_at"] is not None}


def _has_envelope(raw: bytes) -> bool:
    try:
        content = json.loads(raw)
    except ValueError:
        return False
    return isinstance(content, dict) and type(content.get("code")) is int and isinstance(content.get("msg"), str)


def _reviewed_rightly(operation: dict[str, Any], books: Books) -> list[Violation]:
    """Review is for what the partner tells differently, or what an hour of asking could not settle."""
    reference = operation["reference"]
    moves = books.moves.get(reference, [])
    moved = next((int(move["transaction"]) for move in moves if move["after"] == "review"), None)
    if moved is None:
        return []
    attempts, answers = books.attempts.get(reference, []), books.answers.get(reference, [])
    before = [row for row in answers if row["written"] <= moved]
    differing = [row for row in attempts if row["row"] in DIFFERENT_ROWS]
    shown = [*differing, *(row for row in before if row["found"])]
    if any(not shows_it_completed(bytes(row["raw"]), operation) for row in shown):
        return []
    if any(row["row"] == "A7" for row in attempts):
        return []
    if was_asked_for_an_hour(attempts, before):
        return []
    return [Violation("I4", "stuck", f"{reference} went to review with nothing to review")]


def shows_it_completed(raw: bytes, operation: dict[str, Any]) -> bool:
    """Tell whether an answer shows the order that was meant, completed and equal in every field."""
    try:
        told = json.loads(raw, parse_float=Decimal)["result"]
        order = {
            "client": told["partner_client_id"],
            "type": told["type"],
            "debit": told.get("debit"),
            "debit_asset": told.get("debit_asset_id"),
            "credit": told.get("credit"),
            "credit_asset": told.get("credit_asset_id"),
        }
        is_it = told["partner_order_ref"] == operation["reference"] and told["status"] == "completed"
        return bool(is_it and _is_equal(order, operation))
    except (ValueError, ArithmeticError, KeyError, TypeError, AttributeError):
        return False


def was_asked_for_an_hour(attempts: list[dict[str, Any]], answers: list[dict[str, Any]]) -> bool:
    """Tell whether an hour of asking settled nothing, by the answers written down after the last claim.

    Between two of them lies at most what a pause can take, whatever a clock that was set meanwhile dated them.
    """
    if not attempts:
        return False
    last = max(attempts, key=lambda row: row["number"])
    dates = [row["recorded_at"] for row in answers if row["written"] > last["written"]]
    pauses = (min(max(later - earlier, timedelta()), LONGEST_PAUSE) for earlier, later in pairwise(dates))
    return sum(pauses, timedelta()) >= TO_REVIEW_AFTER - LONGEST_PAUSE


# I5 -------------------------------------------------------------------------------------------------------------------


def _balances(books: Books, scripted: Scripted) -> list[Violation]:
    """What changed there by orders is what was completed here, and what stands in review with an order of ours."""
    here: dict[tuple[str, str], Decimal] = {}
    for operation in books.operations:
        amount = _signed(operation["kind"], operation["amount_text"])
        if operation["state"] == "completed":
            key = (operation["partner_client_id"], operation["asset_id"])
            here[key] = here.get(key, Decimal(0)) + amount
    in_review = {operation["reference"] for operation in books.operations if operation["state"] == "review"}
    ours = {order["id"]: order for order in books.orders if order["id"] not in scripted.outside_orders}
    there: dict[tuple[str, str], Decimal] = {}
    for movement in books.movements:
        order = ours.get(movement["order_id"])
        if movement["cause"] == "order" and order is not None and order["reference"] not in in_review:
            key = (movement["client"], movement["asset"])
            there[key] = there.get(key, Decimal(0)) + Decimal(movement["change"])
    return [
        Violation("I5", "misbooked", f"{' '.join(key)}: {there.get(key, 0)} moved there, {here.get(key, 0)} here")
        for key in sorted({*here, *there})
        if here.get(key, Decimal(0)) != there.get(key, Decimal(0))
    ]


def _signed(kind: str, amount: str) -> Decimal:
    return Decimal(amount) if kind == "deposit" else -Decimal(amount)


# I8 and I9 ------------------------------------------------------------------------------------------------------------


def _one_entry_per_move(operation: dict[str, Any], books: Books) -> list[Violation]:
    """Every change of the state has its audit entry, in the same transaction, and no entry tells of another."""
    moves = books.moves.get(operation["reference"], [])
    states = [(move["transaction"], move["before"], move["after"]) for move in moves if move["kind"] == "state"]
    entries = [(move["transaction"], move["before"], move["after"]) for move in moves if move["kind"] == "entry"]
    if states == entries and states and states[-1][2] == operation["state"]:
        return []
    return [Violation("I8", "other", f"{operation['reference']} moved {states}, and the log tells {entries}")]


def _digit_for_digit(operation: dict[str, Any], books: Books) -> list[Violation]:
    """The mirror holds the amount of the order there, every digit of it; what was told falsely ends in review."""
    if operation["state"] != "completed":
        return []
    found = []
    for order in books.under(operation["reference"]):
        mirrored = books.mirrored.get(order["id"])
        for side in ("debit", "credit"):
            if mirrored and mirrored[side] is not None and order[side] is not None:
                told, kept = format(Decimal(order[side]), "f"), mirrored[side]
                if told != kept:
                    found.append(Violation("I9", "misbooked", f"order {order['id']} says {told}, the mirror {kept}"))
    return found


def _all_mirrored(books: Books, scripted: Scripted) -> list[Violation]:
    """Once the list was read to its end, the mirror holds every order."""
    missing = {order["id"] for order in books.orders} - books.mirrored.keys() if scripted.is_list_read else set()
    return [Violation("I9", "lost", f"order {order} is not in the mirror") for order in sorted(missing)]


def _ends_are_final(operation: dict[str, Any], books: Books) -> list[Violation]:
    """Nothing ever leaves a state that ends it (reliability.md §3)."""
    return [
        Violation("I8", "misbooked", f"{operation['reference']} was moved out of {move['before']}")
        for move in books.moves.get(operation["reference"], [])
        if move["kind"] == "state" and move["before"] in ("completed", *ENDED_WITHOUT_EFFECT)
    ]


def _deadlines_kept(operation: dict[str, Any], books: Books, scripted: Scripted) -> list[Violation]:
    """No request takes longer than its deadline, however slowly its answer comes (F6); a suspended machine's does."""
    if scripted.was_stalled:
        return []
    return [
        Violation(
            "F6", "other", f"a request for {operation['reference']} took {row['duration_ms']} ms: past its deadline"
        )
        for row in books.attempts.get(operation["reference"], [])
        if row["duration_ms"] is not None and row["duration_ms"] > DEADLINE_MS
    ]


def _grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["reference"], []).append(row)
    return groups


_OPERATIONS: Final = """
    SELECT o.*, o.amount::text AS amount_text, c.partner_client_id, p.reference AS copied_from
    FROM funding_operation o JOIN clients_client c ON c.id = o.client_id
    LEFT JOIN funding_operation p ON p.id = o.copy_of_id
    WHERE c.partner_client_id = ANY(%s) ORDER BY o.id
"""
#: Neither row ever changes, and transactions are numbered as they begin, whatever our clock says: ``written`` tells
#: which came first.
_ATTEMPTS: Final = """
    SELECT o.reference, a.number, a.environment, a.planned_at, u.evidence, u.row, u.signed_at, u.kind,
        u.duration_ms, u.raw, a.xmin::text::bigint AS written
    FROM funding_attempt a JOIN funding_operation o ON o.id = a.operation_id
    JOIN clients_client c ON c.id = o.client_id LEFT JOIN funding_attemptoutcome u ON u.attempt_id = a.id
    WHERE c.partner_client_id = ANY(%s) ORDER BY a.id
"""
_ANSWERS: Final = """
    SELECT o.reference, l.environment, l.asked_at, n.found, n.http_status, n.raw, n.partner_date, n.recorded_at,
        n.xmin::text::bigint AS written
    FROM funding_lookup l JOIN funding_operation o ON o.id = l.operation_id
    JOIN clients_client c ON c.id = o.client_id JOIN funding_lookupanswer n ON n.lookup_id = l.id
    WHERE c.partner_client_id = ANY(%s) ORDER BY n.id
"""
_MOVES: Final = "SELECT * FROM rig_moves WHERE reference = ANY(%s) ORDER BY id"
_MIRRORED: Final = """
    SELECT id, debit::text AS debit, credit::text AS credit FROM orders_order WHERE id = ANY(%s)
"""
_LATE_ORDERS: Final = """
    SELECT o.reference, l.order_id, l.kind FROM funding_lateorder l JOIN funding_operation o ON o.id = l.operation_id
    JOIN clients_client c ON c.id = o.client_id WHERE c.partner_client_id = ANY(%s)
"""
_FROZEN: Final = """
    SELECT o.reference FROM funding_operation o JOIN clients_client c ON c.id = o.client_id
    JOIN funding_freeze f ON f.released_at IS NULL AND (f.scope = 'everything'
        OR (f.scope = 'money_out' AND o.kind = 'withdrawal') OR f.asset_id = o.asset_id OR f.client_id = o.client_id)
    WHERE c.partner_client_id = ANY(%s)
"""
#: The lock after a restore: a freeze with the moment of its backup.
_LOCKED: Final = "SELECT 1 FROM funding_freeze WHERE released_at IS NULL AND backup_at IS NOT NULL"

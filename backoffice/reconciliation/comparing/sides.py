"""What stands on our side of a run: the operations of this product, or the entries of a ledger the company keeps.

Both are said in the same columns: id, reference, client (the partner's id), kind, asset_id, amount, state, at, and
settled_at, from which on the partner should hold an order.
"""

from dataclasses import dataclass

from backoffice.reconciliation.models import Source


@dataclass(frozen=True)
class OurSide:
    """One side as SQL: its rows in the window, its row under a reference, and where a finding names it.

    ``window`` uses ``%(window_from)s``, ``%(window_to)s`` and ``%(client)s``, the partner's id or NULL for all.
    ``elsewhere`` is the row under ``sought.reference`` whatever its time, state and client. ``references_of_client``
    lists the references of ``%(client)s``. ``column`` of a finding holds the id.
    """

    column: str
    window: str
    elsewhere: str
    references_of_client: str


OPERATION = """
    SELECT p.id, p.reference, c.partner_client_id AS client, p.kind, p.asset_id, p.amount, p.state,
           COALESCE(a.claimed_at, p.approved_at, p.requested_at) AS at,
           COALESCE(p.ended_at, a.claimed_at, p.approved_at, p.requested_at) AS settled_at
"""
#: Of one client are also operations under whose reference the partner booked for it.
OPERATIONS_ASKED_FOR = """
    p.state = ANY(%(may_have_moved)s)
    AND (
        %(client)s::text IS NULL
        OR c.partner_client_id = %(client)s
        OR EXISTS (
            SELECT 1 FROM orders_order o WHERE o.partner_order_ref = p.reference AND o.partner_client_id = %(client)s
        )
    )
"""
#: The time of an operation is its first claim. One that was never claimed has not been sent, and was last touched by
#: its approval or its request: it is still open, or it failed without a sending and nothing of it can be missing.
OPERATIONS = OurSide(
    column="operation_id",
    window=f"""
        {OPERATION}
        FROM funding_attempt a
        JOIN funding_operation p ON p.id = a.operation_id
        JOIN clients_client c ON c.id = p.client_id
        WHERE a.number = 1 AND a.claimed_at >= %(window_from)s AND a.claimed_at < %(window_to)s
          AND {OPERATIONS_ASKED_FOR}
        UNION ALL
        {OPERATION}
        FROM funding_operation p
        JOIN clients_client c ON c.id = p.client_id
        LEFT JOIN funding_attempt a ON a.operation_id = p.id AND a.number = 1
        WHERE p.state = ANY(%(not_ended)s) AND a.id IS NULL
          AND COALESCE(p.approved_at, p.requested_at) >= %(window_from)s
          AND COALESCE(p.approved_at, p.requested_at) < %(window_to)s
          AND {OPERATIONS_ASKED_FOR}
    """,
    elsewhere=f"""
        {OPERATION}
        FROM funding_operation p
        JOIN clients_client c ON c.id = p.client_id
        LEFT JOIN funding_attempt a ON a.operation_id = p.id AND a.number = 1
        WHERE p.reference = sought.reference
    """,
    references_of_client="""
        SELECT p.reference FROM funding_operation p JOIN clients_client c ON c.id = p.client_id
        WHERE c.partner_client_id = %(client)s
    """,
)

ENTRY = """
    SELECT e.id, e.reference, e.partner_client_id AS client, e.kind, e.asset_id, e.amount, e.status AS state,
           e.booked_at AS at, e.booked_at AS settled_at
    FROM reconciliation_ledgerentry e
    JOIN reconciliation_ledgerfile f ON f.id = e.file_id
    WHERE f.source_id = %(ledger_id)s AND f.state = 'accepted'
"""
#: An entry says what has ended, so its time is when it was booked. A reference stands once among those that count.
ENTRIES = OurSide(
    column="entry_id",
    window=f"""
        {ENTRY} AND e.booked_at >= %(window_from)s AND e.booked_at < %(window_to)s
          AND (
            %(client)s::text IS NULL
            OR e.partner_client_id = %(client)s
            OR EXISTS (
                SELECT 1 FROM orders_order o
                WHERE o.partner_order_ref = e.reference AND o.partner_client_id = %(client)s
            )
          )
    """,  # noqa: S608  (no value of anybody's: constants of this module)
    elsewhere=f"{ENTRY} AND e.reference = sought.reference",
    references_of_client=f"SELECT one.reference FROM ({ENTRY}) one WHERE one.client = %(client)s",  # noqa: S608
)

SIDES = {Source.OPERATIONS: OPERATIONS, Source.LEDGER: ENTRIES}

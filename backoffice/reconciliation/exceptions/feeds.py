"""What each source of runs claims is wrong, and what it proves right, as SELECTs that `opening` builds on.

``found`` gives one row for each exception of the run ``%(run_id)s``: key, verdict, at, client, reference, operation_id,
order_id, transaction_id, asset, difference, at_risk, severity (NULL: judged by verdict and size) and finding_id (NULL
where the source has findings of its own kind). ``settled`` gives id, finding_id and verdict of those rows of
``standing`` (the exceptions of the source that have not ended and that no newer run has judged) that the run proves
right. Both may use ``%(run_id)s``, ``%(ledger_id)s``, ``%(window_from)s``, ``%(window_to)s``, ``%(is_complete)s``,
``%(exceptions)s`` and ``%(pending)s``.
"""

from dataclasses import dataclass

from backoffice.reconciliation.comparing.matching import THEIRS
from backoffice.reconciliation.models import Source

#: The completed effect of each side on the client, as `totals.SIDES` counts it.
EFFECTS = """
    SELECT f.*,
           CASE WHEN our_amount IS NULL THEN NULL
                WHEN our_state <> 'completed' THEN 0 * our_amount
                WHEN our_type = 'withdrawal' THEN -our_amount ELSE our_amount END AS our_net,
           CASE WHEN their_amount IS NULL THEN NULL
                WHEN their_status <> 'completed' THEN 0 * their_amount
                WHEN their_type IN ('withdrawal', 'buy') THEN -their_amount ELSE their_amount END AS their_net
    FROM reconciliation_finding f
    WHERE f.run_id = %(run_id)s AND f.verdict = ANY(%(exceptions)s)
"""
#: Theirs less ours; nothing where the two count different assets or neither moved anything that is known.
DIFFERENCE = """
    CASE WHEN our_asset <> their_asset OR COALESCE(our_net, their_net) IS NULL THEN NULL
         ELSE COALESCE(their_net, 0) - COALESCE(our_net, 0) END
"""
#: What may be lost: the size of the difference, to the amount in dispute where that is more. Where nothing has moved on
#: either side, or as much on both, the whole of the larger side: it moved for another client, or may still move.
AT_RISK = f"""
    CASE WHEN verdict = 'amount_differs' AND their_amount IS NOT NULL
         THEN GREATEST(abs(their_amount - our_amount), abs(COALESCE(their_opposite_amount, 0)),
                       abs(COALESCE(their_net, 0) - our_net))
         ELSE COALESCE(NULLIF(abs({DIFFERENCE}), 0), GREATEST(our_amount, their_amount)) END
"""


def found_by(key: str) -> str:
    """The exceptions among a run's findings, each under its ``key``."""
    return f"""
        SELECT {key} AS key, verdict, COALESCE(their_at, our_at) AS at,
               COALESCE(our_client, their_client, '') AS client, reference, operation_id, order_id,
               NULL::uuid AS transaction_id, COALESCE(our_asset, their_asset, '') AS asset,
               {DIFFERENCE} AS difference, {AT_RISK} AS at_risk,
               NULL::text AS severity, id AS finding_id
        FROM ({EFFECTS}) f
    """  # noqa: S608  (no value of anybody's: constants of this module)


#: What clears an exception of an order that stood alone and is gone at CoinMENA, in place of a verdict.
NO_LONGER_LISTED = "no_longer_listed"


def gone_alone(key: str) -> str:
    """Those of ``standing`` about nothing but an order, under its ``key``, that CoinMENA no longer has.

    No finding says it, since a run leaves the order out: the order itself does.
    """
    return f"""
        SELECT i.id, NULL::bigint, '{NO_LONGER_LISTED}' FROM standing i
        JOIN orders_order o ON o.id = i.order_id AND o.vanished_at IS NOT NULL
        WHERE %(is_complete)s AND i.key = {key} AND NOT {THEIRS}
            AND i.at >= %(window_from)s AND i.at < %(window_to)s
    """  # noqa: S608  (no value of anybody's: constants of this module)


@dataclass(frozen=True)
class Feed:
    """What a source feeds its exceptions with: two SELECTs, described above."""

    found: str
    settled: str


#: Matched by now; or an order that stood alone and is now part of a pair, whatever is said of the pair, or is gone.
OPERATIONS = Feed(
    found=found_by("CASE WHEN operation_id IS NULL THEN 'order:' || order_id ELSE 'operation:' || reference END"),
    settled=f"""
        SELECT i.id, f.id AS finding_id, f.verdict FROM standing i
        JOIN reconciliation_finding f ON f.operation_id = i.operation_id
        WHERE f.run_id = %(run_id)s AND f.verdict = 'matched'
        UNION ALL
        SELECT i.id, f.id, f.verdict FROM standing i
        JOIN reconciliation_finding f ON f.order_id = i.order_id
        WHERE i.operation_id IS NULL AND f.operation_id IS NOT NULL
          AND f.run_id = %(run_id)s AND f.verdict <> ALL(%(pending)s)
        UNION ALL
        {gone_alone("'order:' || i.order_id")}
    """,  # noqa: S608  (no value of anybody's: constants of this module)
)
#: An order's key names the ledger: what is extra to one book may be matched in another. A file that was withdrawn takes
#: what was said of its entries with it.
LEDGER = Feed(
    found=found_by(
        "CASE WHEN entry_id IS NULL THEN 'order:' || %(ledger_id)s || ':' || order_id"
        " ELSE 'entry:' || %(ledger_id)s || ':' || reference END"
    ),
    settled=f"""
        SELECT i.id, f.id AS finding_id, f.verdict FROM standing i
        JOIN reconciliation_finding f ON i.key = 'entry:' || %(ledger_id)s || ':' || f.reference
        WHERE f.run_id = %(run_id)s AND f.verdict = 'matched' AND f.entry_id IS NOT NULL
        UNION ALL
        SELECT i.id, f.id, f.verdict FROM standing i
        JOIN reconciliation_finding f ON f.order_id = i.order_id
        WHERE i.key = 'order:' || %(ledger_id)s || ':' || i.order_id AND f.entry_id IS NOT NULL
          AND f.run_id = %(run_id)s AND f.verdict <> ALL(%(pending)s)
        UNION ALL
        SELECT i.id, NULL, 'withdrawn' FROM standing i
        WHERE %(is_complete)s AND i.key = 'entry:' || %(ledger_id)s || ':' || i.reference
          AND NOT EXISTS (
            SELECT 1 FROM reconciliation_ledgerentry e JOIN reconciliation_ledgerfile l ON l.id = e.file_id
            WHERE e.reference = i.reference AND l.source_id = %(ledger_id)s AND l.state = 'accepted'
          )
        UNION ALL
        {gone_alone("'order:' || %(ledger_id)s || ':' || i.order_id")}
    """,  # noqa: S608  (no value of anybody's: constants of this module)
)

_feeds: dict[Source, Feed] = {Source.OPERATIONS: OPERATIONS, Source.LEDGER: LEDGER}


def register(source: Source, feed: Feed) -> None:
    """Have the runs of a source feed the exceptions; called from ``AppConfig.ready()``."""
    _feeds[source] = feed


def feed_of(source: str) -> Feed | None:
    """Return what a source feeds, or nothing where it feeds no exceptions."""
    return _feeds.get(Source(source))

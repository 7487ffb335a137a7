"""What a proof of balances claims is wrong, for the exceptions: a difference that open exceptions do not explain."""

from backoffice.reconciliation.exceptions.feeds import Feed

FOUND = """
    SELECT 'balance:' || p.client || ':' || p.asset AS key, 'balance_differs' AS verdict, p.live_at AS at, p.client,
           '' AS reference, NULL::bigint AS operation_id, NULL::bigint AS order_id, NULL::uuid AS transaction_id,
           p.asset, p.difference, abs(p.difference) AS at_risk, NULL::text AS severity, NULL::bigint AS finding_id
    FROM reconciliation_balanceproof p WHERE p.run_id = %(run_id)s AND p.difference <> p.explained
"""

#: Come out even, or explained by now by the exceptions of the orders themselves.
SETTLED = """
    SELECT i.id, NULL::bigint AS finding_id, 'matched' AS verdict FROM standing i
    JOIN reconciliation_balanceproof p ON p.run_id = %(run_id)s AND i.key = 'balance:' || p.client || ':' || p.asset
    WHERE p.difference = p.explained
"""

FEED = Feed(found=FOUND, settled=SETTLED)

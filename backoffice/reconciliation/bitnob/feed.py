"""What a check of Bitnob claims is wrong, for the exceptions, in amounts of the currency as people read them."""

from decimal import Decimal

from backoffice.money import CURRENCY_EXPONENTS
from backoffice.reconciliation.bitnob.accounts import EFFECTS_OF_FAULTS
from backoffice.reconciliation.exceptions.feeds import Feed

#: Bitnob counts the smallest unit; a currency whose exponent nobody knows stays in raw units and is named so.
UNITS = ", ".join(
    f"('{currency}', {Decimal(1).scaleb(-exponent):f}::numeric)" for currency, exponent in CURRENCY_EXPONENTS.items()
)
ASSET = "CASE WHEN unit.size IS NULL THEN left({currency}, 26) || ' units' ELSE {currency} END"
AMOUNT = "{amount} * COALESCE(unit.size, 1)"
#: Money may have moved twice or the wrong way, or the past was changed.
GRAVE = "('side_contradicts', 'final_changed', 'reversal_unlinked', 'reference_shared')"

FOUND = f"""
    SELECT 'transaction:' || f.transaction_id || ':' || f.fault AS key, f.fault AS verdict, f.at, '' AS client,
           f.reference, NULL::bigint AS operation_id, NULL::bigint AS order_id, f.transaction_id,
           {ASSET.format(currency="f.currency")} AS asset, {AMOUNT.format(amount="said.effect")} AS difference,
           {AMOUNT.format(amount="abs(f.amount)")} AS at_risk,
           CASE WHEN f.fault IN {GRAVE} THEN 'high' WHEN f.fault = 'stuck' THEN 'low' END AS severity,
           NULL::bigint AS finding_id
    FROM reconciliation_transactionfinding f
    JOIN ({EFFECTS_OF_FAULTS}) said ON said.transaction_id = f.transaction_id AND said.fault = f.fault
    LEFT JOIN (VALUES {UNITS}) unit (currency, size) ON unit.currency = f.currency
    WHERE f.run_id = %(run_id)s
    UNION ALL
    SELECT 'balance:' || p.account || ':' || p.asset, 'balance_differs', p.live_at, '', '', NULL, NULL, NULL,
           {ASSET.format(currency="p.asset")}, {AMOUNT.format(amount="p.difference")},
           {AMOUNT.format(amount="abs(p.difference)")}, 'high', NULL
    FROM reconciliation_balanceproof p
    LEFT JOIN (VALUES {UNITS}) unit (currency, size) ON unit.currency = p.asset
    WHERE p.run_id = %(run_id)s AND p.difference <> p.explained
"""  # noqa: S608  (no value of anybody's: constants of this module and of the money)

#: Every transaction is tested each time: what no longer fails is right. A balance is right once it is proven.
SETTLED = """
    SELECT i.id, NULL::bigint AS finding_id, 'matched' AS verdict FROM standing i
    WHERE i.transaction_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM reconciliation_transactionfinding f
        WHERE f.run_id = %(run_id)s AND f.transaction_id = i.transaction_id
          AND i.key = 'transaction:' || f.transaction_id || ':' || f.fault
    )
    UNION ALL
    SELECT i.id, NULL, 'matched' FROM standing i
    JOIN reconciliation_balanceproof p ON p.run_id = %(run_id)s AND i.key = 'balance:' || p.account || ':' || p.asset
    WHERE p.difference = p.explained
"""

FEED = Feed(found=FOUND, settled=SETTLED)

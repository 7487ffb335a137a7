"""Bitnob's transactions read newest first in pages of ten, as the tests of that reading need it."""

from datetime import timedelta
from functools import partial
from typing import Any, Final

from backoffice.mirror.cursors import sync_newest_first
from backoffice.mirror.models import SyncRun
from backoffice.mirror.open_rows import OpenRows
from backoffice.mirror.partners import bitnob
from backoffice.partner.bitnob import payloads
from backoffice.transactions.models import Transaction
from backoffice.transactions.services import TRANSACTIONS, listed_values
from tests.partners import Partners, minutes_ago

LIST: Final = {"path": "/api/transactions", "method": "GET"}


def sync(limit: int = 10, **options: Any) -> SyncRun:
    """Read the transactions into the mirror, looking back an hour."""
    return sync_newest_first(
        TRANSACTIONS,
        to_values=listed_values,
        is_settled=lambda transaction: transaction.is_terminal,
        made_at=lambda transaction: transaction.created_at,
        look_back=timedelta(hours=1),
        **{"fetch": partial(bitnob().transactions, limit=limit), **options},
    )


def open_rows() -> OpenRows:
    def keys() -> list[str]:
        waiting = Transaction.objects.filter(state="PENDING").values_list("transaction_id", flat=True)
        return [str(key) for key in waiting]

    def fetch(key: str) -> payloads.Transaction:
        return bitnob().transaction(key)

    return OpenRows(keys=keys, fetch=fetch, to_values=listed_values)


def make_settled(partners: Partners, count: int, *, from_minutes: int, apart: int = 7) -> None:
    """Book settled transactions, the newest so many minutes old and each of the others so many minutes older."""
    made = [
        {
            "currency": "USDT",
            "amount": "1000000",
            "state": "SETTLED",
            "type": "DEPOSIT_CONFIRMED",
            "reference": f"RCV_{from_minutes}_{number}",
            "created_at": minutes_ago(from_minutes + apart * number),
        }
        for number in range(count)
    ]
    partners.control("POST", "transactions", {"transactions": made})

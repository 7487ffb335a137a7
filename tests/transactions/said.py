"""Transactions as Bitnob says them, and the mirror they are written into by the service that mirrors."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from backoffice.database import clock
from backoffice.mirror.incidents import store
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.targets import Row
from backoffice.partner.bitnob import payloads
from backoffice.partner.strict_json import slice_at
from backoffice.transactions.models import Transaction
from backoffice.transactions.services import TRANSACTIONS, listed_values

NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)


def key(number: int) -> str:
    """The id of the transaction of that number."""
    return str(UUID(int=number))


def said(number: int = 1, **fields: Any) -> payloads.Transaction:
    """Return a settled deposit of 0.0015 BTC as the partner says it, with these fields said otherwise.

    A field given as ``...`` is left out.
    """
    transaction = {
        "transaction_id": key(number),
        "account_number": "7000000001",
        "currency": "BTC",
        "type": "DEPOSIT_CONFIRMED",
        "state": "SETTLED",
        "amount": "150000",
        "fee": "0",
        "reference": f"RCV_{number}",
        "idempotency_key": f"dep-{number}",
        "trade_id": "",
        "metadata": {"channel": "onchain", "btc_spot_price": "62000.10"},
        "created_at": "2026-11-19T12:00:00.000001+00:00",
        "updated_at": "2026-11-19T12:30:00.000000+00:00",
        "value_date": "2026-11-19",
        "amount_formatted": "0.0015 BTC",
        "fee_formatted": "0.0 BTC",
        "side": "Credit",
        **fields,
    }
    spoken = {name: value for name, value in transaction.items() if value is not ...}
    return payloads.Transaction.from_slice(slice_at(json.dumps({"data": spoken}).encode(), "data"))


def payout(number: int = 2, **fields: Any) -> payloads.Transaction:
    """Return a withdrawal of 2 USDT under way, with a fee of 1 USDT, as the list says it."""
    under_way = {"currency": "USDT", "type": "WITHDRAWAL_INITIATED", "state": "IN_PROGRESS"}
    moved = {"amount": "-2000000", "fee": "1000000", "reference": "wd_20260105_a41f9c", "side": "Debit"}
    return said(number, **{**under_way, **moved, **fields})


def mirror(*transactions: payloads.Transaction, read_at: datetime = NOON) -> None:
    """Write transactions into the mirror as a sync does."""
    store(TRANSACTIONS, [Row(listed_values(each), each.raw, read_at) for each in transactions])


def mirrored(transaction: payloads.Transaction) -> Transaction:
    """Write one transaction into the mirror and return its row."""
    mirror(transaction)
    return Transaction.objects.get(pk=transaction.transaction_id)


def deposits(count: int, first: int = 1) -> Iterable[payloads.Transaction]:
    """Return deposits a second apart, each of another amount."""
    for number in range(first, first + count):
        moment = NOON - timedelta(seconds=number)
        yield said(number, amount=str(number), created_at=moment.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00"))


def bitnob_is_read(answered_at: datetime | None = None) -> None:
    """Both mirrors of Bitnob were read in full this moment, or the balances when said otherwise."""
    now = clock.now()
    for mirror, at in ((Mirror.BITNOB_BALANCES, answered_at or now), (Mirror.TRANSACTIONS, now)):
        SyncRun.objects.create(mirror=mirror, state=SyncRun.State.COMPLETE, started_at=at, finished_at=at, read_to=at)

"""The tests of Bitnob's transactions once more, row by row in Python. A property test compares it with the SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from backoffice.reconciliation.bitnob.checking import STUCK_AFTER
from backoffice.transactions.models import Transaction

Found = set[tuple[int, str]]


@dataclass(frozen=True)
class Link:
    """A reversal and what it takes back."""

    reversal: Transaction
    reversed: Transaction


def faults_of(transactions: Iterable[Transaction], now: datetime) -> Found:
    """Every test every transaction does not pass, by the number of the transaction."""
    rows = sorted(transactions, key=in_time)
    links = links_of(rows)
    return {
        (row.pk.int, fault)
        for row in rows
        for fault, is_true in {
            "detail_differs": detail_differs(row),
            "side_contradicts": row.side_contradicts_sign,
            "reversed_unlinked": row.state == "REVERSED" and all(link.reversed != row for link in links),
            "reversal_unlinked": row.type == "REVERSAL" and row.state == "SETTLED" and not takes_back(row, links),
            "reference_shared": is_shared(row, rows),
            "state_unknown": row.state not in ("PENDING", "IN_PROGRESS", "SETTLED", "FAILED", "REVERSED"),
            "stuck": row.state in ("PENDING", "IN_PROGRESS") and row.created_at < now - STUCK_AFTER,
        }.items()
        if is_true
    }


def in_time(row: Transaction) -> tuple[datetime, int]:
    return row.created_at, row.pk.int


def detail_differs(row: Transaction) -> bool:
    difference = row.difference_by_id
    return difference is not None and abs(difference) != abs(row.fee or 0)


def is_shared(row: Transaction, rows: list[Transaction]) -> bool:
    """Whether an earlier transaction of another unit carries this reference."""
    if not row.reference or row.type == "REVERSAL":
        return False
    first = next(other for other in rows if other.reference == row.reference and other.type != "REVERSAL")
    return unit(first) != unit(row)


def unit(row: Transaction) -> str:
    return row.trade_id or str(row.pk)


def takes_back(row: Transaction, links: list[Link]) -> bool:
    return any(link.reversal == row and link.reversed.state == "REVERSED" for link in links)


def links_of(rows: list[Transaction]) -> list[Link]:
    """Pair reversals with what they take back: first by name, then with the fee given back, then without it."""
    reversals = [row for row in rows if row.type == "REVERSAL" and row.state != "FAILED"]
    others = [row for row in rows if row.type != "REVERSAL" and row.state in ("SETTLED", "REVERSED")]
    links: list[Link] = []
    for row in reversals:
        named = [other for other in others if str(other.pk) == row.metadata.get("reversed_transaction_id")]
        links += [Link(row, other) for other in named if fits(row, other) and free(other, links)]
    for with_fee in (True, False):
        links += by_rank(reversals, others, links, with_fee=with_fee)
    return links


def by_rank(
    reversals: list[Transaction], others: list[Transaction], before: list[Link], *, with_fee: bool
) -> list[Link]:
    def opposite(other: Transaction) -> int:
        return int((other.fee or 0 if with_fee else 0) - other.amount)

    open_reversals = [row for row in reversals if not row.metadata.get("reversed_transaction_id") and free(row, before)]
    open_others = [other for other in others if free(other, before)]
    found = []
    for key, group in groupby(sorted(open_reversals, key=group_key), key=group_key):
        fitting = [other for other in open_others if (other.reference, other.currency, opposite(other)) == key]
        in_turn = sorted(fitting, key=lambda other: (other.state != "REVERSED", *in_time(other)))
        found += [Link(*pair) for pair in zip(sorted(group, key=in_time), in_turn, strict=False) if key[0]]
    return found


def group_key(row: Transaction) -> tuple[str, str, int]:
    return row.reference, row.currency, int(row.amount)


def fits(reversal: Transaction, other: Transaction) -> bool:
    return reversal.currency == other.currency and reversal.amount in (-other.amount, (other.fee or 0) - other.amount)


def free(row: Transaction, links: list[Link]) -> bool:
    return all(row not in (link.reversal, link.reversed) for link in links)

"""What people ask of the transactions: which a text finds, which belong together, what they add up to."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from backoffice.mirror.models import Incident, Mirror
from backoffice.transactions.models import REVERSED, SETTLED, TERMINAL_STATES, AccountBalance, Transaction
from backoffice.transactions.units import for_people
from backoffice.ui.listing import Summary

Transactions = QuerySet[Transaction]

#: A reference that hundreds of transactions share is shown by its newest.
MOST_RELATED: Final = 50
MOST_OPEN: Final = 100


def listed() -> Transactions:
    """Transactions with what a list shows of them."""
    return Transaction.objects.defer("raw", "metadata")


def found_by(transactions: Transactions, text: str) -> Transactions:
    """Transactions whose reference begins with `text`, or whose id, idempotency key or trade it is."""
    found = Q(reference__startswith=text) | Q(idempotency_key=text) | Q(trade_id=text)
    transaction_id = id_in(text)
    return transactions.filter(found | Q(pk=transaction_id) if transaction_id else found)


def id_in(text: str) -> UUID | None:
    """The transaction's id where `text` is one, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def open_ids() -> list[str]:
    """The ids of the transactions that are not final, in no order, so that each of many is read again before long."""
    still_open = Transaction.objects.exclude(state__in=TERMINAL_STATES)
    return [str(pk) for pk in still_open.order_by("?").values_list("pk", flat=True)[:MOST_OPEN]]


def amount_listed(transaction_id: str) -> Decimal | None:
    """The amount the list gave for a transaction, in the smallest unit, or None where the mirror does not hold it."""
    known = id_in(transaction_id)
    return Transaction.objects.filter(pk=known).values_list("amount", flat=True).first() if known else None


def belonging_with(one: Transaction) -> Sequence[Transaction]:
    """The other transactions under the same reference or of the same trade, newest first."""
    shared = Q(pk=None)
    if one.reference:
        shared |= Q(reference=one.reference)
    if one.trade_id:
        shared |= Q(trade_id=one.trade_id)
    return list(listed().filter(shared).exclude(pk=one.pk).order_by("-created_at", "-pk")[:MOST_RELATED])


def incidents_of(one: Transaction) -> Sequence[Incident]:
    """What Bitnob changed of this transaction although it was final, newest first."""
    kept = Incident.objects.filter(mirror=Mirror.TRANSACTIONS, object_id=str(one.pk))
    return list(kept.order_by("-seen_at", "-pk")[:MOST_RELATED])


def was_reversed_after_settling(one: Transaction, incidents: Sequence[Incident]) -> bool:
    """Whether we had seen it settled before it became reversed (bitnob.md §13, trap 3)."""
    return one.state == REVERSED and any(
        (incident.before or {}).get("state") == SETTLED and (incident.after or {}).get("state") == REVERSED
        for incident in incidents
    )


def balances() -> Sequence[AccountBalance]:
    """The newest balance of every account."""
    return list(AccountBalance.objects.order_by("currency", "account_id"))


def summarise(transactions: Transactions) -> Summary:
    """Count the filtered set and add up, by currency, what settled: credits, debits and fees apart. One query.

    Simulated transactions are counted and never added up. Whether an amount is net of its fee is not documented
    (bitnob.md §12.4), so the fees stand by themselves.
    """
    counts = Q(state=SETTLED, is_simulated=False)
    groups = list(
        transactions.order_by()
        .values("currency")
        .annotate(
            rows=Count("pk"),
            credited=Sum("amount", filter=counts & Q(amount__gt=0)),
            debited=Sum("amount", filter=counts & Q(amount__lt=0)),
            fees=Sum("fee", filter=counts),
        )
    )
    return Summary(sum(group["rows"] for group in groups), sums_by_currency(groups))


def sums_by_currency(groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Decimal]]]:
    """Arrange the sums of `summarise` for people, the currency with the most transactions first."""
    labels = {"credited": _("Settled in"), "debited": _("Settled out"), "fees": _("Fees of both")}
    sums: dict[str, dict[str, Decimal]] = {}
    for group in sorted(groups, key=lambda group: -group["rows"]):
        for key, label in labels.items():
            if group[key] is not None:
                said = for_people(group[key], group["currency"])
                sums.setdefault(said.name, {})[label] = said.amount
    return list(sums.items())

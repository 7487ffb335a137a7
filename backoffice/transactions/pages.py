"""What the pages of the transactions show, as display values."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror.incidents import CHANGED, NOT_READ_AGAIN, VANISHED
from backoffice.mirror.models import Incident
from backoffice.transactions.columns import amount_shown, direction, state_badge, type_shown
from backoffice.transactions.models import REVERSAL, AccountBalance, Transaction
from backoffice.transactions.queries import was_reversed_after_settling
from backoffice.transactions.units import for_people
from backoffice.ui.evidence import laid_out
from backoffice.ui.text import visible
from backoffice.ui.values import Amount, Crumb, Effect, Fact, Reference

#: Metadata is the partner's own and may grow: so many entries are drawn, the raw answer has them all.
MOST_METADATA: Final = 40
#: What happened to a transaction, by the kind of its incident.
INCIDENTS: Final[dict[str, Promise]] = {
    CHANGED: _("Bitnob changed what it had said."),
    VANISHED: _("Bitnob no longer lists this transaction."),
    NOT_READ_AGAIN: _("Bitnob's answer about this transaction cannot be used."),
}


def detail_context(
    transaction: Transaction, related: Sequence[Transaction], incidents: Sequence[Incident]
) -> dict[str, Any]:
    """Everything the page of one transaction draws."""
    said = for_people(transaction.amount.copy_abs(), transaction.currency)
    return {
        "transaction": transaction,
        "headline": type_shown(transaction).text,
        "headline_amount": said,
        "badge": state_badge(transaction),
        "crumbs": [Crumb(gettext("Transactions"), reverse("transactions:list")), Crumb(str(transaction.pk)[:8])],
        "facts": facts(transaction),
        "origin": origin(transaction),
        "metadata": metadata_facts(transaction.metadata),
        "metadata_left_out": max(len(transaction.metadata) - MOST_METADATA, 0),
        "related": [leg(each) for each in related],
        "incidents": [incident_shown(each) for each in incidents],
        "was_reversed": was_reversed_after_settling(transaction, incidents),
        "reversals": [leg(each) for each in related if each.type == REVERSAL],
        "difference": difference(transaction),
        "raw": laid_out(bytes(transaction.raw)),
        "raw_size": len(transaction.raw),
    }


def incident_shown(one: Incident) -> dict[str, Any]:
    """What happened, and when."""
    return {"heading": INCIDENTS[one.kind], "sentence": one.sentence, "seen_at": one.seen_at}


def facts(transaction: Transaction) -> list[Fact]:
    """What moved."""
    return [
        Fact(_("Type"), type_shown(transaction)),
        Fact(_("Type at Bitnob"), transaction.type),
        Fact(_("Amount"), amount_shown(transaction.amount, transaction)),
        Fact(_("Fee"), amount_shown(transaction.fee, transaction)),
        Fact(_("In the smallest unit"), units(transaction)),
        Fact(_("Side at Bitnob"), transaction.side),
        Fact(_("State at Bitnob"), transaction.state),
    ]


def units(transaction: Transaction) -> str:
    """Amount and fee as Bitnob counts them."""
    if transaction.fee is None:
        return f"{transaction.amount:f}"
    return gettext("%(amount)s, fee %(fee)s") % {"amount": f"{transaction.amount:f}", "fee": f"{transaction.fee:f}"}


def origin(transaction: Transaction) -> list[Fact]:
    """Which transaction it is and when it was made."""
    return [
        Fact(_("Transaction id"), Reference(str(transaction.pk))),
        Fact(_("Reference"), reference(transaction.reference)),
        Fact(_("Idempotency key"), reference(transaction.idempotency_key)),
        Fact(_("Trade"), reference(transaction.trade_id)),
        Fact(_("Account number"), reference(transaction.account_number)),
        Fact(_("Created"), transaction.created_at),
        Fact(_("Changed at Bitnob"), transaction.updated_at),
        Fact(_("Value date"), transaction.value_date),
    ]


def reference(text: str) -> Reference | None:
    return Reference(text) if text else None


def metadata_facts(metadata: Mapping[str, Any]) -> list[Fact]:
    """The metadata by key, whatever it holds, as text; long values are cut where they are drawn."""
    return [Fact(visible(key, 80), as_text(value)) for key, value in sorted(metadata.items())[:MOST_METADATA]]


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def leg(transaction: Transaction) -> dict[str, Any]:
    """One line of the transactions that belong together."""
    return {
        "id": transaction.pk,
        "label": str(transaction.pk)[:8],
        "effect": Effect(type_shown(transaction).text, direction(transaction)),
        "amount": amount_shown(transaction.amount, transaction),
        "badge": state_badge(transaction),
        "created_at": transaction.created_at,
        "is_reversal": transaction.type == REVERSAL,
    }


def difference(transaction: Transaction) -> dict[str, Any] | None:
    """How the look-up by id differs from the list, and whether the fee explains it (bitnob.md §13, trap 4)."""
    found = transaction.difference_by_id
    if found is None or transaction.amount_by_id is None:
        return None
    return {
        "by_list": shown(transaction.amount, transaction.currency),
        "by_id": shown(transaction.amount_by_id, transaction.currency),
        "is_the_fee": transaction.fee is not None and abs(found) == abs(transaction.fee),
    }


def shown(units: Decimal, currency: str) -> Amount:
    said = for_people(units, currency)
    return Amount(said.amount, said.name)


def balances_context(balances: Sequence[AccountBalance]) -> dict[str, Any]:
    """The accounts at Bitnob and the age of the oldest figure; holds explain what lies between the two balances."""
    return {
        "balances": [balance_shown(balance) for balance in balances],
        "balances_read_at": min((balance.read_at for balance in balances), default=None),
    }


def balance_shown(balance: AccountBalance) -> dict[str, Any]:
    available = for_people(balance.available_balance, balance.currency)
    ledger = for_people(balance.ledger_balance, balance.currency)
    return {"name": available.name, "available": available.amount, "ledger": ledger.amount}

"""The filters of the transactions list, all in the address."""

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.money import CURRENCY_EXPONENTS
from backoffice.transactions import queries
from backoffice.transactions.models import TERMINAL_STATES
from backoffice.transactions.queries import Transactions
from backoffice.transactions.vocabulary import TYPE_LABELS
from backoffice.ui.filters import ChoicesFilter, DateRangeFilter, SearchFilter

OTHER = "other"
CREDIT, DEBIT = "credit", "debit"
REAL, SIMULATED = "real", "simulated"
OPEN_STATES = ("PENDING", "IN_PROGRESS")
STATES = (*OPEN_STATES, *TERMINAL_STATES)


def of_types(transactions: Transactions, types: list[str]) -> Transactions:
    """Transactions of these types; `other` stands for every type the partner does not document."""
    wanted = Q(type__in=types)
    return transactions.filter(wanted | ~Q(type__in=TYPE_LABELS) if OTHER in types else wanted)


def in_states(transactions: Transactions, states: list[str]) -> Transactions:
    """Transactions in these states; `other` stands for every state the partner does not document."""
    wanted = Q(state__in=states)
    found = transactions.filter(wanted | ~Q(state__in=STATES) if OTHER in states else wanted)
    if set(states) & set(TERMINAL_STATES):
        return found
    # Says nothing new, but lets the database use the index of the few transactions that are not final.
    return found.filter(~Q(state__in=TERMINAL_STATES))


def in_currencies(transactions: Transactions, currencies: list[str]) -> Transactions:
    """Transactions in these currencies; `other` stands for every currency whose smallest unit we do not know."""
    wanted = Q(currency__in=currencies)
    return transactions.filter(wanted | ~Q(currency__in=CURRENCY_EXPONENTS) if OTHER in currencies else wanted)


def on_sides(transactions: Transactions, sides: list[str]) -> Transactions:
    """Credits, debits or both, by the sign of the amount."""
    if len(sides) > 1:
        return transactions
    return transactions.filter(amount__gt=0) if sides == [CREDIT] else transactions.filter(amount__lt=0)


def real_or_simulated(transactions: Transactions, kinds: list[str]) -> Transactions:
    """Real transactions, simulated ones or both."""
    return transactions if len(kinds) > 1 else transactions.filter(is_simulated=kinds == [SIMULATED])


class TransactionFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What the bar above the transactions offers."""

    q = SearchFilter(search=queries.found_by, label=_("Id, reference, idempotency key or trade"))
    type = ChoicesFilter(
        choices=[*TYPE_LABELS.items(), (OTHER, _("Something else"))],
        search=of_types,
        label=_("Type"),
        any_label=_("Any type"),
    )
    state = ChoicesFilter(
        choices=[*((state, state) for state in STATES), (OTHER, _("another state"))],
        search=in_states,
        label=_("State"),
        any_label=_("Any state"),
    )
    currency = ChoicesFilter(
        choices=[*((currency, currency) for currency in CURRENCY_EXPONENTS), (OTHER, _("another currency"))],
        search=in_currencies,
        label=_("Currency"),
        any_label=_("Any currency"),
    )
    created = DateRangeFilter(field_name="created_at", label=_("Created"))
    side = ChoicesFilter(
        choices=[(CREDIT, _("credit")), (DEBIT, _("debit"))],
        search=on_sides,
        label=_("Side"),
        any_label=_("Either side"),
    )
    money = ChoicesFilter(
        choices=[(REAL, _("real")), (SIMULATED, _("simulated"))],
        search=real_or_simulated,
        label=_("Money"),
        any_label=_("Real or simulated"),
    )

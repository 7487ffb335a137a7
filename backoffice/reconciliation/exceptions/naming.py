"""What an exception is called, and how its state, severity and verdict look."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.funding.models import Kind
from backoffice.reconciliation.models import ENDED, ExceptionState, Fault, Severity, Source, Verdict
from backoffice.ui import times
from backoffice.ui.values import Amount, Badge, Lines, Meaning, Person, Reference

BADGES: Final = {
    ExceptionState.OPEN: Badge(ExceptionState.OPEN.label, Meaning.INFO),
    ExceptionState.WAITING: Badge(ExceptionState.WAITING.label, Meaning.WARNING),
    ExceptionState.CARRIED: Badge(ExceptionState.CARRIED.label, Meaning.NEUTRAL),
    ExceptionState.RESOLVED: Badge(ExceptionState.RESOLVED.label, Meaning.POSITIVE, calm=True),
    ExceptionState.CLEARED: Badge(ExceptionState.CLEARED.label, Meaning.POSITIVE, calm=True),
}
SEVERITIES: Final = {
    Severity.HIGH: Badge(Severity.HIGH.label, Meaning.NEGATIVE),
    Severity.MEDIUM: Badge(Severity.MEDIUM.label, Meaning.WARNING),
    Severity.LOW: Badge(Severity.LOW.label, Meaning.NEUTRAL, calm=True),
}
#: What the verdict on the balance of a client or an account is called; Bitnob's faults have names of their own.
OTHERS: Final[dict[str, Any]] = {"balance_differs": gettext_lazy("Balance differs")}


def verdict_label(verdict: str) -> str:
    """Name a verdict of any source."""
    if verdict in Verdict.values:
        return str(Verdict(verdict).label)
    if verdict in Fault.values:
        return str(Fault(verdict).label)
    return str(OTHERS.get(verdict, verdict.replace("_", " ").capitalize()))


def title_of(item: Any) -> str:
    """Say what it is about: our operation, their order, an entry, a transaction, a balance."""
    who = {"client": getattr(item, "client_name", "") or item.client, "id": item.order_id, "asset": item.asset}
    if item.operation_id and item.key.startswith("operation:"):
        return _("%(kind)s for %(client)s") % {**who, "kind": Kind(item.operation.kind).label}
    if item.key.startswith("entry:"):
        return _("Ledger entry, %(client)s") % who
    if item.source == Source.LEDGER:
        return _("Order %(id)s, not in the ledger, %(client)s") % who
    if item.source == Source.TRANSACTIONS and item.key.startswith("balance:"):
        return _("Bitnob account, %(asset)s") % who
    if item.source == Source.TRANSACTIONS:
        return _("Bitnob transaction, %(asset)s") % who
    if item.source == Source.BALANCES:
        return _("Balance of %(client)s, %(asset)s") % who
    return _("Order %(id)s, %(client)s") % who


def sub_of(item: Any) -> object:
    """The second line: the reference, the transaction's id, or that there is none."""
    text = item.reference or (str(item.transaction_id) if item.transaction_id else "")
    if text:
        return Reference(text)
    return _("No reference") if item.order_id else ""


def ledger_of(item: Any) -> str:
    """The name of the ledger an exception was found against; empty where it was found against our operations."""
    return str(item.last_run.ledger) if item.source == Source.LEDGER and item.last_run.ledger_id else ""


def alone_of(item: Any) -> str:
    """Say of an order that stands alone what carries no reference of its own: our operations, or a ledger."""
    if item.source == Source.LEDGER:
        return _("No entry of %(ledger)s carries its reference") % {"ledger": ledger_of(item)}
    return _("No operation of ours carries its reference")


def lines_of(item: Any) -> Lines:
    return Lines(title_of(item), sub_of(item))


def state_badge(item: Any) -> Badge:
    return BADGES[ExceptionState(item.state)]


def severity_badge(item: Any) -> Badge:
    return SEVERITIES[Severity(item.severity)]


def is_overdue(item: Any, now: datetime) -> bool:
    """Whether somebody should have dealt with it by now."""
    return item.state not in ENDED and item.due_at < now


def due_of(item: Any, now: datetime) -> object:
    """By when it is due, to the minute, marked where that is over; nothing where it has ended."""
    if item.state in ENDED:
        return None
    text = times.written(item.due_at, times.MomentStyle.SHORT)
    return Badge(text, Meaning.NEGATIVE) if is_overdue(item, now) else text


def owner_of(item: Any) -> Person | str:
    return Person(item.owner.name) if item.owner else _("Nobody")


def difference_of(item: Any) -> Amount | None:
    """Theirs less ours, signed from the client's side; None where two assets cannot be subtracted."""
    if item.difference is None:
        return None
    return Amount(item.difference, item.asset, quiet=not item.difference, difference=True)


def at_risk_of(item: Any) -> Amount | None:
    return None if item.at_risk is None else Amount(item.at_risk, item.asset)

"""What a person does to an exception. None of it changes an amount on either side.

Each function takes the locked exception and the moment, writes history and audit log, and returns one sentence.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.approvals.policies import Conflict
from backoffice.funding.models import Kind, Operation
from backoffice.reconciliation.exceptions import forcing, severity
from backoffice.reconciliation.exceptions.acting import Act, change, tell, write_down
from backoffice.reconciliation.exceptions.policies import check, why_not_link, why_not_settle, why_not_work
from backoffice.reconciliation.exceptions.queries import newest_finding
from backoffice.reconciliation.models import (
    ExceptionEvent,
    ExceptionItem,
    ExceptionState,
    Resolution,
    Severity,
)

#: How a sheet says that something is nobody's.
NOBODY: Final = "nobody"
_Kind: Final = ExceptionEvent.Kind


def assigning(owner: Person | None, *, by: Person) -> Act:
    """Give it to somebody, or to nobody."""

    def act(item: ExceptionItem, now: datetime) -> str:
        check(why_not_work(item))
        before, after = name_of(item.owner), name_of(owner)
        change(item, owner=owner)
        tell(item, _Kind.ASSIGNED, by=by, at=now, before=before, after=after)
        write_down("exception.assigned", item, by=by, owner=after)
        return _("Assigned to %(name)s.") % {"name": owner.name} if owner else _("Assigned to nobody.")

    return act


def assigning_by_address(address: str, people: Mapping[str, Person], *, by: Person) -> Act:
    """Give it to whoever of ``people`` has this address, or to nobody."""

    def act(item: ExceptionItem, now: datetime) -> str:
        if address != NOBODY and address not in people:
            raise Conflict(_("Nobody who works exceptions has the address %(text)s.") % {"text": address})
        return assigning(people.get(address), by=by)(item, now)

    return act


def weighing(wanted: Severity, *, by: Person) -> Act:
    """Say how grave it is. It is due as if it had been so from the beginning."""

    def act(item: ExceptionItem, now: datetime) -> str:
        check(why_not_work(item))
        before, due_before = item.severity, item.due_at
        change(item, severity=wanted, due_at=severity.due_at(wanted, item.opened_at))
        tell(item, _Kind.SEVERITY, by=by, at=now, before=before, after=wanted)
        if item.due_at != due_before:
            tell(item, _Kind.DUE, by=by, at=now, before=due_before.isoformat(), after=item.due_at.isoformat())
        write_down("exception.weighed", item, by=by, severity=wanted.value, due_at=item.due_at)
        return _("Its severity is %(severity)s.") % {"severity": str(wanted.label).lower()}

    return act


def noting(text: str, *, by: Person) -> Act:
    """Write a note, also after it has ended."""

    def act(item: ExceptionItem, now: datetime) -> str:
        tell(item, _Kind.NOTE, by=by, at=now, text=text)
        write_down("exception.noted", item, by=by, reason=text)
        return _("Noted.")

    return act


def referring(address: str, text: str, *, by: Person) -> Act:
    """Keep the address of something that belongs to it, such as a letter or a ticket."""

    def act(item: ExceptionItem, now: datetime) -> str:
        tell(item, _Kind.LINK, by=by, at=now, after=address, text=text)
        write_down("exception.referred", item, by=by, reason=text, address=address)
        return _("The link is kept.")

    return act


def carrying(text: str, *, by: Person) -> Act:
    """Carry it forward: a matter of timing that the partner's data will settle."""

    def act(item: ExceptionItem, now: datetime) -> str:
        check(why_not_settle(item))
        change(item, state=ExceptionState.CARRIED, resolution=Resolution.TIMING, resolution_text=text)
        tell(item, _Kind.CARRIED, by=by, at=now, after=Resolution.TIMING, text=text)
        write_down("exception.carried", item, by=by, reason=text, resolution=Resolution.TIMING.value)
        return _("Carried forward. It ends when the partner's data clears it.")

    return act


def raising(ticket: str, text: str, *, by: Person) -> Act:
    """Carry it forward under a ticket of the partner's."""

    def act(item: ExceptionItem, now: datetime) -> str:
        check(why_not_settle(item))
        settled = {"resolution": Resolution.RAISED, "resolution_text": text, "ticket": ticket}
        change(item, state=ExceptionState.CARRIED, **settled)
        tell(item, _Kind.CARRIED, by=by, at=now, before=ticket, after=Resolution.RAISED, text=text)
        write_down("exception.raised", item, by=by, reason=text, resolution=Resolution.RAISED.value, ticket=ticket)
        return _("Raised with the partner under ticket %(ticket)s, and carried forward.") % {"ticket": ticket}

    return act


def linking(reference: str, text: str, *, by: Person) -> Act:
    """Say which operation in review made this order. The operation itself is closed by its own two people."""

    def act(item: ExceptionItem, now: datetime) -> str:
        check(why_not_settle(item))
        operation = in_review(reference, item)
        settled = {"resolution": Resolution.LINKED, "resolution_text": text, "resolved_by": by, "ended_at": now}
        change(item, state=ExceptionState.RESOLVED, operation=operation, **settled)
        tell(item, _Kind.RESOLVED, by=by, at=now, before=reference, after=Resolution.LINKED, text=text)
        write_down(
            "exception.resolved", item, by=by, reason=text, resolution=Resolution.LINKED.value, operation=reference
        )
        done = _(
            "Linked to %(reference)s. It stays in review until two people close it on its own page, as completed only "
            "once CoinMENA shows an order under its reference."
        )
        return done % {"reference": reference}

    return act


def forcing_by(resolution: Resolution, text: str, *, by: Person) -> Act:
    """Ask a manager to end it although both sides differ."""

    def act(item: ExceptionItem, now: datetime) -> str:
        request = forcing.ask(item, resolution, text, by=by, now=now)
        return _("A manager is asked to agree: request %(key)s.") % {"key": request.subject}

    return act


def together(wanted: Sequence[Act]) -> Act:
    """Do several to one exception, all of them or none."""
    return lambda item, now: " ".join(act(item, now) for act in wanted)


def in_review(reference: str, item: ExceptionItem) -> Operation:
    """Return the operation in review that an order of theirs can only be.

    :raises Conflict: when there is none, it may still be sent, it is not in doubt, or the two do not agree.
    """
    if item.order_id is None or item.operation_id is not None:
        raise Conflict(_("Only an order without an operation of ours can be linked to one."))
    operation = locked_operation(reference)
    if operation is None:
        raise Conflict(_("No operation carries the reference %(reference)s.") % {"reference": reference})
    check(why_not_link(operation))
    check(why_not_alone(item, operation))
    check(why_not_the_same(item, operation))
    return operation


def locked_operation(reference: str) -> Operation | None:
    """Lock an operation, so that two orders are not linked to it in the same moment."""
    locked = Operation.objects.select_for_update(of=("self",), no_key=True).select_related("client")
    return locked.filter(reference=reference).first()


def why_not_alone(item: ExceptionItem, operation: Operation) -> str:
    """Say that another order is linked to an operation already; empty when none is."""
    linked = ExceptionItem.objects.filter(
        source=item.source, operation=operation, state=ExceptionState.RESOLVED, resolution=Resolution.LINKED
    ).first()
    if linked is None:
        return ""
    return _("Order %(id)s is linked to %(reference)s already, and one operation made one order at most.") % {
        "id": linked.order_id,
        "reference": operation.reference,
    }


def why_not_the_same(item: ExceptionItem, operation: Operation) -> str:
    """Say in what an order and an operation differ; empty when they agree to the digit."""
    finding = newest_finding(item)
    if finding is None or finding.their_client != operation.client.partner_client_id:
        return _("The order and the operation are of two clients.")
    if finding.their_type != operation.kind:
        kinds = {"theirs": finding.their_type, "ours": str(Kind(operation.kind).label).lower()}
        return _("The order is a %(theirs)s and the operation a %(ours)s.") % kinds
    if finding.their_asset != operation.asset_id or finding.their_amount != operation.amount:
        return _("The order and the operation are not of the same amount, so they are not the same payment.")
    return ""


def name_of(person: Person | None) -> str:
    return person.name if person else ""

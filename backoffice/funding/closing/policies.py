"""Who may have an operation closed by two people, and what speaks against a claim.

Pairs as in `policies`: ``check_can_…`` raises with a sentence fit for staff, ``can_…`` answers for templates.
"""

from typing import Self

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person, Role
from backoffice.accounts.policies import check_role
from backoffice.approvals.policies import Conflict, NotYet
from backoffice.database import clock
from backoffice.funding.closing.attachments import FEWEST, MOST
from backoffice.funding.closing.closings import waiting_closing
from backoffice.funding.closing.findings import Findings
from backoffice.funding.models import Closing, LateOrder, Operation
from backoffice.funding.states import State


class CannotClose(Conflict):
    """What is known speaks against the claim, or something it needs is missing. The text is fit for staff.

    ``field`` names what finance should look at again.
    """

    field = "outcome"

    @classmethod
    def for_evidence(cls) -> Self:
        return cls(_("Attach %(fewest)d to %(most)d files: what CoinMENA stated.") % {"fewest": FEWEST, "most": MOST})


class CannotBeTheReason(CannotClose):
    """The kind of reason says the opposite of the claim, or of what is known."""

    field = "reason_code"


class NotLookedUp(NotYet):
    """The look-up that a closing is asked for or signed after could not be made: nothing was asked of the partner."""


def check_can_ask_to_close(person: Person, operation: Operation) -> None:
    """Refuse a closing by anybody but finance, outside review, or while another one waits to be signed.

    :raises Refused: for anybody but finance: whoever signs never asks.
    :raises Conflict: with the reason.
    """
    check_role(person, Role.FINANCE)
    sentence = why_not_ask_to_close(operation)
    if sentence:
        raise Conflict(sentence)


def can_ask_to_close(person: Person, operation: Operation) -> bool:
    return person.is_finance and not why_not_ask_to_close(operation)


def why_not_ask_to_close(operation: Operation) -> str:
    """Say why no closing can be asked for now; empty when one can."""
    if operation.state == State.UNKNOWN:
        return _("It is still being looked up. Only what goes to review is closed by people.")
    if operation.state != State.REVIEW:
        return _("Only an operation in review is closed by two people.")
    if waiting_closing(operation, clock.now()) is not None:
        return _("A closing waits for a manager already. Take it back before asking for another.")
    return ""


def check_can_conclude(outcome: Closing.Outcome, order_id: int | None, findings: Findings) -> None:
    """Refuse a claim that what is known contradicts.

    :raises CannotClose: with the reason.
    """
    sentence = why_not_conclude(outcome, order_id, findings)
    if sentence:
        raise CannotClose(sentence)


def check_reason(outcome: Closing.Outcome, reason_code: Closing.ReasonCode, findings: Findings) -> None:
    """Refuse "no such order" for an operation that was completed, and while CoinMENA shows an order.

    :raises CannotBeTheReason: with the reason; auditors would read a contradiction that two people signed.
    """
    if reason_code != Closing.ReasonCode.ABSENT:
        return
    if outcome == Closing.Outcome.COMPLETED:
        raise CannotBeTheReason(_("What was completed has an order at CoinMENA. Choose another kind of reason."))
    if findings.is_shown:
        raise CannotBeTheReason(_("The last look-up found an order at CoinMENA. Choose another kind of reason."))


def why_not_conclude(outcome: Closing.Outcome, order_id: int | None, findings: Findings) -> str:
    """Say what speaks against ``outcome``; empty when nothing does. An order of another reference is never adopted."""
    if outcome == Closing.Outcome.FAILED:
        return _why_not_failed(findings)
    return _why_not_completed(order_id, findings)


def _why_not_failed(findings: Findings) -> str:
    """An order that is another operation's closes nothing as completed, so it cannot keep this one from its end."""
    if findings.closable:
        shown = {"order": findings.closable[0].id}
        return _("CoinMENA shows a completed order under this reference, %(order)d: close it as completed.") % shown
    if findings.is_shown_but_not_held:
        return _("The last look-up found an order that could not be stored. Find out what it says first.")
    return ""


def _why_not_completed(order_id: int | None, findings: Findings) -> str:
    if not findings.completed:
        return _("No completed order is known under this reference. An order of another reference never counts.")
    if order_id is None:
        return _("Several completed orders stand under this reference. Choose the one that is meant.")
    order = findings.order(order_id)
    if order is None or order not in findings.completed:
        return _("This order is not a completed one under this reference. Choose another.")
    return _("This order belongs to another operation already.") if order.is_taken else ""


def check_can_settle(person: Person, late: LateOrder) -> None:
    """Refuse settling what a late order said to everybody but managers, and a second time.

    :raises Refused: for anybody but managers. :raises Conflict: when it is settled already.
    """
    check_role(person, Role.MANAGER)
    if late.settled_at is not None:
        raise Conflict(_("This has been settled already. Read the page again."))


def can_settle(person: Person) -> bool:
    return person.is_manager

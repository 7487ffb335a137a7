"""Who works exceptions, and what may be done to one as it stands."""

from django.utils.translation import gettext as _

from backoffice.accounts.models import Person
from backoffice.accounts.policies import check_role, has_role
from backoffice.approvals.policies import Conflict
from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.reconciliation.models import ENDED, ExceptionItem, ExceptionState, Resolution, Verdict
from backoffice.reconciliation.policies import RECONCILERS

#: An order of theirs without anything of ours, so that somebody may have made it elsewhere.
WITHOUT_OURS = (Verdict.EXTRA_AT_PARTNER, Verdict.DUPLICATE_REFERENCE)


def check_can_work(by: Person) -> None:
    """Refuse whoever may only read.

    :raises Refused: naming the roles that can.
    """
    check_role(by, *RECONCILERS)


def can_work(person: Person) -> bool:
    """Say whether to offer the buttons."""
    return has_role(person, *RECONCILERS)


def why_not_work(item: ExceptionItem) -> str:
    """Say why nothing is left to do about an exception; empty while something is."""
    if item.state in ENDED:
        return _("It has ended already. It comes back by itself if a run finds it changed.")
    return ""


def why_not_settle(item: ExceptionItem) -> str:
    """Say why an exception cannot be resolved or carried forward now; empty when it can."""
    if item.state == ExceptionState.WAITING:
        return _("It waits for a manager's decision. Take the request back first, or wait for it.")
    return why_not_work(item)


def why_not_force(item: ExceptionItem, resolution: str) -> str:
    """Say why a second person cannot be asked to end it this way; empty when they can."""
    is_theirs_alone = item.operation_id is None and item.verdict in WITHOUT_OURS
    if resolution == Resolution.MADE_ELSEWHERE and not is_theirs_alone:
        return _("An operation of ours stands behind it, so it was not made elsewhere.")
    return why_not_settle(item)


def why_not_link(operation: Operation) -> str:
    """Say why no order can be linked to an operation as it stands; empty when one can.

    The resolver knows orders by their reference only: what people link to one in doubt keeps nothing from being sent
    again. Nothing leads from review to sending.
    """
    reference = {"reference": operation.reference}
    if operation.state in (State.SUBMITTING, State.UNKNOWN):
        return _("%(reference)s may still be sent again.") % reference + " " + before_linking()
    if operation.state != State.REVIEW:
        return _("%(reference)s is not in doubt, so its order is known.") % reference
    return ""


def before_linking() -> str:
    """Say what to do with an order of something that may still be sent again."""
    return _(
        "Have the client frozen, then wait: link the order once the operation is in review. If the operation fails, "
        "end this as made elsewhere, and do not try the payment again."
    )


def check(sentence: str) -> None:
    """Refuse with a sentence, where there is one.

    :raises Conflict: then.
    """
    if sentence:
        raise Conflict(sentence)

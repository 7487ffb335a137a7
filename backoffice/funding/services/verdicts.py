"""From what an observation proves to what becomes of the operation: the last column of reliability.md §5."""

from backoffice.funding.states import State
from backoffice.partner.outcome import Evidence, Row, Verdict


def state_after(verdict: Verdict, *, is_another_open: bool) -> State:
    """Return the state that follows from ``verdict``.

    :param is_another_open: whether another attempt may have been applied. A refusal speaks only for the attempt that
        received it; an order found under the reference speaks for all of them.
    """
    if verdict.evidence is Evidence.APPLIED:
        return State.COMPLETED
    if verdict.order is not None:
        return State.FAILED if verdict.evidence is Evidence.NOT_APPLIED else State.REVIEW
    if verdict.row is Row.DUPLICATE_OF_ANOTHER:
        return State.REVIEW
    if verdict.evidence is Evidence.UNKNOWN or is_another_open:
        return State.UNKNOWN
    if verdict.evidence is Evidence.NEVER_SENT or verdict.row is Row.TURNED_AWAY:
        return State.APPROVED
    return State.FAILED


#: Only positive evidence is written by whoever brings it and however late; the rest needs the lease (rule 5).
NEEDS_NO_LEASE = frozenset({State.COMPLETED})

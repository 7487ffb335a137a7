"""How the states of an operation look, mapped once; the pages of the apps above read it too (docs/adr/0006)."""

from backoffice.funding.models import Operation
from backoffice.funding.states import State
from backoffice.ui.values import Badge, Meaning

MEANINGS = {
    State.PENDING_APPROVAL: Meaning.WARNING,
    State.APPROVED: Meaning.INFO,
    State.SUBMITTING: Meaning.INFO,
    State.UNKNOWN: Meaning.URGENT,
    State.REVIEW: Meaning.URGENT,
    State.COMPLETED: Meaning.POSITIVE,
    State.FAILED: Meaning.NEGATIVE,
    State.REJECTED: Meaning.NEGATIVE,
    State.CANCELLED: Meaning.NEUTRAL,
    State.EXPIRED: Meaning.NEUTRAL,
}


def badge_of(operation: Operation, *, calm: bool = True) -> Badge:
    """The state; in lists a completed one is a quiet dot and a word."""
    state = State(operation.state)
    return Badge(state.label, MEANINGS[state], calm=calm and state is State.COMPLETED)

"""The states of a funding operation and the moves between them (reliability.md §3), as one table.

The database trigger and `docs/states.md` are made from it; nothing else may say which moves exist.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    PENDING_APPROVAL = "pending_approval", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    SUBMITTING = "submitting", _("Being sent")
    UNKNOWN = "unknown", _("In doubt")
    REVIEW = "review", _("In review")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


MOVES: dict[State, frozenset[State]] = {
    State.PENDING_APPROVAL: frozenset({State.APPROVED, State.REJECTED, State.CANCELLED, State.EXPIRED}),
    State.APPROVED: frozenset({State.SUBMITTING, State.CANCELLED, State.EXPIRED}),
    State.SUBMITTING: frozenset({State.COMPLETED, State.FAILED, State.REVIEW, State.APPROVED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.COMPLETED, State.FAILED, State.REVIEW, State.SUBMITTING}),
    State.REVIEW: frozenset({State.COMPLETED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.REJECTED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}

FIRST_STATES = frozenset({State.PENDING_APPROVAL, State.APPROVED})
TERMINAL_STATES = frozenset(state for state, moves in MOVES.items() if not moves)
#: States that nothing may have reached without an approval or the mark that no rule asked for one.
SENT_STATES = frozenset({State.APPROVED, State.SUBMITTING, State.UNKNOWN, State.REVIEW, State.COMPLETED, State.FAILED})
#: Nobody knows, or knows for sure, what became of it.
IN_DOUBT = (State.UNKNOWN, State.REVIEW)
#: Ended without effect: only from these may a copy be made.
WITHOUT_EFFECT = frozenset({State.FAILED, State.REJECTED, State.CANCELLED, State.EXPIRED})

#: The audit event of each state an operation can move into.
EVENTS: dict[State, str] = {
    State.PENDING_APPROVAL: "operation.requested",
    State.APPROVED: "operation.approved",
    State.SUBMITTING: "operation.claimed",
    State.UNKNOWN: "operation.in_doubt",
    State.REVIEW: "operation.in_review",
    State.COMPLETED: "operation.completed",
    State.FAILED: "operation.failed",
    State.REJECTED: "operation.rejected",
    State.CANCELLED: "operation.cancelled",
    State.EXPIRED: "operation.expired",
}


def transitions() -> list[tuple[str, str]]:
    """List every allowed move as the pairs the database trigger is made of."""
    return sorted((before.value, after.value) for before, afters in MOVES.items() for after in afters)

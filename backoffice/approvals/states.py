"""The states of an approval request, as a table: the database trigger is made from it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RequestState(models.TextChoices):
    WAITING = "waiting", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    TAKEN_BACK = "taken_back", _("Approval taken back")


MOVES: dict[RequestState, frozenset[RequestState]] = {
    RequestState.WAITING: frozenset(
        {RequestState.APPROVED, RequestState.REJECTED, RequestState.CANCELLED, RequestState.EXPIRED}
    ),
    RequestState.APPROVED: frozenset({RequestState.TAKEN_BACK}),
    RequestState.REJECTED: frozenset(),
    RequestState.CANCELLED: frozenset(),
    RequestState.EXPIRED: frozenset(),
    RequestState.TAKEN_BACK: frozenset(),
}


def transitions() -> list[tuple[str, str]]:
    """List every allowed move as the pairs the database trigger is made of."""
    return sorted((before.value, after.value) for before, afters in MOVES.items() for after in afters)

"""The states of a change of an account, as a table: the database trigger is made from it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChangeState(models.TextChoices):
    WAITING = "waiting", _("Waiting for approval")
    APPLIED = "applied", _("In force")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


MOVES: dict[ChangeState, frozenset[ChangeState]] = {
    ChangeState.WAITING: frozenset(
        {ChangeState.APPLIED, ChangeState.REJECTED, ChangeState.CANCELLED, ChangeState.EXPIRED}
    ),
    ChangeState.APPLIED: frozenset(),
    ChangeState.REJECTED: frozenset(),
    ChangeState.CANCELLED: frozenset(),
    ChangeState.EXPIRED: frozenset(),
}


def transitions() -> list[tuple[str, str]]:
    """List every allowed move as the pairs the database trigger is made of."""
    return sorted((before.value, after.value) for before, afters in MOVES.items() for after in afters)

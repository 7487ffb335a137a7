"""Absences as the page shows them: in force, to come, over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from backoffice.approvals.models import Delegation

#: How many of those that are over the page shows; the audit log has all.
PAST_SHOWN: Final = 50


@dataclass(frozen=True)
class Absences:
    """What is handed over, by when."""

    present: list[Delegation]
    coming: list[Delegation]
    past: list[Delegation]


def absences(now: datetime) -> Absences:
    """Return who is away at ``now``, who will be, and who was."""
    open_ones = list(delegations().filter(ended_at=None, ends_at__gt=now).order_by("begins_at", "id"))
    over = delegations().filter(Q(ended_at__isnull=False) | Q(ends_at__lte=now)).order_by("-begins_at", "-id")
    return Absences(
        present=[one for one in open_ones if one.begins_at <= now],
        coming=[one for one in open_ones if one.begins_at > now],
        past=list(over[:PAST_SHOWN]),
    )


def delegations() -> QuerySet[Delegation]:
    """Return all that was ever handed over, with the people it is about."""
    return Delegation.objects.select_related("away", "stand_in", "made_by", "ended_by")

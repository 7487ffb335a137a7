"""How far the log is sealed, for pages, `/readyz` and `manage.py doctor`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from backoffice.audit.models import Entry, Head, Seal
from backoffice.database import clock

#: A seal is due every five minutes; one that is missing may wait for a worker, two do not.
LATE_AFTER: Final = timedelta(minutes=12)


@dataclass(frozen=True)
class SealingState:
    """How far the log is sealed: the newest seal where there is one, what came after it, and what has not been
    copied to the second place."""

    is_on: bool
    newest: Seal | None
    unsealed: int
    uncopied: int
    now: datetime
    troubled_by: str = ""

    @property
    def age(self) -> timedelta | None:
        """How old the newest seal is."""
        return self.now - self.newest.at if self.newest else None

    @property
    def is_late(self) -> bool:
        """Whether seals are made and the newest is too old."""
        return self.is_on and (self.age is None or self.age > LATE_AFTER)


def sealing_state() -> SealingState:
    """Read how far the log is sealed now."""
    newest = Seal.objects.order_by("-number").first()
    head = Head.objects.get().number
    return SealingState(
        is_on=bool(settings.AUDIT_SEAL_KEY),
        newest=newest,
        unsealed=head - (newest.entry if newest else 0),
        uncopied=Seal.objects.filter(copy=None).count() if settings.AUDIT_SEAL_DIRECTORY else 0,
        now=clock.now(),
        troubled_by=newest_trouble(),
    )


def newest_trouble() -> str:
    """Return what the last check of the seals found wrong; empty where it found them whole, or none was made."""
    last = Entry.objects.filter(event__in=("seals.faulty", "seals.whole")).order_by("-number").first()
    return last.reason if last and last.event == "seals.faulty" else ""

"""How far the log is sealed, for pages, `/readyz` and `manage.py doctor`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from backoffice.audit.models import Entry, Head, Seal, SealCopy
from backoffice.database import clock

#: A seal is due every five minutes; one that is missing may wait for a worker, two do not.
LATE_AFTER: Final = timedelta(minutes=12)


#: So many seals are looked through for such as have no copy: the oldest are copied first.
LOOKED_THROUGH: Final = 1_000


@dataclass(frozen=True)
class Reach:
    """How far the log has come, and how far its newest seal: what may be asked every few seconds. ``head`` is None
    where the head of the log is gone, which nothing of ours takes away."""

    head: int | None
    newest: Seal | None
    now: datetime

    @property
    def unsealed(self) -> int | None:
        """How many entries no seal covers; None where nothing says how far the log has come."""
        return None if self.head is None else self.head - (self.newest.entry if self.newest else 0)

    @property
    def age(self) -> timedelta | None:
        """How old the newest seal is."""
        return self.now - self.newest.at if self.newest else None


@dataclass(frozen=True)
class SealingState(Reach):
    """How the sealing goes besides. ``uncopied`` counts the seals that have not been copied to the second place, among
    the newest thousand."""

    is_on: bool
    uncopied: int
    troubled_by: str = ""

    @property
    def is_late(self) -> bool:
        """Whether seals are made and the newest is too old."""
        return self.is_on and (self.age is None or self.age > LATE_AFTER)

    @property
    def uncopied_text(self) -> str:
        """How many have no copy, fit to show."""
        return f"{self.uncopied:,}" if self.uncopied < LOOKED_THROUGH else f"{self.uncopied:,}+"


def reach() -> Reach:
    """Read how far log and seals have come now: two rows."""
    head = Head.objects.values_list("number", flat=True).first()
    return Reach(head, Seal.objects.order_by("-number").first(), clock.now())


def sealing_state() -> SealingState:
    """Read how far the log is sealed now."""
    now = reach()
    return SealingState(
        now.head,
        now.newest,
        now.now,
        is_on=bool(settings.AUDIT_SEAL_KEY),
        uncopied=uncopied(now.newest.number) if now.newest and settings.AUDIT_SEAL_DIRECTORY else 0,
        troubled_by=newest_trouble(),
    )


def uncopied(newest: int) -> int:
    """Count the seals without a copy among the newest ones."""
    since = newest - LOOKED_THROUGH
    return Seal.objects.filter(number__gt=since).count() - SealCopy.objects.filter(seal__gt=since).count()


def newest_trouble() -> str:
    """Return what the last check of the seals found wrong; empty where it found them whole, or none was made."""
    last = Entry.objects.filter(event__in=("seals.faulty", "seals.whole")).order_by("-number").first()
    return last.reason if last and last.event == "seals.faulty" else ""


def setting_aside() -> list[int]:
    """Return the entries that say that seals were set aside, as after a restore: what these seals sealed is gone, and
    whoever reads them decides whether it had to be."""
    return list(Entry.objects.filter(event="seals.set_aside").order_by("number").values_list("number", flat=True))

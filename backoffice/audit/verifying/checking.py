"""Check the log as a whole: the chain first, then the seals, then what the database guards it with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Final

from django.conf import settings
from django.db import ProgrammingError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.audit.models import Entry, Head, Seal
from backoffice.audit.sealing.checking import SealFault, seal_faults
from backoffice.audit.sealing.queries import LATE_AFTER, setting_aside
from backoffice.audit.verifying.chain import Told, chain_fault, nobody
from backoffice.audit.verifying.guards import guard_faults, not_compared
from backoffice.audit.verifying.naming import Fault
from backoffice.database import clock

#: So many faults are named; one is enough to stop.
MOST_NAMED: Final = 10


@dataclass(frozen=True)
class Verification:
    """How a check of the whole log came out.

    ``entries`` is how far it is what was written: chained, and where a seal covers it vouched for. ``sealed`` is the
    entry the newest seal names. ``set_aside``: the entries that say that seals were set aside; they are always named,
    for whoever owns the database can write one too. ``untold``: what could not be found out here, which is no fault.
    """

    entries: int
    seconds: float
    seals: int = 0
    sealed: int = 0
    faults: tuple[Fault, ...] = field(default=())
    untold: str = ""
    set_aside: tuple[int, ...] = field(default=())

    @property
    def fault(self) -> Fault | None:
        """The first fault, which names the first bad entry."""
        return self.faults[0] if self.faults else None

    @property
    def is_intact(self) -> bool:
        return not self.faults

    @property
    def sentence(self) -> str:
        """The answer, fit for an auditor."""
        if self.fault:
            return self.fault.sentence
        vouched = self.vouched if self.entries and self.seals else ""
        return " ".join(filter(None, [self.intact, vouched, self.aside, self.untold]))

    @property
    def intact(self) -> str:
        """How far it is what was written."""
        if not self.entries:
            return _("The audit log is empty.")
        return _("Intact from entry 1 to entry %(last)s.") % {"last": f"{self.entries:,}"}

    @property
    def vouched(self) -> str:
        """How far seals vouch for it."""
        said = {"seals": f"{self.seals:,}", "entry": f"{self.sealed:,}"}
        return (
            ngettext(
                "%(seals)s seal agrees, of entry %(entry)s.",
                "All %(seals)s seals agree, the newest of entry %(entry)s.",
                self.seals,
            )
            % said
        )

    @property
    def aside(self) -> str:
        """Which entries to read because seals no longer count; empty where none was set aside."""
        if not self.set_aside:
            return ""
        entries = ", ".join(f"{number:,}" for number in self.set_aside)
        return ngettext(
            "Seals were set aside after a restore: read entry %(entries)s.",
            "Seals were set aside after a restore: read entries %(entries)s.",
            len(self.set_aside),
        ) % {"entries": entries}


def verify(told: Told = nobody) -> Verification:
    """Check everything, up to where the head of the log stands now; ``told`` hears how far it is.

    :raises DatabaseError: when something was in the way, such as a lock, which says nothing of the log.
    """
    began = monotonic()
    try:
        return checked(began, told)
    except ProgrammingError:
        sentence = _("The tables of the log are not those that were made: they cannot be read.")
        return Verification(0, monotonic() - began, faults=(Fault(0, "table", sentence),))


def checked(began: float, told: Told) -> Verification:
    head = Head.objects.first()
    if head is None:
        return Verification(0, monotonic() - began, faults=(Fault(0, "head", _("The head of the log is missing.")),))
    found = tuple(islice(faults_until(head, told), MOST_NAMED))
    newest = Seal.objects.order_by("-number").first()
    return Verification(
        intact_until(head, found),
        monotonic() - began,
        Seal.objects.count(),
        newest.entry if newest else 0,
        found,
        not_compared(),
        tuple(setting_aside()),
    )


def faults_until(head: Head, told: Told) -> Iterator[Fault]:
    """Yield everything that is wrong: the first bad entry of the chain, then what the seals say, then the guards."""
    in_chain = chain_fault(head, told)
    if in_chain:
        yield in_chain
    for one in seal_faults():
        yield of_seal(one, head)
    yield from missing_seals()
    yield from guard_faults()


def of_seal(found: SealFault, head: Head) -> Fault:
    """Say which entries a fault of the seals leaves without proof: all after the seal before it."""
    before = Seal.objects.filter(number__lt=found.seal).order_by("-number").first()
    vouched = before.entry if before else 0
    if found.field not in ("entry", "head_hash", "stray"):
        return Fault(0, found.field, found.sentence)
    if found.entry > head.number:
        words = {"entry": f"{head.number + 1:,}"}
        cut = _("The end was cut: entry %(entry)s is missing.") % words
        return Fault(head.number + 1, "number", f"{found.sentence} {cut}")
    kept = _("Entries up to %(entry)s are those that were sealed.") % {"entry": f"{vouched:,}"}
    return Fault(vouched + 1, found.field, f"{found.sentence} {kept}" if vouched else found.sentence)


def missing_seals() -> Iterator[Fault]:
    """Find a log that is sealed by its settings and has no seal at all, long after its first entry."""
    if not settings.AUDIT_SEAL_KEY or Seal.objects.exists():
        return
    first = Entry.objects.order_by("number").values_list("at", flat=True).first()
    if first is not None and clock.now() - first > LATE_AFTER:
        yield Fault(0, "seal", _("No seal is left, although the log is sealed: all were taken away, or none was made."))


def intact_until(head: Head, found: tuple[Fault, ...]) -> int:
    """Return how far the log is what was written."""
    bad = [fault.number for fault in found if fault.number]
    return min(bad) - 1 if bad else head.number

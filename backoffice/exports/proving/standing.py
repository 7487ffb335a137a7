"""Whether the log can be relied on for one entry: that it is what was written, and that a seal speaks for it."""

from enum import Enum, auto

from backoffice.audit.models import Entry, Head, Seal
from backoffice.audit.sealing.queries import sealing_state
from backoffice.audit.verifying.chain import readable
from backoffice.audit.verifying.naming import is_sound


class Standing(Enum):
    """How an entry stands."""

    NOT_AS_WRITTEN = auto()
    SEALED = auto()
    SEALED_SOON = auto()
    UNSEALED = auto()  # no seals are made, or none has been for too long


def standing_of(entry: Entry) -> Standing:
    """Look at an entry and at what stands around it."""
    if not is_as_written(entry.number):
        return Standing.NOT_AS_WRITTEN
    if Seal.objects.filter(entry__gte=entry.number).exists():
        return Standing.SEALED
    state = sealing_state()
    return Standing.SEALED_SOON if state.is_on and not state.is_late else Standing.UNSEALED


def is_as_written(number: int) -> bool:
    """Whether the columns of an entry give its text, that its hash, and what comes after it holds that hash."""
    row = readable(number)
    return row is not None and is_sound(row) and is_vouched_for(number, row["hash"])


def is_vouched_for(number: int, hash_: str) -> bool:
    """Whether the entry after it, or the head of the log, holds its hash, and the next seal that of its entry: who
    writes columns, text and hash alike anew has to write all that follows, and then a seal speaks against it."""
    holder = Entry.objects.filter(number=number + 1).values_list("prev", flat=True).first()
    holder = holder or Head.objects.filter(number=number).values_list("hash", flat=True).first()
    seal = Seal.objects.filter(entry__gte=number).order_by("number").first()
    return holder == hash_ and (seal is None or Entry.objects.filter(number=seal.entry, hash=seal.head_hash).exists())

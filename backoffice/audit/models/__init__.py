"""The audit log, and the seals that bind it from outside."""

from backoffice.audit.models.entry import FIRST_HASH, NOTHING, Change, Entry, Head, shown
from backoffice.audit.models.seal import Seal, SealCopy, SealLetter, SealSetAside

__all__ = [
    "FIRST_HASH",
    "NOTHING",
    "Change",
    "Entry",
    "Head",
    "Seal",
    "SealCopy",
    "SealLetter",
    "SealSetAside",
    "shown",
]

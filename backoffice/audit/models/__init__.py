"""The audit log, and the seals that bind it from outside."""

from backoffice.audit.models.entry import FIRST_HASH, NOTHING, Change, Entry, Head, shown
from backoffice.audit.models.question import SavedQuestion
from backoffice.audit.models.seal import Seal, SealCopy, SealLetter, SealSetAside
from backoffice.audit.models.verification import UNDER_WAY, JobState, VerificationJob

__all__ = [
    "FIRST_HASH",
    "NOTHING",
    "UNDER_WAY",
    "Change",
    "Entry",
    "Head",
    "JobState",
    "SavedQuestion",
    "Seal",
    "SealCopy",
    "SealLetter",
    "SealSetAside",
    "VerificationJob",
    "shown",
]

"""A built file is handed out only while it is, byte for byte, what its manifest in the log says.

Whoever may write into the folder could otherwise put another file of the same length there, and the product would hand
it out as its own. The file is hashed before the first byte leaves: a digest found out while it streams comes too late.
"""

import hashlib
import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from backoffice.exports.models import ExportJob

#: Files a process remembers to be whole, so that each part of a long download does not hash all of it again.
MOST_REMEMBERED: Final = 1_000
#: Seconds for which it does: what writes past the file system shows in no time of a file.
REMEMBERED_FOR: Final = 60.0
#: The disk's clock ticks in steps: a file changed twice within one looks the same.
SETTLED_AFTER: Final = 2.0


class Changed(Exception):
    """The file on the disk is not the one that was built."""


@dataclass(frozen=True)
class Identity:
    """What tells one state of a file from another; nobody but the system sets the last of it."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int

    @classmethod
    def of(cls, file: IO[bytes]) -> "Identity":
        now = os.fstat(file.fileno())
        return cls(now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)

    @property
    def is_settled(self) -> bool:
        """Whether a further change would show."""
        return time.time() - self.changed_ns / 1e9 > SETTLED_AFTER


#: When each was hashed, by the clock that nobody sets.
_WHOLE: OrderedDict[tuple[Identity, str], float] = OrderedDict()


def issued_digest(job: ExportJob) -> str:
    """Return the SHA-256 that the manifest in the log gives; empty where it gives none."""
    said = job.entry.after if job.entry else None
    return str((said or {}).get("sha256", ""))


def check_whole(path: Path, sha256: str, *, anew: bool = True) -> Identity:
    """Hash a file and return what to know it by.

    :param anew: also when this state of it was hashed within the last minute.
    :raises Changed: when its digest is another.
    :raises OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        identity = Identity.of(file)
        if not anew and is_remembered(identity, sha256):
            return identity
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256 or Identity.of(file) != identity:
            raise Changed
    remember(identity, sha256)
    return identity


def is_remembered(identity: Identity, sha256: str) -> bool:
    hashed_at = _WHOLE.get((identity, sha256))
    return hashed_at is not None and time.monotonic() - hashed_at < REMEMBERED_FOR


def remember(identity: Identity, sha256: str) -> None:
    if identity.is_settled:
        _WHOLE[identity, sha256] = time.monotonic()
        _WHOLE.move_to_end((identity, sha256))
    while len(_WHOLE) > MOST_REMEMBERED:
        _WHOLE.popitem(last=False)

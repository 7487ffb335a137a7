"""The second place: one file per seal in `AUDIT_SEAL_DIRECTORY`, written once and never again.

The directory is to be another volume or host, append-only where the system offers it: files are only ever
created there.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from backoffice.audit.canonical import digest
from backoffice.audit.sealing.keys import is_signed, last_seals, public_keys

READ_ONLY: Final = 0o444
NAME: Final = re.compile(r"seal-([0-9]{9,18})(?:-[0-9a-f]{16})?\.json")


@dataclass(frozen=True)
class Copy:
    """What one file of the second place says. ``canonical`` and ``hash`` are empty where it cannot be read."""

    number: int
    file: str
    canonical: str = ""
    hash: str = ""
    signature: str = ""

    @property
    def said(self) -> dict[str, Any]:
        """The fields of its canonical text; none where it cannot be read."""
        try:
            said = json.loads(self.canonical)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def is_genuine(self) -> bool:
        """Whether a key of ours signed it while it was in force: only that proves that the log was once further."""
        name, number = str(self.said.get("key_id")), self.said.get("number")
        key, last = public_keys().get(name), last_seals().get(name)
        if last and not last.allows(number, self.hash):
            return False
        is_whole = digest(self.canonical) == self.hash and number == self.number
        return key is not None and is_whole and is_signed(key, self.canonical, self.signature)


def directory() -> Path | None:
    """Return where seals stand a second time; None where no place is set."""
    return Path(settings.AUDIT_SEAL_DIRECTORY) if settings.AUDIT_SEAL_DIRECTORY else None


def line_of(canonical: str, digest_: str, signature: str) -> str:
    """Write one seal as its file, the bundle and the e-mail hold it: JSON on one line."""
    said = {"canonical": canonical, "hash": digest_, "signature": signature}
    return json.dumps(said, sort_keys=True, ensure_ascii=False) + "\n"


def write(place: Path, *, number: int, digest_: str, line: str) -> str:
    """Write one seal, synced to the disk, and return the name of its file; nothing happens where it stands already.

    A name that another seal took, of a log that a restore replaced, is left alone: the file then names its hash too.

    :raises OSError: when it cannot be written.
    """
    names = (f"seal-{number:09}.json", f"seal-{number:09}-{digest_[:16]}.json")
    for name in names:
        if created(place / name, line.encode()):
            return name
    raise FileExistsError(f"{names[-1]} stands in the second place and says something else.")


def created(path: Path, content: bytes) -> bool:
    """Create a file, or find it there with this content; one that a failing disk left half is written to its end."""
    try:
        _append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, READ_ONLY), content)
    except FileExistsError:
        there = path.read_bytes()
        if there == content:
            return True
        if not content.startswith(there):
            return False
        path.chmod(0o644)
        _append(os.open(path, os.O_WRONLY | os.O_APPEND), content[len(there) :])
    path.chmod(READ_ONLY)
    _sync(path.parent)
    return True


def _append(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Have the disk keep the folder's new name too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def names(place: Path) -> dict[str, int]:
    """Return the files of the second place with the number each begins with.

    :raises OSError: when the place cannot be read.
    """
    found = ((entry.name, NAME.fullmatch(entry.name)) for entry in os.scandir(place))
    return {name: int(match[1]) for name, match in found if match}


def read(place: Path, name: str) -> Copy | None:
    """Read one file; None where there is none.

    :raises OSError: when it is there and cannot be read.
    """
    match = NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    try:
        said = json.loads((place / name).read_bytes())
        return Copy(number, name, str(said["canonical"]), str(said["hash"]), str(said["signature"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return Copy(number, name)

"""The second place: one file per seal in `AUDIT_SEAL_DIRECTORY`, written once and never again.

The directory is to be another volume or host, append-only where the system offers it: files are only ever
created there. Whoever may write into it may put anything there under the name of a seal: a file that says no seal is
told, and stops nothing.
"""

import errno
import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from backoffice.audit.canonical import digest
from backoffice.audit.sealing.keys import is_signed, last_seals, public_keys

READ_ONLY: Final = 0o444
NAME: Final = re.compile(r"seal-([0-9]{9,18})(?:-[0-9a-f]{16})?\.json")
HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: Bytes read of one file: a seal has less than a thousand.
LONGEST: Final = 65_536


@dataclass(frozen=True)
class Copy:
    """What one file of the second place says. All is empty where that is no seal, or where it cannot be read: then
    ``trouble`` says why."""

    number: int
    file: str
    canonical: str = ""
    hash: str = ""
    signature: str = ""
    trouble: str = ""

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
        is_whole = number == self.number and is_seal(self.said) and digest(self.canonical) == self.hash
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
        return is_there(path, content)
    _sync(path.parent)
    return True


def is_there(path: Path, content: bytes) -> bool:
    """Tell whether a file has this content, after it was written to its end where half of it stood there."""
    try:
        there = content_of(path)
    except OSError:
        return False
    if there != content and content.startswith(there):
        _complete(path, content[len(there) :])
        return True
    return there == content


def _complete(path: Path, rest: bytes) -> None:
    """Write the rest of a file. A mount that keeps no permissions, as object storage is one, need not take them."""
    with suppress(OSError):
        path.chmod(0o644)
    _append(os.open(path, os.O_WRONLY | os.O_APPEND), rest)
    with suppress(OSError):
        path.chmod(READ_ONLY)
    _sync(path.parent)


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
    """Read one file; None where there is none. One that cannot be read, or says no seal, is an empty copy: that the
    place itself is away, `names` says."""
    match = NAME.fullmatch(name)
    number = int(match[1]) if match else 0
    try:
        return copy_in(number, name, content_of(place / name))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Copy(number, name, trouble=error.strerror or str(error))


def content_of(path: Path) -> bytes:
    """Read a file as far as a seal goes. A pipe or a device of its name would hold its reader for ever.

    :raises OSError: when it is no file, or cannot be read.
    """
    with open(path, "rb", opener=_without_waiting) as file:  # noqa: PTH123 - a path's own open takes no opener
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a file")
        return file.read(LONGEST)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def copy_in(number: int, name: str, content: bytes) -> Copy:
    """Return what a file says; an empty copy unless its three texts are what a seal's can be."""
    try:
        said = json.loads(content)
        texts = [said["canonical"], said["hash"], said["signature"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return Copy(number, name)
    return Copy(number, name, *texts) if may_be_a_seals(*texts) else Copy(number, name)


def may_be_a_seals(canonical: object, digest_: object, signature: object) -> bool:
    """Tell whether texts have the form of a seal's, so that they can be hashed, compared and asked for."""
    if not (isinstance(canonical, str) and isinstance(digest_, str) and isinstance(signature, str)):
        return False
    return is_utf_8(canonical) and HASH.fullmatch(digest_) is not None and signature.isascii()


def is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_seal(said: dict[str, Any]) -> bool:
    """Tell whether what was signed names a seal, its entry and a moment: what is said of a lost seal."""
    try:
        is_moment = datetime.fromisoformat(said["at"]).tzinfo is not None
    except (KeyError, TypeError, ValueError):
        return False
    return is_moment and isinstance(said.get("number"), int) and isinstance(said.get("entry"), int)

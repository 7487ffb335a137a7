"""A zip written file by file, never held in memory, each with its SHA-256 in the manifest that ends it.

Files stand in the order they were put in, with no clock's time, so that the same evidence gives the same archive.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Final, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MANIFEST: Final = "MANIFEST.txt"
#: The earliest time a zip can say.
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
READABLE: Final = 0o644 << 16


@dataclass(frozen=True)
class Filed:
    """One file of the archive."""

    name: str
    size: int
    sha256: str


class Bundle:
    """An archive under way. Leaving it writes the manifest."""

    def __init__(self, to: IO[bytes]) -> None:
        self._zip = ZipFile(to, "w", ZIP_DEFLATED)
        self.files: list[Filed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        if error is None:
            self.add(MANIFEST, [self.manifest().encode()])
        self._zip.close()

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Put one file in.

        :raises ValueError: for a name that is there already: one would hide the other.
        """
        if any(one.name == name for one in self.files):
            raise ValueError(f"The pack has a file {name} already.")
        info = ZipInfo(name, NO_TIME)
        info.compress_type, info.external_attr = ZIP_DEFLATED, READABLE
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.files.append(Filed(name, size, digest.hexdigest()))

    def manifest(self) -> str:
        """Every file with its digest, as ``sha256sum --check`` reads it."""
        return "".join(f"{one.sha256}  {one.name}\n" for one in self.files)

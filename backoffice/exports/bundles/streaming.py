"""A zip that leaves while it is made: nothing of it is kept, in memory or on disk."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

#: Deflate's quickest level: a log of a gigabyte leaves in half a minute, a fifth of its size.
LEVEL: Final = zlib.Z_BEST_SPEED
#: The earliest time a zip can say: the same log gives the same bytes.
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
READABLE: Final = 0o644 << 16


class Sink:
    """Where the zip is written: keeps what was written until it is taken, and counts all of it."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._waiting: list[bytes] = []

    def write(self, chunk: bytes) -> int:
        self._waiting.append(bytes(chunk))
        self._digest.update(chunk)
        self.size += len(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        chunk, self._waiting = b"".join(self._waiting), []
        return chunk

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def zipped(files: Iterable[tuple[str, Iterator[bytes]]], sink: Sink) -> Iterator[bytes]:
    """Give the bytes of a zip of these files, as they come."""
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, chunks in files:
            info = ZipInfo(name, NO_TIME)
            info.compress_type, info.external_attr = ZIP_DEFLATED, READABLE
            with archive.open(info, "w", force_zip64=True) as file:
                for chunk in chunks:
                    file.write(chunk)
                    yield sink.taken()
    yield sink.taken()

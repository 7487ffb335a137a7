"""Receive one file to be proven: hashed while it arrives, on the disk without a name, and never too much of it."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

#: A million orders take less.
LARGEST: Final = 512 * 1024 * 1024
#: What a request may hold beside the file: the form's other fields and the names of the parts.
_BESIDE_THE_FILE: Final = 64 * 1024
#: So much is thrown away unread, so that the browser is still there to show the sentence; beyond, it is cut off.
_THROWN_AWAY: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Received:
    """A file as it arrived. Its bytes are gone as soon as ``content`` is closed: it never has a name on the disk."""

    name: str
    content: IO[bytes]
    size: int
    sha256: str


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]
    """What a form gets of it."""

    def __init__(self, received: Received) -> None:
        super().__init__(file=received.content, name=received.name, size=received.size)
        self.received = received


class ProvingUploadHandler(FileUploadHandler):
    """Takes one file in; at one byte more than `largest` it lets go of all and says so."""

    def __init__(self, request: HttpRequest, largest: int = LARGEST) -> None:
        super().__init__(request)
        self.largest = largest
        self.announced, self.received = 0, 0
        self.content: IO[bytes] = BytesIO()
        self.digest = hashlib.sha256()
        self.is_too_large = False

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803  (Django's own name)
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        self.announced = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, unless the whole request is too large to hold one that is read.

        :raises StopUpload: then.
        """
        super().new_file(*args, **kwargs)
        self.close()
        if self.announced > self.largest + _BESIDE_THE_FILE:
            self._stop()
        self.content = TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 - closed by `close`
        self.digest = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a chunk.

        :raises StopUpload: when it is more than is read.
        """
        self.received += len(raw_data)
        if self.received > self.largest:
            self._stop()
        self.digest.update(raw_data)
        self.content.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:  # type: ignore[type-arg]
        self.content.seek(0)
        return ReceivedFile(Received(self.file_name or "", self.content, file_size, self.digest.hexdigest()))

    def close(self) -> None:
        """Let go of the file."""
        self.content.close()

    def upload_interrupted(self) -> None:
        """Let go of a file that did not arrive whole."""
        self.close()

    def _stop(self) -> None:
        self.close()
        self.is_too_large = True
        raise StopUpload(connection_reset=self.announced > _THROWN_AWAY)

"""Receive one file into memory, never more of it than is read at all, whatever the request says of its length."""

from typing import IO, Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from backoffice.funding.bulk.reading import LARGEST

#: What a request of an allowed size may hold beside the file: the form's other fields and the names of the parts.
_BESIDE_THE_FILE: Final = 64 * 1024
#: So much is thrown away unread, so that the browser is still there to show the sentence; beyond, it is cut off.
_THROWN_AWAY: Final = 16 * 1024 * 1024


class BoundedUploadHandler(FileUploadHandler):
    """Keeps at most `largest` bytes of all files together; at one more it lets go of all and says so."""

    def __init__(self, request: HttpRequest, largest: int = LARGEST) -> None:
        super().__init__(request)
        self.largest = largest
        self.announced, self.received, self.chunks = 0, 0, list[bytes]()
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
        self.chunks = []
        if self.announced > self.largest + _BESIDE_THE_FILE:
            self._stop()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a chunk.

        :raises StopUpload: when it is more than is read.
        """
        self.received += len(raw_data)
        if self.received > self.largest:
            self._stop()
        self.chunks.append(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:  # type: ignore[type-arg]
        return SimpleUploadedFile(self.file_name or "", b"".join(self.chunks))

    def _stop(self) -> None:
        self.chunks, self.is_too_large = [], True
        raise StopUpload(connection_reset=self.announced > _THROWN_AWAY)

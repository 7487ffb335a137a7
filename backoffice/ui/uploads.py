"""A bound on requests that carry files: Django writes files to the disk before any view or form can say no."""

from typing import IO, Final

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

#: Twice what the largest form asks for, so that somebody who chose too large a file is told so by that form.
LARGEST_REQUEST: Final = 64 * 1024 * 1024


class BoundedRequest(FileUploadHandler):
    """Stands before Django's own handlers and lets them have only requests of a bearable size."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803  (Django's own name)
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Judge a request by the length it announces: no more than that is ever read.

        :raises RequestDataTooBig: before a byte of it is read; the answer is 400.
        """
        if content_length > LARGEST_REQUEST:
            raise RequestDataTooBig("The request is larger than any form of this product asks for.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass a chunk on to the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""

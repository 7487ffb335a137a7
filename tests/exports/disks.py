"""A disk without a byte to spare."""

import errno
import io


class FullDisk(io.BytesIO):
    """Takes nothing."""

    def write(self, _chunk: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

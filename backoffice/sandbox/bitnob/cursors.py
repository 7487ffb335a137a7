"""Bitnob's cursors: Base64 over the position of a row, so that rows arriving later move nothing (assumption B4)."""

import base64
import binascii
import json
from dataclasses import dataclass

from backoffice.sandbox.clock import MICROSECONDS, read_instant, whole_seconds
from backoffice.sandbox.messages import encode


class BrokenCursor(ValueError):
    """The text is none of the cursors this partner gives out."""


@dataclass(frozen=True)
class Cursor:
    """The row a page ended at, and whether the way leads back to newer rows."""

    created_at: int
    transaction_id: str
    ascending: bool = False

    def text(self) -> str:
        fraction = f"{self.created_at % MICROSECONDS:06d}"
        content = {
            "created_at": f"{whole_seconds(self.created_at).removesuffix('Z')}.{fraction}Z",
            "transaction_id": self.transaction_id,
            "ascending": self.ascending,
        }
        return base64.b64encode(encode(content)).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Return the cursor somebody handed back.

        :raises BrokenCursor: for anything this partner did not write.
        """
        try:
            content = json.loads(base64.b64decode(text, validate=True))
            return cls(read_instant(content["created_at"]), str(content["transaction_id"]), bool(content["ascending"]))
        except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as error:
            raise BrokenCursor(text) from error

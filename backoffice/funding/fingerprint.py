"""The digest a decision is bound to: everything that says what would move, for whom and why."""

import hashlib
import json
from typing import Final

from backoffice.funding.models import Operation
from backoffice.money import to_plain

VERSION: Final = 1


def fingerprint_of(operation: Operation) -> str:
    """Return the SHA-256 of the operation's content as it is now, as 64 hexadecimal digits."""
    content = {
        "version": VERSION,
        "reference": operation.reference,
        "kind": str(operation.kind),
        "client": operation.client.partner_client_id,
        "asset": operation.asset_id,
        "amount": to_plain(operation.amount),
        "reason": operation.reason,
        "requested_by": operation.requested_by_id,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

"""References: one for each intended movement, minted when the operation is made, never changed, never reused."""

import secrets
from datetime import datetime
from typing import Final

from backoffice.funding.models import Kind
from backoffice.orders.models import MintedReference

#: Digits and letters without i, l, o and u, so that no two of the 32 look alike.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 8
PREFIXES: Final = {Kind.DEPOSIT: "dep", Kind.WITHDRAWAL: "wd"}
PATTERN: Final = rf"(?:dep|wd)-[0-9]{{4}}-[{ALPHABET}]{{{LENGTH}}}"


def mint(kind: Kind, now: datetime) -> str:
    """Return a new reference such as ``dep-2026-h4k7m2qx`` and keep it, in the caller's transaction."""
    name = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    reference = f"{PREFIXES[kind]}-{now.year}-{name}"
    MintedReference.objects.create(reference=reference, minted_at=now)
    return reference

"""References: one for each intended movement, minted when the operation is made, never changed, never reused."""

import secrets
from datetime import datetime
from typing import Final

from django.conf import settings

from backoffice.funding.models import Kind
from backoffice.orders.models import MintedReference

#: Digits and letters without i, l, o and u, so that no two of the 32 look alike.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 8
PREFIXES: Final = {Kind.DEPOSIT: "dep", Kind.WITHDRAWAL: "wd"}
#: What a reference begins with where no real money moves: should test settings ever meet the account of production, its
#: orders are known for what they are at sight, there and here.
TEST_MARK: Final = "test-"
PATTERN: Final = rf"(?:{TEST_MARK})?(?:dep|wd)-[0-9]{{4}}-[{ALPHABET}]{{{LENGTH}}}"


def mint(kind: Kind, now: datetime) -> str:
    """Return a new reference such as ``dep-2026-h4k7m2qx`` and keep it, in the caller's transaction."""
    name = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    reference = f"{mark()}{PREFIXES[kind]}-{now.year}-{name}"
    MintedReference.objects.create(reference=reference, minted_at=now)
    return reference


def mark() -> str:
    """Return what references begin with here. The demo's carry none: its settings cannot leave this machine."""
    return "" if settings.COINMENA_ENVIRONMENT == "live" or settings.DEMO else TEST_MARK

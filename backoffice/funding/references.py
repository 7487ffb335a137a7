"""References: one for each intended movement, minted when the operation is made, never changed, never reused.

A reference follows from the operation's submission token: what is made again from the same token, because a backup was
restored, is the same movement under the same reference, and the partner refuses to make it twice (2020).
"""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from backoffice.funding.models import BulkFile, BulkRow, Kind
from backoffice.orders.models import MintedReference

#: Digits and letters without i, l, o and u, so that no two of the 32 look alike.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 8
#: The version of a token that says when it was made.
TIMED: Final = 7
PREFIXES: Final = {Kind.DEPOSIT: "dep", Kind.WITHDRAWAL: "wd"}
#: What a reference begins with where no real money moves: should test settings ever meet the account of production, its
#: orders are known for what they are at sight, there and here.
TEST_MARK: Final = "test-"
PATTERN: Final = rf"(?:{TEST_MARK})?(?:dep|wd)-[0-9]{{4}}-[{ALPHABET}]{{{LENGTH}}}"


def mint(kind: Kind, token: UUID, *, year: int, now: datetime) -> str:
    """Return the reference of a new operation and keep it, in the caller's transaction.

    The database refuses it (`IntegrityError`) where it is another operation's: drawing a second one would pay twice
    what is made again in another order.
    """
    reference = reference_of(kind, token, year)
    MintedReference.objects.create(reference=reference, minted_at=now)
    return reference


def reference_of(kind: Kind, token: UUID, year: int) -> str:
    """Return the one reference that an operation of this token gets, such as ``dep-2026-h4k7m2qx``."""
    digest = hashlib.sha256(f"{kind.value} {token}".encode()).digest()
    name = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:LENGTH])
    return f"{mark()}{PREFIXES[kind]}-{year}-{name}"


def reference_of_row(row: BulkRow, file: BulkFile) -> str:
    """Return the reference of the operation that a row of a file makes, whenever it does."""
    return reference_of(Kind(row.kind), row.submission_token, file.uploaded_at.year)


def new_token(now: datetime) -> UUID:
    """Make the token of a form that is opened now: of version 7 (RFC 9562), so that it says when that was."""
    drawn = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    version, variant = 0xF << 76, 0x3 << 62
    return UUID(int=drawn & ~version & ~variant | 0x7 << 76 | 0x2 << 62)


def year_of(token: UUID, now: datetime) -> int:
    """Return the year of a form's reference: that in which it was opened.

    A form of last year that is sent again after a backup was restored asks for the same movement. Whatever a forged
    token says, it is this year or the last.
    """
    last, this = (datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000 for year in (now.year - 1, now.year))
    is_of_last_year = token.version == TIMED and last <= token.int >> 80 < this
    return now.year - 1 if is_of_last_year else now.year


def is_minted(reference: str) -> bool:
    """Tell whether an operation has this reference already."""
    return MintedReference.objects.filter(reference=reference).exists()


def mark() -> str:
    """Return what references begin with here. The demo's carry none: its settings cannot leave this machine."""
    return "" if settings.COINMENA_ENVIRONMENT == "live" or settings.DEMO else TEST_MARK

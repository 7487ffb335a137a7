"""Seal the log: a signed statement of how far it has come, in the database and in the second place."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, connection, transaction

from backoffice.accounts.actors import Actor
from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import FIRST_HASH, Seal, SealCopy, SealSetAside
from backoffice.audit.sealing import behind, second_place
from backoffice.audit.sealing.keys import key_id, sign, signing_key
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.failpoints import Failpoint, failpoint

VERSION: Final = 1
#: How the database knows that somebody is sealing, or copying: the keys of two advisory locks.
SEALING: Final = 0x5EA1
COPYING: Final = 0x5EA2
#: Copies written at once where the second place was away for long; the next run goes on.
COPIED_AT_ONCE: Final = 1_000

log = structlog.get_logger(__name__)


def seal_now() -> Seal | None:
    """Seal the log as it stands, also when nothing was added, and bring the second place up to date.

    None where no key is set, or somebody else is sealing at this moment. Before anything is sealed the second place is
    asked whether the log went back in time.

    :raises InvalidSealKey: when the key of the settings is none.
    :raises OSError: when the second place cannot be read or written; the seal itself is then made, and copied later.
    :raises DatabaseError: when the seal does not follow the one before it and the log.
    """
    key = signing_key()
    if key is None:
        return None
    trouble: OSError | None = None
    try:
        behind.watch()
    except OSError as error:
        trouble = error
    seal = sealed(key)
    if trouble is not None:
        raise trouble
    copy_what_is_missing()
    return seal


def sealed(key: Ed25519PrivateKey) -> Seal | None:
    """Write one seal; None where somebody else is sealing."""
    with transaction.atomic():
        if not is_alone(SEALING):
            return None
        before = Seal.objects.order_by("-number").first()
        fields = fields_of(before, key_id(key.public_key()))
        canonical = canonical_text(fields)
        seal = Seal.objects.create(
            **fields, canonical=canonical, hash=digest(canonical), signature=sign(key, canonical)
        )
        failpoint(Failpoint.C15)
        return seal


def is_alone(lock: int) -> bool:
    """Take an advisory lock until the transaction ends; False where somebody holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
        return bool(cursor.fetchone()[0])


def fields_of(before: Seal | None, signed_by: str) -> dict[str, Any]:
    """Return what the next seal says, given the one before it."""
    entry, head_hash, now = head()
    return {
        "version": VERSION,
        "number": before.number + 1 if before else 1,
        "entry": entry,
        "count": entry - (before.entry if before else 0),
        "head_hash": head_hash,
        "at": now,
        "key_id": signed_by,
        "prev": before.hash if before else FIRST_HASH,
    }


def head() -> tuple[int, str, datetime]:
    """Return the newest entry's number and hash, and the database's time; writers of the log are not held up.

    :raises DatabaseError: where the log has lost its head.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, hash, clock_timestamp() FROM audit_head")
        row = cursor.fetchone()
    if row is None:
        raise DatabaseError("The head of the audit log is missing.")
    return row  # type: ignore[no-any-return]


# The second place ----------------------------------------------------------------------------------------------------


def copy_what_is_missing() -> int:
    """Write every seal that was never copied into the second place, oldest first, and return how many.

    A seal that was copied and is gone is not written again: that is a fault, and stays one. One process at a time: two
    would complete each other's files. Each copy is noted at once, whatever becomes of the next.

    :raises OSError: when one cannot be written.
    """
    place = second_place.directory()
    if place is None:
        return 0
    missing = Seal.objects.filter(copy=None).order_by("number").values_list("number", flat=True)[:COPIED_AT_ONCE]
    return sum(copied(place, number) for number in list(missing))


def copied(place: Path, number: int) -> bool:
    """Copy one seal and note it; False where somebody else is copying, or has copied it meanwhile.

    :raises OSError: when it cannot be written.
    """
    with transaction.atomic():
        seal = Seal.objects.filter(number=number, copy=None).first() if is_alone(COPYING) else None
        if seal is not None:
            copy_to(place, seal)
        return seal is not None


def copy_to(place: Path, seal: Seal) -> None:
    line = second_place.line_of(seal.canonical, seal.hash, seal.signature)
    failpoint(Failpoint.C15)
    file = second_place.write(place, number=seal.number, digest_=seal.hash, line=line)
    failpoint(Failpoint.C15)
    SealCopy.objects.create(seal=seal, file=file, at=clock.now())


def set_strays_aside(*, by: Actor) -> int:
    """Accept that the second place holds seals of entries that a restore took away; returns how many.

    Called where two people release the lock of a restore. The files stay where they are, and the log says which.

    :raises OSError: when the second place cannot be read.
    """
    place = second_place.directory()
    strays = behind.genuine_strays(place) if place else []
    if strays:
        now = clock.now()
        SealSetAside.objects.bulk_create(SealSetAside(number=one.number, hash=one.hash, at=now) for one in strays)
        hashes = [one.hash for one in strays]
        after = {"first": strays[0].number, "last": strays[-1].number, "count": len(strays), "hashes": hashes}
        record("seals.set_aside", by=by, after=after)
    return len(strays)

"""Check the seals: each one's signature, hash, number, count and entry, and that both places say the same (S29).

What the chain alone cannot show is shown here: a log rewritten to its very end, or cut at its end together with its
head. It does not read the entries themselves beyond those that seals name: `verifying.chain` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import FIRST_HASH, Entry, Seal, SealCopy
from backoffice.audit.sealing import behind, second_place
from backoffice.audit.sealing.keys import InvalidSealKey, LastSeal, is_signed, last_seals, public_keys
from backoffice.database import clock

SEALS_AT_ONCE: Final = 2_000
#: A seal this young may still be on its way to the second place.
COPIED_WITHIN: Final = timedelta(minutes=15)
FIELDS: Final = ("version", "number", "entry", "count", "head_hash", "at", "key_id", "prev")


@dataclass(frozen=True)
class SealFault:
    """What is wrong with one seal. ``entry`` is the last one that it would have proven, 0 where none is known."""

    seal: int
    field: str
    sentence: str
    entry: int = 0


@dataclass(frozen=True)
class Before:
    """The seal before the one at hand."""

    number: int = 0
    entry: int = 0
    hash: str = FIRST_HASH


def seal_faults(since: int = 0) -> Iterator[SealFault]:
    """Yield everything that is wrong with the seals in both places, by number, those of the second place alone last.

    :param since: a seal up to which all were checked before. Of those it is only asked whether their files are still
        there; those after it, and what only the second place holds, are checked as ever.

    One seal yields its first fault only. No seal at all is no fault here: see `verifying.checking.missing_seals`.
    """
    try:
        keys, last, place = public_keys(), last_seals(), readable_place()
    except InvalidSealKey as trouble:
        yield SealFault(0, "key", str(trouble))
        return
    except OSError as trouble:
        yield fault(0, "copy", _("The second place of the seals cannot be read: %(why)s."), why=trouble.strerror)
        return
    before = checked_before(since)
    if place and before.number:
        yield from faults_of_names(place, before.number)
    for row in rows(before.number):
        for missing in range(before.number + 1, row["number"]):
            yield fault(missing, "number", _("Seal %(seal)s is missing from the log's own seals."))
        found = fault_in(row, before, keys) or fault_of_key(row, last) or (fault_of_copy(row, place) if place else None)
        if found:
            yield found
        before = Before(row["number"], row["entry"], row["hash"])
    yield from faults_of_changes(before.number, last)
    if place:
        yield from faults_of_strays(place)


def readable_place() -> Path | None:
    """Return the second place, None where none is set.

    :raises OSError: when it cannot be read.
    """
    place = second_place.directory()
    if place is not None:
        second_place.names(place)
    return place


def checked_before(since: int) -> Before:
    """Return the seal a check goes on from; none where the log does not hold it any more: then all are checked."""
    seal = Seal.objects.filter(number=since).first()
    return Before(seal.number, seal.entry, seal.hash) if seal else Before()


def faults_of_names(place: Path, until: int) -> Iterator[SealFault]:
    """Find the seals up to one whose files are gone, by the names alone: no file is opened."""
    there = second_place.names(place)
    copies = SealCopy.objects.filter(seal__lte=until).order_by("seal").values_list("seal", "seal__entry", "file")
    for number, entry, file in copies.iterator(chunk_size=SEALS_AT_ONCE):
        if file not in there:
            yield fault(number, "copy", _("Seal %(seal)s is missing from the second place."), entry)


def rows(since: int) -> Iterator[dict[str, Any]]:
    """Read the seals after one in order, each with the hash its entry has now and the file it was copied to."""
    entry_hash = Subquery(Entry.objects.filter(number=OuterRef("entry")).values("hash")[:1])
    found = Seal.objects.filter(number__gt=since).order_by("number").annotate(entry_hash=entry_hash)
    fields = (*FIELDS, "canonical", "hash", "signature", "entry_hash", "copy__file")
    yield from found.values(*fields).iterator(chunk_size=SEALS_AT_ONCE)


def fault_in(row: dict[str, Any], before: Before, keys: dict[str, Ed25519PublicKey]) -> SealFault | None:
    """Find what is wrong with one seal of the database, given the one before it."""
    number, entry = row["number"], row["entry"]
    key = keys.get(row["key_id"])
    checks = (
        (
            "hash",
            digest(row["canonical"]) == row["hash"],
            _("Seal %(seal)s was changed: its text does not give its hash."),
        ),
        (
            "canonical",
            canonical_text({name: row[name] for name in FIELDS}) == row["canonical"],
            _("Seal %(seal)s was changed: its columns are not what was signed."),
        ),
        ("key_id", key is not None, _("Seal %(seal)s is signed by a key that is not ours.")),
        (
            "signature",
            key is not None and is_signed(key, row["canonical"], row["signature"]),
            _("The signature of seal %(seal)s is not its key's."),
        ),
        (
            "prev",
            before.number + 1 != number or row["prev"] == before.hash,
            _("Seal %(seal)s does not follow the seal before it."),
        ),
        (
            "count",
            before.number + 1 != number or row["count"] == entry - before.entry,
            _("Seal %(seal)s counts other entries than came since the seal before it."),
        ),
        (
            "entry",
            bool(row["entry_hash"]) or not entry,
            _("The log was cut: entry %(entry)s, which seal %(seal)s sealed, is missing."),
        ),
        (
            "head_hash",
            row["head_hash"] == (row["entry_hash"] if entry else FIRST_HASH),
            _("The log was rewritten: entry %(entry)s is not the one that seal %(seal)s sealed."),
        ),
    )
    return next((fault(number, name, sentence, entry) for name, holds, sentence in checks if not holds), None)


def fault_of_key(row: dict[str, Any], last: dict[str, LastSeal]) -> SealFault | None:
    """Find a seal that a former key signed after its last one, or that stands where a key's last one stood."""
    number, entry, bound = row["number"], row["entry"], last.get(row["key_id"])
    if bound and number > bound.number:
        sentence = _("Seal %(seal)s is signed by a former key, whose last seal was %(last)s.")
        return fault(number, "key_id", sentence, entry, last=f"{bound.number:,}")
    if any(one.number == number and one.hash != row["hash"] for one in last.values()):
        return fault(number, "key_id", _("Seal %(seal)s is not the one at which the key was changed."), entry)
    return None


def faults_of_changes(newest: int, last: dict[str, LastSeal]) -> Iterator[SealFault]:
    """Find a log that was cut to before a key was changed."""
    for number in sorted({one.number for one in last.values() if one.number > newest}):
        yield fault(number, "number", _("The log was cut: seal %(seal)s, at which the key was changed, is missing."))


def fault_of_copy(row: dict[str, Any], place: Path) -> SealFault | None:
    """Find how the second place differs from one seal."""
    number, name = row["number"], row["copy__file"]
    if name is None:
        is_late = clock.now() - row["at"] > COPIED_WITHIN
        return (
            fault(number, "copy", _("Seal %(seal)s never came to the second place."), row["entry"]) if is_late else None
        )
    copy = second_place.read(place, name)
    if copy is None:
        return fault(number, "copy", _("Seal %(seal)s is missing from the second place."), row["entry"])
    if copy.trouble:
        sentence = _("Seal %(seal)s cannot be read in the second place: %(why)s.")
        return fault(number, "copy", sentence, row["entry"], why=copy.trouble)
    is_same = (copy.canonical, copy.hash, copy.signature) == (row["canonical"], row["hash"], row["signature"])
    return (
        None
        if is_same
        else fault(number, "copy", _("Seal %(seal)s says something else in the second place."), row["entry"])
    )


def faults_of_strays(place: Path) -> Iterator[SealFault]:
    """Find what only the second place holds: proof that the log was once further, or was another one; or a file that
    somebody else put there, which says nothing of the log."""
    strays = behind.strays(place)
    genuine = {stray.file for stray in behind.genuine(strays)}
    for stray in strays:
        entry = stray.said.get("entry", 0)
        if stray.file in genuine:
            sentence = _(
                "Seal %(seal)s stands in the second place only: the log was cut or replaced, and had come to entry "
                "%(entry)s."
            )
            yield fault(stray.number, "stray", sentence, entry)
        else:
            yield fault(
                stray.number,
                "file",
                _("The second place holds a seal %(seal)s that is not ours: %(file)s."),
                file=stray.file,
            )


def fault(seal: int, field: str, sentence: str, entry: int = 0, **words: object) -> SealFault:
    told = sentence % {"seal": f"{seal:,}", "entry": f"{entry:,}", **words}
    return SealFault(seal, field, told, entry)

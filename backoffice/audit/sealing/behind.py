"""Is the log behind its newest seal of the second place? Then it went back in time, and no money moves (C17).

The log knows nothing of money: whoever has something to stop registers for it.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from backoffice.audit.canonical import digest
from backoffice.audit.models import Entry, Seal, SealCopy, SealSetAside
from backoffice.audit.sealing import second_place
from backoffice.audit.sealing.keys import LastSeal, last_seals
from backoffice.audit.sealing.second_place import Copy
from backoffice.database import clock

#: Strays are looked for among the newest files; a release looks through all of them.
LOOKED_THROUGH: Final = 1_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Behind:
    """The log is older than its seals.

    ``common_at`` is when it last agreed with them; ``lost_at`` is the last moment known of what it lost, after which it
    went back in time.
    """

    seal: int
    common_at: datetime
    lost_at: datetime


Receiver = Callable[[Behind], None]
_RECEIVERS: dict[str, Receiver] = {}


def register(name: str, receiver: Receiver) -> None:
    """Have ``receiver`` told each time the log is found behind; called from ``AppConfig.ready()``."""
    _RECEIVERS[name] = receiver


def watch() -> Behind | None:
    """Compare the log with its newest seals in both places and tell whoever has money to stop.

    :raises OSError: when the second place cannot be read.
    """
    found = behind_own_seal() or behind_second_place()
    if found is not None:
        log.error("audit_log_behind_its_seals", seal=found.seal, common_at=found.common_at.isoformat())
        for receiver in _RECEIVERS.values():
            receiver(found)
    return found


def behind_own_seal() -> Behind | None:
    """Find a log that lost the entry its newest seal names, or holds another one in its place."""
    newest = Seal.objects.order_by("-number").first()
    if newest is None or stands(newest):
        return None
    earlier = Seal.objects.filter(number__lt=newest.number).order_by("-number")[:LOOKED_THROUGH]
    common = next((seal for seal in earlier.iterator() if stands(seal)), None)
    return _behind(newest.number, common.at if common else newest.at, [newest.at])


def stands(seal: Seal) -> bool:
    """Tell whether the log holds the entry that a seal names, with its hash."""
    return not seal.entry or Entry.objects.filter(number=seal.entry, hash=seal.head_hash).exists()


def behind_second_place() -> Behind | None:
    """Find seals of ours that the second place holds and the log does not."""
    place = second_place.directory()
    strays = genuine_strays(place, since=newest_number() - LOOKED_THROUGH) if place else []
    if not strays:
        return None
    common = Seal.objects.filter(number__lt=min(stray.number for stray in strays)).order_by("-number").first()
    newest = max(strays, key=lambda stray: stray.number)
    # Of two histories that were lost the later one may have the lower numbers.
    moments = [datetime.fromisoformat(str(stray.said["at"])) for stray in strays]
    return _behind(newest.number, common.at if common else moments[0], moments)


def _behind(seal: int, common_at: datetime, lost: Iterable[datetime]) -> Behind:
    """Pass over moments that are still to come: for a clock that ran ahead, all that is done now came before them."""
    now = clock.now()
    return Behind(seal, common_at, max([common_at, *(at for at in lost if at <= now)]))


def newest_number() -> int:
    return Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0


def genuine_strays(place: Path, *, since: int = 0) -> list[Copy]:
    """Return the seals our keys signed that the second place holds, from number ``since`` on, and the log does not
    know; those that two people set aside after a restore are known."""
    return genuine(strays(place, since=since))


def genuine(copies: Iterable[Copy]) -> list[Copy]:
    """Return those of these strays that our keys signed while they were in force.

    A former key did not when its last seal stands for another one, hash by hash: whoever has it could otherwise make a
    seal of long ago that speaks against the log.
    """
    signed = [copy for copy in copies if copy.is_genuine]
    least = min((copy.number for copy in signed), default=1)
    names = {str(copy.said.get("key_id")) for copy in signed}
    bounds = {name: first_vouched(last, least) for name, last in last_seals().items() if name in names}
    return [copy for copy in signed if copy.number < bounds.get(str(copy.said.get("key_id")), copy.number + 1)]


def first_vouched(last: LastSeal, least: int) -> int:
    """Go back from a former key's last seal to seal ``least``, hash by hash, and return the first one it stands for;
    one more than its own number where the log has another one in its place, or none."""
    first, hash_ = last.number + 1, last.hash
    rows = Seal.objects.filter(number__range=(least, last.number)).order_by("-number")
    for number, canonical, there in rows.values_list("number", "canonical", "hash").iterator():
        if (number, there) != (first - 1, hash_) or digest(canonical) != hash_:
            break
        first, hash_ = first - 1, str(json.loads(canonical)["prev"])
    return first


def strays(place: Path, *, since: int = 0) -> list[Copy]:
    """Return the files of the second place that hold no seal of this log, by number.

    :raises OSError: when the second place cannot be read.
    """
    there = sorted((number, name) for name, number in second_place.names(place).items() if number >= since)
    copied = set(SealCopy.objects.filter(seal__gte=since).values_list("file", flat=True))
    copies = [copy for _, name in there if name not in copied and (copy := second_place.read(place, name))]
    hashes = [copy.hash for copy in copies]
    known = {*Seal.objects.filter(hash__in=hashes).values_list("hash", flat=True), *set_aside(hashes)}
    return [copy for copy in copies if copy.hash not in known and not is_being_written(copy)]


def set_aside(hashes: Collection[str]) -> set[str]:
    """Return those of these seals that were set aside: only what the log itself says so of, since a row beside it is
    written in a moment by whoever cut the log."""
    rows = set(SealSetAside.objects.filter(hash__in=hashes).values_list("hash", flat=True))
    said = Entry.objects.filter(event="seals.set_aside").values_list("after", flat=True) if rows else ()
    return {hash_ for after in said for hash_ in (after or {}).get("hashes", ()) if hash_ in rows}


def is_being_written(copy: Copy) -> bool:
    """Whether a file says nothing yet because its seal is on its way there."""
    return not copy.hash and Seal.objects.filter(number=copy.number, copy=None).exists()

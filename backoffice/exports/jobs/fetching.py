"""Fetch a built file: whole, or from where a download broke off (RFC 9110, ranges of bytes)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from django.utils.translation import gettext

from backoffice.accounts.context import current_origin
from backoffice.accounts.models import Person
from backoffice.audit.models import Entry
from backoffice.audit.services import object_fields, record
from backoffice.database import clock
from backoffice.exports import registry
from backoffice.exports.jobs import storing
from backoffice.exports.jobs.services import told
from backoffice.exports.jobs.whole import Changed, Identity, check_whole, issued_digest
from backoffice.exports.models import ExportJob
from backoffice.exports.policies import check_may_take

CHUNK_BYTES: Final = 256 * 1024
#: One entry says of so long that a person may have had every part of a file; a program asks for thousands.
SITTING: Final = timedelta(minutes=15)
log = structlog.get_logger(__name__)
ONE_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


class NotThere(Exception):
    """There is no file to fetch; the text says why, and what to do."""


class BeyondTheEnd(Exception):
    """The range that was asked for lies outside the file."""


@dataclass(frozen=True)
class Part:
    """The bytes of a file from ``first`` up to, not with, ``end``, as long as it is the one that was checked."""

    path: Path
    identity: Identity
    first: int
    end: int
    size: int

    @property
    def is_whole(self) -> bool:
        return (self.first, self.end) == (0, self.size)

    @property
    def content_range(self) -> str:
        """How a partial answer says which bytes it holds."""
        return f"bytes {self.first}-{self.end - 1}/{self.size}"

    def pieces(self) -> Iterator[bytes]:
        """Read the bytes, never more than a piece at a time, and look after each whether the file is the one checked.

        :raises OSError: when the file was changed since it was checked: the answer breaks off.
        """
        with self.path.open("rb") as file:
            file.seek(self.first)
            left = self.end - self.first
            while left:
                piece = file.read(min(CHUNK_BYTES, left))
                if not piece or Identity.of(file) != self.identity:
                    raise OSError(f"{self.path.name} was changed while it was handed out.")
                left -= len(piece)
                yield piece


def part_of(job: ExportJob, asked_range: str) -> Part:
    """Find the part of a job's file that a request's ``Range`` names; the whole where it names none.

    :raises NotThere: when the job has no file, or none any more.
    :raises Changed: when the file is not what its manifest says, or not as long as its row.
    :raises BeyondTheEnd: for a range outside the file.
    """
    if not job.is_ready or job.expires_at is None or job.expires_at <= clock.now():
        raise NotThere(gettext("This file is not kept any more. Ask for the export again."))
    path = storing.path_of(job.stored_as)
    if not path.is_file():
        raise NotThere(gettext("This file is not where it was built. Ask for the export again."))
    first, end = bounds(asked_range, job.size or 0)
    identity = check_whole(path, issued_digest(job), anew=not first)
    if identity.size != job.size:
        raise Changed
    return Part(path, identity, first, end, identity.size)


def bounds(asked_range: str, size: int) -> tuple[int, int]:
    """Read one range of bytes; anything else that a ``Range`` may say means the whole file.

    :raises BeyondTheEnd: for a range outside the file.
    """
    match = ONE_RANGE.fullmatch(asked_range.strip())
    if not match or match[0] == "bytes=-":
        return 0, size
    if not match[1]:
        first, end = max(0, size - int(match[2])), size
    else:
        first, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
    if not first < end:
        raise BeyondTheEnd
    return first, end


def fetch(*, job: ExportJob, by: Person, asked_range: str) -> Part:
    """Hand out a file, or a part of it, to the person it was built for, and write that down before a byte leaves.

    Each whole file is an entry. Parts are one per person, file, address and sitting: it names the first part, and until
    when any other may have followed.

    :raises Refused: for somebody who may no longer take the list away.
    :raises NotThere: when there is no file.
    :raises BeyondTheEnd: for a range outside it.
    """
    check_may_take(registry.find(job.export), by)
    facts = {**told(job), "file": job.file_name, "sha256": issued_digest(job), "entry": job.entry_id}
    try:
        part = part_of(job, asked_range)
    except Changed as error:
        log.error("an exported file is not what was built", job=job.pk)
        record("export.file_changed", by=by, obj=job, after=facts, result=str(Entry.Result.FAILED))
        raise NotThere(
            gettext("This file was changed where it is kept, and is not handed out. Ask for the export again.")
        ) from error
    if part.is_whole:
        record("export.fetched", by=by, obj=job, after=facts)
    elif not is_written_down(job, by):
        parts = {"first_byte": part.first, "last_byte": part.end - 1, "parts_until": clock.now() + SITTING}
        record("export.fetched", by=by, obj=job, after={**facts, **parts})
    return part


def is_written_down(job: ExportJob, by: Person) -> bool:
    """Whether an entry says already that the person took this file, or parts of it, in this sitting."""
    taken = Entry.objects.filter(event="export.fetched", **object_fields(job))
    since = clock.now() - SITTING
    return taken.filter(person=by, address=current_origin().address, at__gt=since).exists()

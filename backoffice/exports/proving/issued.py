"""The files that were issued, as the audit log has them, and which of them a file may once have been."""

import json
import re
import sys
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import Entry, Head, Seal
from backoffice.exports.models import Format, RowMarks
from backoffice.exports.proving.records import Records
from backoffice.exports.proving.shapes import Shape
from backoffice.exports.queries import exported

#: The name every export has at the beginning, however a copy of it was called afterwards.
OUR_NAME: Final = re.compile(r"[a-z0-9-]+-[0-9]{8}T[0-9]{6}\.[0-9]{6}Z")
#: So many files of the same columns are compared, newest first, and so many of their rows in all.
MOST_CANDIDATES: Final = 2_000
MOST_MARKS: Final = 50_000_000
SAMPLE: Final = 4_096
#: So many files of the same columns and rows have their sums compared.
MOST_ALIKE: Final = 50


@dataclass(frozen=True)
class Issued:
    """One file that was issued: its manifest in the log."""

    entry: Entry

    @property
    def said(self) -> dict[str, Any]:
        return self.entry.after or {}

    @property
    def file(self) -> str:
        return str(self.said.get("file", ""))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.said.get("columns", ()))

    @property
    def rows(self) -> int:
        return int(self.said.get("rows", 0))

    @property
    def sums(self) -> dict[str, str]:
        """The sum of each asset, as plain digits."""
        return dict(self.said.get("sums", {}))

    @property
    def summed(self) -> tuple[str, str]:
        """The headings of the amount and of the asset it was added up by."""
        named = self.said.get("summed") or {}
        return str(named.get("amount", "")), str(named.get("asset", ""))

    @property
    def has_bom(self) -> bool:
        return self.said.get("format") == Format.CSV_BOM

    @property
    def is_whole(self) -> bool:
        return self.entry.event == "export.made"

    @property
    def is_as_written(self) -> bool:
        """Whether the manifest's own entry is what was written: its columns give its text, and that its hash."""
        entry = self.entry
        try:
            names = json.loads(entry.canonical)
            fields = {name: getattr(entry, name) for name in names}
        except (ValueError, AttributeError):
            return False
        is_whole = canonical_text(fields) == entry.canonical and digest(entry.canonical) == entry.hash
        return is_whole and self.is_vouched_for

    @property
    def is_vouched_for(self) -> bool:
        """Whether the entry after it, or the head of the log, holds its hash, and the next seal that of its entry: who
        writes columns, text and hash alike anew has to write all that follows, and then a seal speaks against it."""
        number, hash_ = self.entry.number, self.entry.hash
        holder = Entry.objects.filter(number=number + 1).values_list("prev", flat=True).first()
        holder = holder or Head.objects.filter(number=number).values_list("hash", flat=True).first()
        seal = Seal.objects.filter(entry__gte=number).order_by("number").first()
        return holder == hash_ and (
            seal is None or Entry.objects.filter(number=seal.entry, hash=seal.head_hash).exists()
        )

    @property
    def is_sealed(self) -> bool:
        return Seal.objects.filter(entry__gte=self.entry.number).exists()

    def marks(self) -> "array[int]":
        """The marks of its rows, in order; none where it was no CSV."""
        found = array("I")
        for part in RowMarks.objects.filter(entry=self.entry).order_by("part").values_list("marks", flat=True):
            found.frombytes(bytes(part))
        if sys.byteorder == "big":
            found.byteswap()
        return found


def with_digest(digests: Collection[str]) -> list[Issued]:
    """Find what was issued with one of these digests, whole files before broken ones, oldest first."""
    found = exported().filter(after__sha256__in=list(digests)).order_by("number")
    return sorted(map(Issued, found), key=lambda one: not one.is_whole)


def named_as(name: str) -> Issued | None:
    """Find the file a name was given to, also when something was put before or behind it."""
    match = OUR_NAME.search(name)
    if not match:
        return None
    ends = "|".join(sorted({one.suffix for one in Format}))
    wanted = rf"^{re.escape(match[0])}\.({ends})$"
    found = whole().filter(after__file__regex=wanted).order_by("-number").first()
    return Issued(found) if found else None


def closest(records: Records, shape: Shape, size: int) -> Issued | None:
    """Find the file most of these rows were issued in, among those that are likely; the newest of equals."""
    sample = sample_of(records)
    best, most = None, 0
    for issued in candidates(shape):
        shared = len(sample.intersection(issued.marks()))
        if shared > most:
            best, most = issued, shared
        if shared == len(sample):
            break
    return best or like_in_size(shape, len(records), size)


def sample_of(records: Records) -> set[int]:
    """Take marks spread over the whole file."""
    step = max(1, len(records) // SAMPLE)
    return set(records.marks[::step])


def candidates(shape: Shape) -> Iterator[Issued]:
    """Give the files of these columns, then any; newest first, and no more than can be compared in a moment."""
    same = whole().filter(after__columns=list(shape.cells))
    others = whole().exclude(after__columns=list(shape.cells)) if len(shape.cells) > 1 else whole().none()
    read = 0
    for rows in (same, others):
        for entry in rows.order_by("-number")[:MOST_CANDIDATES].iterator(chunk_size=100):
            issued = Issued(entry)
            if (read := read + issued.rows) > MOST_MARKS:
                return
            yield issued


def like_in_size(shape: Shape, rows: int, size: int) -> Issued | None:
    """Find the newest file of the same columns, rows and bytes: one digit changed in its only row leaves all three."""
    alike = {"after__columns": list(shape.cells), "after__rows": rows, "after__bytes": size}
    found = whole().filter(**alike).order_by("-number").first() if rows else None
    return Issued(found) if found else None


def of_the_same_shape(shape: Shape, rows: int) -> list[Issued]:
    """Find the newest files with these columns and as many rows."""
    found = whole().filter(after__columns=list(shape.cells), after__rows=rows).order_by("-number")
    return [Issued(entry) for entry in found[:MOST_ALIKE]]


def with_these_columns(shape: Shape) -> Issued | None:
    """Find the newest file with these columns, whatever its rows."""
    found = whole().filter(after__columns=list(shape.cells)).order_by("-number").first() if shape.cells else None
    return Issued(found) if found else None


def whole() -> QuerySet[Entry]:
    """The files that left to their last byte."""
    return exported().filter(event="export.made")


def takings(sha256: str) -> QuerySet[Entry]:
    """Every time the bytes of this digest were given to somebody, whole or the rest of a download that broke off."""
    return Entry.objects.filter(event__in=TAKINGS, after__sha256=sha256).order_by("number")


TAKINGS: Final = ("export.made", "export.fetched", "schedule.delivered")

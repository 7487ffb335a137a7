"""The files that were issued, as the audit log has them, and which of them a file may once have been."""

import re
import sys
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any, Final

from django.db.models import Q, QuerySet

from backoffice.audit.canonical import canonical_text
from backoffice.audit.models import Entry
from backoffice.exports.models import Format, RowMarks
from backoffice.exports.proving.facts import facts_of, told_by
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

    @cached_property
    def said(self) -> dict[str, Any]:
        """What its manifest says, as far as that can be read."""
        return facts_of(self.entry)

    @cached_property
    def who(self) -> str:
        """Who was given it."""
        return str(told_by(self.entry).get("who", self.entry.who))

    @property
    def file(self) -> str:
        return str(self.said.get("file", ""))

    @property
    def sha256(self) -> str:
        return str(self.said.get("sha256", ""))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.said.get("columns", ()))

    @property
    def rows(self) -> int | None:
        """How many rows it was issued with; None where its manifest no longer says."""
        return self.said.get("rows")

    @property
    def sums(self) -> dict[str, str]:
        """The sum of each asset, as plain digits."""
        return dict(self.said.get("sums", {}))

    @property
    def summed(self) -> tuple[str, str]:
        """The headings of the amount and of the asset it was added up by."""
        named = self.said.get("summed", {})
        return named.get("amount", ""), named.get("asset", "")

    @property
    def has_bom(self) -> bool:
        return self.said.get("format") == Format.CSV_BOM

    @property
    def is_whole(self) -> bool:
        return self.entry.event == "export.made"

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
    found = (one for sha256 in sorted(digests) for one in those_saying(exported(), sha256=sha256))
    return sorted(found, key=lambda one: (not one.is_whole, one.entry.number))


def named_as(name: str) -> Issued | None:
    """Find the file a name was given to, also when something was put before or behind it."""
    match = OUR_NAME.search(name)
    if not match:
        return None
    names = [f"{match[0]}.{suffix}" for suffix in sorted({one.suffix for one in Format})]
    found = (one for name_ in names for one in those_saying(whole(), file=name_))
    return max(found, key=lambda one: one.entry.number, default=None)


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
    same = those_saying(whole(), columns=list(shape.cells))
    others = whole().exclude(after__columns=list(shape.cells)) if len(shape.cells) > 1 else whole().none()
    read = 0
    for issued in chain(same, map(Issued, newest_first(others))):
        if (read := read + (issued.rows or 0)) > MOST_MARKS:
            return
        yield issued


def like_in_size(shape: Shape, rows: int, size: int) -> Issued | None:
    """Find the newest file of the same columns, rows and bytes: one digit changed in its only row leaves all three."""
    alike = those_saying(whole(), columns=list(shape.cells), rows=rows, bytes=size)
    return next(alike, None) if rows else None


def of_the_same_shape(shape: Shape, rows: int) -> list[Issued]:
    """Find the newest files with these columns and as many rows."""
    return list(islice(those_saying(whole(), columns=list(shape.cells), rows=rows), MOST_ALIKE))


def with_these_columns(shape: Shape) -> Issued | None:
    """Find the newest file with these columns, whatever its rows."""
    return next(those_saying(whole(), columns=list(shape.cells)), None) if shape.cells else None


def those_saying(among: QuerySet[Entry], /, **facts: Any) -> Iterator[Issued]:
    """Give the files whose manifests say this, newest first: by their columns or by their texts, whichever were changed
    since. A manifest that says nothing of a fact any more is not passed over for that."""
    by_columns = Q(**{f"after__{name}": value for name, value in facts.items()})
    by_text = Q()
    for name, value in facts.items():
        by_text &= Q(canonical__contains=canonical_text({name: value}).strip("{}"))
    for issued in map(Issued, newest_first(among.filter(by_columns | by_text))):
        if all(issued.said.get(name, value) == value for name, value in facts.items()):
            yield issued


def newest_first(rows: QuerySet[Entry]) -> Iterator[Entry]:
    return rows.order_by("-number")[:MOST_CANDIDATES].iterator(chunk_size=100)


def whole() -> QuerySet[Entry]:
    """The files that left to their last byte."""
    return exported().filter(event="export.made")


def takings(sha256: str) -> QuerySet[Entry]:
    """Every time the bytes of this digest were given to somebody, whole or the rest of a download that broke off."""
    return Entry.objects.filter(event__in=TAKINGS, after__sha256=sha256).order_by("number")


TAKINGS: Final = ("export.made", "export.fetched", "schedule.delivered")

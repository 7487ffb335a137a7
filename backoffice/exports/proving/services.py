"""Verify a file: find what was issued here that it is, or was, and write down what was found."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.db import transaction

from backoffice.accounts.models import Person
from backoffice.accounts.policies import check_role
from backoffice.audit.models import Entry
from backoffice.audit.services import record
from backoffice.exports.policies import READERS
from backoffice.exports.proving.comparing import Change, Comparison, compare
from backoffice.exports.proving.issued import (
    Issued,
    closest,
    named_as,
    of_the_same_shape,
    with_digest,
    with_these_columns,
)
from backoffice.exports.proving.rebuilding import is_issued_with
from backoffice.exports.proving.receiving import Received
from backoffice.exports.proving.records import Records, records_of, text_at
from backoffice.exports.proving.restoring import LONGEST, restored
from backoffice.exports.proving.shapes import Shape, plain_digests, shape_of
from backoffice.exports.proving.sums import SumNow, Sums, compared, sums_of

SHOWN_ROWS = 20
LONGEST_NAME = 200


class Verdict(StrEnum):
    """The answers there are. The log has them as they stand here."""

    UNTOUCHED = "untouched"
    REWRAPPED = "saved again, every row as issued"
    ALTERED = "altered"
    BROKEN_OFF = "broken off on its way"
    NEVER_ISSUED = "never issued here"


@dataclass(frozen=True)
class Row:
    """One row that is not as issued: its place and line, its bytes now, and those it had where the digest of the whole
    file proves them."""

    number: int
    line: int
    now: bytes
    issued: bytes | None = None


@dataclass(frozen=True)
class Finding:
    """What a file turned out to be. ``issued`` are the manifests it belongs to, the first one made first.

    ``is_by_name`` says that nothing but its name leads to its manifest, ``comparison`` is of its rows, where it has
    rows that can be told apart. ``alike`` is a file with the same columns, where it was never issued.
    """

    verdict: Verdict
    file: Received
    shape: Shape
    issued: tuple[Issued, ...] = ()
    rows: int | None = None
    comparison: Comparison | None = None
    sums: tuple[SumNow, ...] = ()
    unreadable_row: int = 0
    changed: tuple[Row, ...] = field(default=(), repr=False)
    is_by_name: bool = False
    alike: Issued | None = None
    entry: Entry | None = None

    @property
    def manifest(self) -> Issued | None:
        """The file it is compared with: the first one with its bytes, or the nearest."""
        return self.issued[0] if self.issued else None

    @property
    def has_other_heading(self) -> bool:
        manifest = self.manifest
        return bool(manifest and manifest.columns and self.shape.cells != manifest.columns)


def verify_file(received: Received, *, by: Person) -> Finding:
    """Say whether a file was issued here and is untouched, and where not, what was changed; write that down.

    :raises Refused: for somebody who may not read what was exported.
    :raises TooManyRows: for a file of more rows than are read.
    """
    check_role(by, *READERS)
    finding = find_out(received)
    with transaction.atomic():
        manifest = finding.manifest
        about = manifest.entry if manifest else None
        entry = record("file.verified", by=by, obj=about, after=told(finding))
    return Finding(**{**vars(finding), "entry": entry})


def find_out(received: Received) -> Finding:
    """Compare a file with what was issued. Nothing is written."""
    shape = shape_of(received.content, received.size)
    issued = with_digest([received.sha256])
    if issued:
        verdict = Verdict.UNTOUCHED if issued[0].is_whole else Verdict.BROKEN_OFF
        return Finding(verdict, received, shape, tuple(issued), rows=issued[0].rows)
    if shape.is_workbook:
        return known_by_name(received, shape)
    issued = [one for one in with_digest(plain_digests(received.content, shape)) if one.is_whole]
    if issued:
        return Finding(Verdict.REWRAPPED, received, shape, tuple(issued), rows=issued[0].rows)
    return altered_or_strange(received, shape)


def known_by_name(received: Received, shape: Shape) -> Finding:
    """Find a file whose rows cannot be told apart."""
    named = named_as(received.name)
    if named is None:
        return Finding(Verdict.NEVER_ISSUED, received, shape)
    return Finding(Verdict.ALTERED, received, shape, (named,), is_by_name=True)


def altered_or_strange(received: Received, shape: Shape) -> Finding:
    records = records_of(received.content, shape)
    issued = (
        named_as(received.name) or closest(records, shape, received.size) or with_these_sums(received, shape, records)
    )
    if issued is None:
        alike = with_these_columns(shape)
        return Finding(Verdict.NEVER_ISSUED, received, shape, rows=len(records), alike=alike)
    marks = issued.marks()
    if len(marks) != issued.rows:
        return Finding(Verdict.ALTERED, received, shape, (issued,), rows=len(records), is_by_name=True)
    records = records_of(received.content, shape, frozenset(marks))
    comparison = compare(marks, records.marks)
    changed = rows_shown(received, records, comparison, marks)
    before = {row.number - 1: row.issued for row in changed if row.issued is not None}
    is_proven = len(before) == comparison.count and is_issued_with(received.content, shape, records, issued, before)
    if comparison.change is Change.NONE and not is_proven:
        comparison = Comparison(Change.UNSEEN)
    sums = sums_of(received.content, shape, issued)
    return Finding(
        Verdict.ALTERED,
        received,
        shape,
        (issued,),
        rows=len(records),
        comparison=comparison,
        sums=tuple(compared(issued, sums)) if sums and not sums.unreadable else (),
        unreadable_row=sums.unreadable if sums else 0,
        changed=tuple(row if is_proven else replace(row, issued=None) for row in changed),
    )


def with_these_sums(received: Received, shape: Shape, records: Records) -> Issued | None:
    """Find the file that a spreadsheet program wrote anew: no row has its bytes, but columns, rows and sums are its."""
    read: dict[tuple[str, str], Sums | None] = {}
    for issued in of_the_same_shape(shape, len(records)):
        if not issued.sums:
            continue
        if issued.summed not in read:
            read[issued.summed] = sums_of(received.content, shape, issued)
        sums = read[issued.summed]
        if sums and not sums.unreadable and not any(one.difference for one in compared(issued, sums)):
            return issued
    return None


def rows_shown(received: Received, records: Records, comparison: Comparison, marks: Any) -> list[Row]:
    """Read the first rows that are not as issued."""
    rows = []
    for place in comparison.places[:SHOWN_ROWS]:
        now = text_at(received.content, records, place, LONGEST + 1)
        before = restored(now, marks[place]) if comparison.change is Change.ROWS else None
        rows.append(Row(place + 1, records.lines[place], now, before))
    return rows


def told(finding: Finding) -> dict[str, Any]:
    """Say what was found, as the log keeps it."""
    received, compared_ = finding.file, finding.comparison
    facts: dict[str, Any] = {
        "file": received.name[:LONGEST_NAME],
        "bytes": received.size,
        "sha256": received.sha256,
        "found": str(finding.verdict),
        "entries": [one.entry.number for one in finding.issued[:SHOWN_ROWS]],
    }
    if finding.rows is not None:
        facts["rows"] = finding.rows
    if compared_ is not None:
        facts["change"] = str(compared_.change)
        facts["rows_not_as_issued"] = compared_.count
        facts["first_of_them"] = [row.number for row in finding.changed]
        facts["sums"] = {one.asset: format(one.found, "f") for one in finding.sums}
    return facts

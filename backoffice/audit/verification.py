"""Check the chain of the audit log: every entry, every link, every field (security.md §3).

Each entry must have the next number, name the hash of the one before, hash to what it says, and its canonical text must
be what its columns give when it is rebuilt. The head must stand at the last one. What this cannot see, by nature, is a
log rewritten from some entry to its end or cut at its end together with the head: only seals kept elsewhere show that.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.utils.translation import gettext as _

from backoffice.audit.canonical import VERSION, canonical_text, digest, plain
from backoffice.audit.models import FIRST_HASH, Entry, Head

ROWS_AT_ONCE = 2_000
#: The columns that make up the canonical text of version 1.
FIELDS = (
    "number",
    "at",
    "event",
    "person_id",
    "who",
    "role",
    "delegate_of",
    "address",
    "request_id",
    "object_type",
    "object_id",
    "client",
    "before",
    "after",
    "reason",
    "result",
    "version",
    "prev",
)


@dataclass(frozen=True)
class Fault:
    """The first entry that is not what was written, and what of it."""

    number: int
    field: str
    sentence: str


@dataclass(frozen=True)
class Verification:
    """How a check of the whole log came out. ``entries`` is how far it is intact."""

    entries: int
    seconds: float
    fault: Fault | None = None

    @property
    def is_intact(self) -> bool:
        return self.fault is None

    @property
    def sentence(self) -> str:
        """The answer, fit for an auditor."""
        if self.fault:
            return self.fault.sentence
        if not self.entries:
            return _("The audit log is empty.")
        return _("Intact from entry 1 to entry %(last)s.") % {"last": f"{self.entries:,}"}


def verify() -> Verification:
    """Check the log from its first entry to where its head stands now."""
    began, head = monotonic(), Head.objects.get()
    last = Link(0, FIRST_HASH)
    for row in rows_until(head.number):
        fault = fault_in(row, last)
        if fault:
            return Verification(last.number, monotonic() - began, fault)
        last = Link(row["number"], row["hash"])
    return Verification(last.number, monotonic() - began, fault_at_the_end(head, last))


@dataclass(frozen=True)
class Link:
    """What the next entry must follow."""

    number: int
    hash: str


def rows_until(number: int) -> Iterator[dict[str, Any]]:
    """Read the entries in order, a few thousand at a time."""
    rows = Entry.objects.filter(number__lte=number).order_by("number").values(*FIELDS, "canonical", "hash")
    yield from rows.iterator(chunk_size=ROWS_AT_ONCE)


def fault_in(row: dict[str, Any], last: Link) -> Fault | None:
    """Find what is wrong with one entry, given the one before it."""
    number = row["number"]
    if number != last.number + 1:
        missing = last.number + 1
        return Fault(missing, "number", _("Entry %(number)s is missing.") % {"number": f"{missing:,}"})
    if row["prev"] != last.hash:
        return bad(number, "prev", _("it does not follow the entry before it"))
    if digest(row["canonical"]) != row["hash"]:
        return bad(number, "hash", _("its text does not give its hash"))
    if row["version"] != VERSION:
        return bad(number, "version", _("no form of an entry has this version"))
    field = differing_field(row)
    return bad(number, field, _("%(field)s was changed") % {"field": field}) if field else None


def differing_field(row: dict[str, Any]) -> str:
    """Name the first column that is not what the canonical text says; empty when all are."""
    fields = {name: row[name] for name in FIELDS}
    if canonical_text(fields) == row["canonical"]:
        return ""
    try:
        said = json.loads(row["canonical"])
    except ValueError:
        return "canonical"
    return next((name for name in FIELDS if name not in said or said[name] != plain(fields[name])), "canonical")


def bad(number: int, field: str, why: str) -> Fault:
    sentence = _("Entry %(number)s is not what was written: %(why)s.") % {"number": f"{number:,}", "why": why}
    return Fault(number, field, sentence)


def fault_at_the_end(head: Head, last: Link) -> Fault | None:
    """Find a cut tail, a head that was moved, or entries behind the head."""
    if last.number < head.number:
        missing = last.number + 1
        sentence = _("The end was cut: entry %(number)s is missing.") % {"number": f"{missing:,}"}
        return Fault(missing, "number", sentence)
    if last.hash != head.hash:
        return bad(last.number, "hash", _("the head of the log names another hash"))
    return entry_behind_the_head()


def entry_behind_the_head() -> Fault | None:
    """Find an entry the head does not know of; asked in one statement, because entries are added meanwhile."""
    number = (
        Entry.objects.filter(number__gt=Head.objects.values("number")[:1])
        .order_by("number")
        .values_list("number", flat=True)
        .first()
    )
    return bad(number, "number", _("it stands behind the head of the log")) if number is not None else None

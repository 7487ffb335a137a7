"""The stretch of the audit log that a pack needs: from just before the first entry concerned to the last.

A pack of a day gives whoever may read the log every entry in the form that was hashed. Anybody else, and a pack of one
client whoever makes it, gets that of the entries about what the pack is about, and of those between only the numbers
and hashes that link them: what is handed on about one client tells nothing of another.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Model, Q, QuerySet

from backoffice.accounts.models import Person
from backoffice.accounts.policies import has_role
from backoffice.audit import policies
from backoffice.audit.models import Entry
from backoffice.audit.queries import entries
from backoffice.audit.services import object_fields
from backoffice.reconciliation.packs.parts import Row, Table

FILE: Final = "chain.jsonl"
ROWS_AT_ONCE: Final = 2_000
#: A longer stretch is cut: then each entry concerned stands with the one before it.
MOST: Final = 100_000
HEADINGS: Final = ("number", "at", "event", "what", "who", "for", "about", "before", "after", "reason", "result")


@dataclass(frozen=True)
class Segment:
    """The numbers of the entries concerned, the stretches that are given, and whether all of each entry is."""

    concerned: frozenset[int]
    stretches: list[range]
    is_open: bool

    @property
    def is_cut(self) -> bool:
        return len(self.stretches) > 1

    def lines(self) -> Iterator[bytes]:
        """One entry as one line of JSON, in the order of their numbers."""
        for stretch in self.stretches:
            rows = Entry.objects.filter(number__gte=stretch.start, number__lt=stretch.stop).order_by("number")
            for row in rows.values_list("number", "prev", "hash", "canonical").iterator(ROWS_AT_ONCE):
                yield self.line(*row)

    def line(self, number: int, prev: str, digest: str, canonical: str) -> bytes:
        said: dict[str, object] = {"number": number, "prev": prev, "hash": digest}
        if self.is_open or number in self.concerned:
            said["canonical"] = canonical
        return json.dumps(said, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def segment_for(objects: Iterable[Model], person: Person, client: str) -> Segment:
    """The stretch of the log about these objects, as far as ``person`` may read it and it is about all clients."""
    numbers = list(about(objects).order_by("number").values_list("number", flat=True))
    is_open = not client and has_role(person, *policies.READERS)
    return Segment(frozenset(numbers), stretches_of(numbers), is_open)


def about(objects: Iterable[Model]) -> QuerySet[Entry]:
    """Every entry about any of these objects."""
    ids: dict[str, set[str]] = {}
    for one in objects:
        fields = object_fields(one)
        ids.setdefault(fields["object_type"], set()).add(fields["object_id"])
    named = [Q(object_type=kind, object_id__in=sorted(some)) for kind, some in sorted(ids.items())]
    return entries().filter(reduce(or_, named)) if named else entries().none()


def stretches_of(numbers: list[int]) -> list[range]:
    """From just before the first to the last; where that is too long, around each."""
    if not numbers:
        return []
    whole = range(max(numbers[0] - 1, 1), numbers[-1] + 1)
    if len(whole) <= MOST:
        return [whole]
    pieces: list[range] = []
    for number in numbers:
        start = max(number - 1, 1)
        if pieces and start <= pieces[-1].stop:
            pieces[-1] = range(pieces[-1].start, number + 1)
        else:
            pieces.append(range(start, number + 1))
    return pieces


def table_of(objects: list[Model]) -> Table:
    """The entries concerned in words, oldest first."""
    return Table(
        "audit", "In the audit log", HEADINGS, lambda: map(row_of, about(objects).order_by("number").iterator())
    )


def row_of(entry: Entry) -> Row:
    what = f"{entry.object_type} {entry.object_id}"
    said = (entry.before, entry.after, entry.reason, entry.result)
    return (entry.number, entry.at, entry.event, entry.sentence, entry.who, entry.delegate_of, what, *said)

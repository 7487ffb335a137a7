"""How somebody who holds the database would write entries that look right."""

import json
from typing import Any

from backoffice.audit.canonical import canonical_text, digest
from backoffice.audit.models import FIRST_HASH, Entry

Said = dict[str, Any]


def said_by(number: int) -> Said:
    """What the canonical text of an entry says."""
    found: Said = json.loads(Entry.objects.values_list("canonical", flat=True).get(number=number))
    return found


def hash_of(number: int) -> str:
    """The hash of an entry; of none, what the first one follows."""
    return Entry.objects.values_list("hash", flat=True).filter(number=number).first() or FIRST_HASH


def write_over(number: int, said: Said) -> str:
    """Have an entry say something else, in its columns, its text and its hash alike; returns the hash."""
    text = canonical_text(said)
    columns = {name: value for name, value in said.items() if name not in ("number", "at")}
    Entry.objects.filter(number=number).update(**columns, canonical=text, hash=digest(text))
    return digest(text)


def push_in(number: int, said: Said) -> None:
    """Write an entry where another stands, which moves on with all that follow."""
    move_on(number)
    text = canonical_text({**said, "number": number, "prev": hash_of(number - 1)})
    values = {**json.loads(text), "canonical": text, "hash": digest(text)}
    Entry.objects.bulk_create([Entry(**values)])


def move_on(number: int) -> None:
    """Count every entry from ``number`` on one further."""
    later = Entry.objects.filter(number__gte=number)
    numbers = list(later.order_by("-number").values_list("number", flat=True))
    for one in numbers:
        Entry.objects.filter(number=one).update(number=one + 1)


def swap(one: int, other: int) -> None:
    """Put two entries in each other's place."""
    for was, now in ((one, -one), (other, one), (-one, other)):
        Entry.objects.filter(number=was).update(number=now)

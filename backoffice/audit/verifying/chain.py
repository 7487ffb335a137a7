"""Check the chain: every number, every link, every hash, every field, from the first entry to where the head stands.

PostgreSQL reads the log, stretch by stretch, so that whoever waits can be told how far it is; only around the first bad
entry does Python look at rows. Entries added meanwhile stand behind the head that was read first, and are left alone.
What no chain can show is a history rewritten to its end or cut at its end together with its head: the seals do.
"""

from collections.abc import Callable
from typing import Final

from django.db import DataError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from backoffice.audit.models import FIRST_HASH, Entry, Head
from backoffice.audit.verifying.naming import Around, Fault, Link, Row, fault, is_bad, is_sound, name_fault, rows_from
from backoffice.audit.verifying.statement import FIRST_BAD

#: So many entries are sorted in memory at once, and take about a quarter of a second.
ENTRIES_AT_ONCE: Final = 20_000
#: What PostgreSQL says of a text nested without end.
NESTED_TOO_DEEP: Final = "54001"
#: What Python says of columns that it cannot take.
UNREADABLE: Final = (ValueError, RecursionError, DataError)

Told = Callable[[int, int], None]


def nobody(_done: int, _of: int) -> None:
    """Listen to no progress."""


def chain_fault(head: Head, told: Told = nobody) -> Fault | None:
    """Find the first bad entry up to ``head``; ``told`` hears how many of how many are checked, and may stop it."""
    before_the_first = Entry.objects.filter(number__lt=1).order_by("number").values_list("number", flat=True).first()
    if before_the_first is not None:
        return named(before_the_first, head)
    last, after = Link(), 0
    while last.number < head.number:
        until = min(last.number + ENTRIES_AT_ONCE, head.number)
        found = fault_in_stretch(last, after, until, head)
        if found:
            return found
        last, after = Link(until, hash_of(until) or ""), until
        told(until, head.number)
    return fault_at_the_end(head, last)


def fault_in_stretch(last: Link, after: int, until: int, head: Head) -> Fault | None:
    """Find the first bad entry after number ``after`` up to ``until``, where ``last`` is the one before them."""
    number = first_bad(last, after, until)
    if number is not None:
        return named(number, head)
    missing = newest_of(after, until)
    if missing == until:
        return None
    if missing + 1 > (Entry.objects.order_by("-number").values_list("number", flat=True).first() or 0):
        return fault(missing + 1, "number", _("The end was cut: entry %(entry)s is missing."))
    return fault(missing + 1, "number", _("Entry %(entry)s is missing."))


def first_bad(last: Link, after: int, until: int) -> int | None:
    """Ask PostgreSQL for the first bad entry of a stretch; Python looks where a text is no JSON at all."""
    asked: dict[str, int | str] = {"after": after, "until": until, "number": last.number, "hash": last.hash}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FIRST_BAD, asked)
            row = cursor.fetchone()
            return row[0] if row else None
    except DataError:
        return first_bad_by_hand(last, after, until)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != NESTED_TOO_DEEP:
            raise
        return first_bad_by_hand(last, after, until)


def first_bad_by_hand(last: Link, after: int, until: int) -> int | None:
    """Look at each entry alone: one that cannot even be read is the bad one."""
    numbers = Entry.objects.filter(number__gt=after, number__lte=until).order_by("number")
    for number in numbers.values_list("number", flat=True):
        row = readable(number)
        if row is None or is_bad(row, last):
            return number
        last = Link(row["number"], row["hash"])
    return None


def readable(number: int) -> Row | None:
    """Read one entry; None where its columns hold what Python cannot take, which no entry was written with: a number
    of thousands of digits, a year before our era, or objects that nest deeper than Python follows, in reading or in
    comparing."""
    try:
        row = next(rows_from(number - 1, number))
        is_sound(row)
    except UNREADABLE:
        return None
    return row


def named(number: int, head: Head) -> Fault:
    """Say what is wrong with the first bad entry."""
    before = Entry.objects.filter(number__lt=number, number__gt=0).order_by("-number")
    links = [Link(*found) for found in before.values_list("number", "hash")[:2]]
    last, second_last = [*links, Link(), Link()][:2]
    row = readable(number)
    if row is None:
        return not_read(number)
    held = Entry.objects.filter(number=number + 1).values_list("prev", flat=True).first()
    if number == head.number:
        held = head.hash
    try:
        return name_fault(row, Around(second_last, last, held))
    except UNREADABLE:
        return not_read(number)


def not_read(number: int) -> Fault:
    """Say so of an entry that Python cannot take."""
    return fault(number, "canonical", _("Entry %(entry)s was changed: its text does not give its hash."))


def fault_of(number: int) -> Fault | None:
    """Say what is wrong with one entry that is there, as what stands around it tells; None where all agrees."""
    row = readable(number)
    last = Link(number - 1, hash_of(number - 1) or "") if number > 1 else Link()
    if row is not None and not is_bad(row, last):
        return None
    return named(number, Head.objects.first() or Head(number=0, hash=FIRST_HASH))


def newest_of(after: int, until: int) -> int:
    """Return the newest entry of a stretch without gaps; the one before it where it is empty."""
    stretch = Entry.objects.filter(number__gt=after, number__lte=until)
    newest = stretch.order_by("-number").values_list("number", flat=True).first()
    return newest if newest is not None else max(after, 0)


def hash_of(number: int) -> str | None:
    return Entry.objects.filter(number=number).values_list("hash", flat=True).first()


def fault_at_the_end(head: Head, last: Link) -> Fault | None:
    """Find a head that was moved, or entries behind it."""
    if last.hash != head.hash:
        sentence = _("Entry %(entry)s is not the one that the head of the log names: it or the head was changed.")
        return fault(last.number, "hash", sentence)
    return entry_behind_the_head()


def entry_behind_the_head() -> Fault | None:
    """Find an entry the head does not know of; asked in one statement, because entries are added meanwhile."""
    behind = Entry.objects.filter(number__gt=Head.objects.values("number")[:1]).order_by("number")
    number = behind.values_list("number", flat=True).first()
    if number is None:
        return None
    return fault(number, "number", _("Entry %(entry)s was inserted: it stands behind the head of the log."))

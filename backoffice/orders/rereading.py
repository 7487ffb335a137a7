"""Read a stretch of time again that was read long ago: CoinMENA may have changed an order, added one or lost one.

The mirror's own runs read the last day again and what is not final; nothing tells us of a change to anything older.
A long stretch is read in parts, so that a list that shifts while it is read costs one part, and a part that holds as
many orders as the mirror can be passed over.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from backoffice.database import clock
from backoffice.mirror.incidents import report_unlisted, store
from backoffice.mirror.targets import Row
from backoffice.mirror.windows import whole_second
from backoffice.orders.queries import held_between, ids_between
from backoffice.orders.services import ORDERS, order_values, page_of_orders
from backoffice.partner.pages import UnreadableRow
from backoffice.worker.stopping import stop_if_asked

PAGE_SIZE: Final = 100
#: A stretch with more orders than this is read in parts.
MOST_ROWS: Final = 2_000
#: The stretch begins so much earlier at CoinMENA, which nowhere promises that the ends of a window are part of it.
MARGIN: Final = timedelta(seconds=1)

#: Hears after every page how many orders were read or passed over, of how many; whatever it raises ends the reading.
Heard = Callable[[int, int], None]


def nobody(_done: int, _of: int) -> None:
    """Hear of no progress."""


@dataclass(frozen=True)
class Reread:
    """How many orders CoinMENA said it has and how many it gave; which of ours are gone, and whether that is believed.

    ``gone`` are those that stopped being listed and were not known to. ``doubt`` is why nothing was taken for gone.
    """

    said: int
    given: int
    gone: tuple[int, ...] = ()
    doubt: str = ""

    @property
    def is_whole(self) -> bool:
        return self.said == self.given

    @property
    def is_sound(self) -> bool:
        """Whether the mirror is by now what CoinMENA's list says."""
        return self.is_whole and not self.doubt


def reread_orders(start: datetime, end: datetime, *, only_differing: bool = False, heard: Heard = nobody) -> Reread:
    """Mirror every order CoinMENA made from ``start`` up to ``end`` as it is now, and keep which are not listed now.

    A final order that is told otherwise becomes an incident, and so does one that is not listed any more. Of a list
    whose count does not add up, that leaves out too much to be believed, or that may come from a cache, nothing is
    taken for gone.

    :param only_differing: of a stretch read in parts, pass over those of which the mirror holds as many.
    :raises NotRead: when a page cannot be read; what was read until then is kept.
    :raises Stopping: when this process was asked to stop; kept likewise.
    """
    reading = Reading(only_differing, heard)
    reading.read(start, end)
    gone, held = sorted(reading.missed), held_between(start, end)[0]
    if not reading.is_whole:
        return Reread(reading.said, reading.given)
    doubt = report_unlisted(ORDERS, gone, of=held, is_fresh_word=reading.is_fresh_word)
    return Reread(reading.said, reading.given, () if doubt else tuple(gone), doubt)


def agrees_with(start: datetime, end: datetime) -> bool:
    """Ask CoinMENA how many orders it made from ``start`` up to ``end``; True where the mirror holds as many.

    :raises NotRead: when no usable answer came.
    """
    total = page_of_orders(1, size=1, start=start - MARGIN, end=end).total
    return holds_as_many(start - MARGIN, end, total)


@dataclass(frozen=True)
class Asked:
    """One page as it came: when it was asked for, the partner's count of all rows, and the rows of the page.

    ``is_fresh_word`` is the page's own.
    """

    at: datetime
    total: int
    rows: list[Row]
    unreadable: Sequence[UnreadableRow]
    is_fresh_word: bool


class Reading:
    """One reading of a stretch, part after part: what was said, given and missed until now."""

    def __init__(self, only_differing: bool, heard: Heard) -> None:
        self.only_differing, self.heard = only_differing, heard
        self.said = self.given = self.passed_over = 0
        self.all: int | None = None
        self.missed = set[int]()
        self.goes_on = self.is_fresh_word = True

    @property
    def is_whole(self) -> bool:
        return self.said == self.given

    def read(self, start: datetime, end: datetime) -> None:
        """Read a stretch: at once, in halves where it holds much, or not at all where the mirror holds as many."""
        if not self.goes_on:
            return
        pages = pages_of(start - MARGIN, end)
        first = next(pages)
        self.all = first.total if self.all is None else self.all
        if first.total <= MOST_ROWS or end - start <= MARGIN:
            self.read_part(start, end, chain([first], pages), began_at=first.at)
        elif self.only_differing and holds_as_many(start - MARGIN, end, first.total):
            self.passed_over += first.total
        else:
            middle = whole_second(start + (end - start) / 2 + MARGIN / 2)
            self.read(start, middle)
            self.read(middle, end)

    def read_part(self, start: datetime, end: datetime, pages: Iterable[Asked], *, began_at: datetime) -> None:
        """Read one part to its end, and note what of ours it did not have, but what came by itself meanwhile."""
        found, said = set[int](), 0
        for page in pages:
            store(ORDERS, page.rows, page.unreadable)
            known, said = len(found), page.total
            found |= {row.values["id"] for row in page.rows}
            self.is_fresh_word &= page.is_fresh_word
            self.heard(self.passed_over + self.given + len(found), self.all or 0)
            if page.total and len(found) == known:
                self.goes_on = False  # the same rows again: a list that does not go on never ends
                break
        self.said, self.given = self.said + said, self.given + len(found)
        if len(found) == said:
            self.missed |= ids_between(start, end, unread_since=began_at) - found


def holds_as_many(start: datetime, end: datetime, total: int) -> bool:
    least, most = held_between(start, end)
    return least <= total <= most


def pages_of(start: datetime, end: datetime) -> Iterator[Asked]:
    """Ask for page after page; at least for one."""
    number, seen, total = 0, 0, 1
    while seen < total:
        stop_if_asked()
        number, asked_at = number + 1, clock.now()
        page = page_of_orders(number, size=PAGE_SIZE, start=start, end=end)
        rows = [Row(order_values(item), item.raw, asked_at) for item in page.items]
        yield Asked(asked_at, page.total, rows, page.unreadable, page.is_fresh_word)
        seen, total = seen + len(rows) + len(page.unreadable), page.total if rows or page.unreadable else 0

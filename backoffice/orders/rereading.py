"""Read a stretch of time again that was read long ago: CoinMENA may have changed an order, added one or lost one.

The mirror's own runs read the last day again and what is not final; nothing tells us of a change to anything older.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from backoffice.database import clock
from backoffice.mirror.incidents import report_vanished, store
from backoffice.mirror.targets import Row
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS, order_values, page_of_orders

PAGE_SIZE: Final = 100
#: The stretch begins so much earlier at CoinMENA, which nowhere promises that the ends of a window are part of it.
MARGIN: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Reread:
    """How many orders CoinMENA said it has and how many it gave; and where it gave them all, which of ours are gone."""

    said: int
    given: int
    gone: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.said == self.given


def reread_orders(start: datetime, end: datetime) -> Reread:
    """Mirror every order CoinMENA made from ``start`` up to ``end`` as it is now, and tell which are not listed now.

    A final order that is told otherwise becomes an incident, and so does one that is not listed any more. Of a list
    whose count does not add up nothing is taken for gone.

    :raises NotRead: when a page cannot be read; what was read until then is kept.
    """
    found, said = set[int](), 0
    for total, rows in pages_of(start - MARGIN, end):
        store(ORDERS, rows)
        known, said = len(found), total
        found |= {row.values["id"] for row in rows}
        if len(found) == known:
            break  # the same rows again: a list that does not go on never ends
    if len(found) != said:
        return Reread(said, len(found))
    held = Order.objects.filter(created_at__gte=start, created_at__lt=end).values_list("pk", flat=True)
    gone = sorted(set(held.iterator()) - found)
    report_vanished(ORDERS, gone)
    return Reread(said, len(found), tuple(gone))


def pages_of(start: datetime, end: datetime) -> Iterator[tuple[int, list[Row]]]:
    """Ask for page after page: the partner's count of all rows, and the rows of each."""
    number, seen, total = 0, 0, 1
    while seen < total:
        number, asked_at = number + 1, clock.now()
        page = page_of_orders(number, size=PAGE_SIZE, start=start, end=end)
        yield page.total, [Row(order_values(item), item.raw, asked_at) for item in page.items]
        seen, total = seen + len(page.items), page.total if page.items else 0

"""Read a stretch of time again that was read long ago: CoinMENA may have changed an order, or added one.

The mirror's own runs read the last day again and what is not final; nothing tells us of a change to anything older.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from backoffice.database import clock
from backoffice.mirror.incidents import report_vanished, store
from backoffice.mirror.partners import coinmena
from backoffice.mirror.targets import Row
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS, order_values

PAGE_SIZE: Final = 100


def reread_orders(start: datetime, end: datetime) -> bool:
    """Mirror every order CoinMENA made from ``start`` to ``end`` as it is now; False when its count does not add up.

    A final order that is told otherwise becomes an incident, and so does one that is not listed any more.

    :raises PartnerError: when a page cannot be read; what was read until then is kept.
    """
    found, said = set[int](), 0
    for total, rows in pages_of(start, end):
        store(ORDERS, rows)
        found |= {row.values["id"] for row in rows}
        said = total
    if len(found) != said:
        return False
    known = Order.objects.filter(created_at__gt=start, created_at__lt=end).values_list("pk", flat=True)
    report_vanished(ORDERS, sorted(set(known) - found))
    return True


def pages_of(start: datetime, end: datetime) -> Iterator[tuple[int, list[Row]]]:
    """Ask for page after page: the partner's count of all rows, and the rows of each."""
    number, seen, total = 0, 0, 1
    while seen < total:
        number, asked_at = number + 1, clock.now()
        page = coinmena().orders(number, PAGE_SIZE, from_datetime=start, to_datetime=end)
        yield page.total, [Row(order_values(item), item.raw, asked_at) for item in page.items]
        seen, total = seen + len(page.items), page.total if page.items else 0

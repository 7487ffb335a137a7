"""Writers of the same rows: whoever was held up undoes nothing that was read meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from django.db import connections, transaction

from backoffice.database import clock
from backoffice.mirror.incidents import CHANGED, store
from backoffice.mirror.models import Incident
from backoffice.mirror.partners import coinmena
from backoffice.mirror.targets import Row
from backoffice.orders.models import Order
from backoffice.orders.services import ORDERS, mirror_order, order_values
from tests.partners import Partners


@contextmanager
def held(order_id: int, seconds: float) -> Iterator[None]:
    """Hold the row of an order over another connection, for so many seconds from now."""
    began = Event()

    def hold() -> None:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=order_id)
            began.set()
            time.sleep(seconds)
        connections.close_all()

    holder = Thread(target=hold)
    holder.start()
    began.wait(10)
    yield
    holder.join()


def test_a_page_held_up_by_locks_undoes_nothing_that_was_read_meanwhile(committed: str, partners: Partners) -> None:
    """Its statements wait for two rows, each within the timeout of a lock, and longer than a clock may be set back."""
    partners.make_client("user_1")
    first, second, third = sorted(partners.make_order("user_1")["id"] for _ in range(3))
    for order_id in (first, second, third):
        mirror_order(coinmena().order(order_id))
    asked_at, page = clock.now(), [coinmena().order(order_id) for order_id in (first, second, third)]
    partners.change_order(third, status="failed")

    def read_again() -> None:
        time.sleep(5.5)
        mirror_order(coinmena().order(third))
        connections.close_all()

    with held(first, 3.5), held(second, 7):
        reader = Thread(target=read_again)
        reader.start()
        store(ORDERS, [Row(order_values(order), order.raw, asked_at) for order in page])
        reader.join()

    assert Order.objects.get(pk=third).status == "failed"
    assert Incident.objects.filter(kind=CHANGED).count() == 1

"""Keep the mirror of CoinMENA's orders, and ask the partner for one order. Nothing here moves money."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from django.db import transaction

from backoffice.accounts.models import Person
from backoffice.audit.services import record
from backoffice.database import clock
from backoffice.mirror.incidents import report_vanished, store
from backoffice.mirror.models import Mirror, SyncRun
from backoffice.mirror.open_rows import OpenRows
from backoffice.mirror.paging import sync_windowed
from backoffice.mirror.partners import PAGE_DEADLINE_SECONDS, for_our_books
from backoffice.mirror.sentences import result_of, said_by
from backoffice.mirror.targets import Final as FinalRows
from backoffice.mirror.targets import Row, Target
from backoffice.orders.models import TERMINAL_STATUSES, Order
from backoffice.orders.policies import check_can_look_up
from backoffice.orders.queries import id_in, open_ids
from backoffice.partner.coinmena import payloads
from backoffice.partner.coinmena.answers import NOT_THEIRS
from backoffice.partner.coinmena.errors import OrderNotFound, refusal_sentence
from backoffice.partner.errors import PartnerAnswerInvalid, PartnerError
from backoffice.partner.pages import Page

#: What of a final order may never change: who, what, how much, under which reference.
FIXED: Final = (
    "partner_client_id",
    "type",
    "status",
    "debit",
    "debit_asset_id",
    "credit",
    "credit_asset_id",
    "partner_order_ref",
)
#: Lists and look-ups leave these out, which says nothing about them (coinmena.md §4).
OMITTED: Final = (
    "order_no",
    "source",
    "debit",
    "debit_asset_id",
    "credit",
    "credit_asset_id",
    "fee",
    "fee_asset_id",
    "vat",
    "price",
    "partner_order_ref",
    "transitioned_at",
    "updated_at",
)
ORDERS: Final = Target(
    mirror=Mirror.ORDERS,
    model=Order,
    key="id",
    columns=("id", "partner_client_id", "type", "status", "created_at", *OMITTED),
    final=FinalRows("status", frozenset(TERMINAL_STATUSES), FIXED),
    keeps_known=frozenset(OMITTED),
    made_at="created_at",
    gone_at="vanished_at",
)
#: An order that was asked for by itself is fresh even if nothing about it is new, and not listed because of it.
ONE_ORDER: Final = ORDERS.singly

#: No order at CoinMENA is older than this.
BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)
#: Every run reads the last day again: an order may show up late, and a final one may change.
OVERLAP: Final = timedelta(hours=24)


class NotRead(Exception):
    """CoinMENA could not be asked, or has no such order; ``str()`` is a sentence for staff."""


class NoSuchOrder(NotRead):
    """CoinMENA says itself that it has no such order."""


def order_values(order: payloads.Order) -> Mapping[str, Any]:
    """Return the columns of one order as CoinMENA said it; what it left out is None, or empty where it is text."""
    values = {column: getattr(order, column) for column in ORDERS.columns}
    return {**values, "order_no": order.order_no or "", "source": order.source or ""}


def mirror_order(order: payloads.Order, *, read_at: datetime | None = None) -> Order:
    """Write one order into the mirror, inside the caller's transaction, and return it as the mirror now holds it.

    A field the answer leaves out keeps the value known before, and an answer read earlier than the one known changes
    nothing. A final order that is told otherwise becomes an incident.

    :param read_at: when the partner was asked, not when it answered; now, where nobody noted it.
    """
    store(ONE_ORDER, [Row(order_values(order), order.raw, read_at or clock.now())])
    return Order.objects.get(pk=order.id)


def sync_orders(since: datetime | None = None) -> SyncRun:
    """Read what CoinMENA made since the last complete run, a day of overlap included, and every open order.

    Safe to repeat and to break off: what was read is committed page by page, and the next run goes on from there.

    :param since: read again from here at the latest.
    :raises AlreadyRunning: when another process reads the orders.
    """
    books = cache(for_our_books)  # asked for once in a run, whichever thread fetches
    return sync_windowed(
        ORDERS,
        fetch=lambda window, number: books().orders(page=number, from_datetime=window.start, to_datetime=window.end),
        to_values=order_values,
        beginning=BEGINNING,
        overlap=OVERLAP,
        since=since,
        open_rows=OpenRows(keys=open_ids, fetch=lambda order_id: books().order(order_id), to_values=order_values),
    )


def look_up_order(*, text: str, by: Person) -> Order:
    """Ask CoinMENA for an order by reference, order number or id, mirror it and write the look-up down.

    :raises Refused: for people who may not have the partner asked.
    :raises NoSuchOrder: when there is none. :raises NotRead: when CoinMENA cannot be asked.
    """
    return _looked_up(lambda: ask_for(text), text=text, by=by)


def _looked_up(ask: Callable[[], payloads.Order], *, text: str, by: Person) -> Order:
    check_can_look_up(by)
    asked_at = clock.now()
    try:
        found = ask()
    except PartnerError as error:
        asked = {"asked": text, "found": False}
        record("order.looked_up", by=by, after=asked, reason=said_by(error), result=result_of(error))
        raise (NoSuchOrder if isinstance(error, OrderNotFound) else NotRead)(said_by(error)) from error
    return keep(found, text=text, by=by, asked_at=asked_at)


def reread_order(*, order_id: int, by: Person) -> Order:
    """Ask CoinMENA again for an order the mirror holds, and write the look-up down.

    :raises Refused: for people who may not have the partner asked.
    :raises NoSuchOrder: when CoinMENA no longer has the order, which is kept on it.
    :raises NotRead: when CoinMENA cannot be asked.
    """
    try:
        return _looked_up(lambda: ask_by_id(order_id), text=str(order_id), by=by)
    except NoSuchOrder:
        report_vanished(ORDERS, [order_id])
        raise


def page_of_orders(number: int, *, size: int, start: datetime, end: datetime) -> Page[payloads.Order]:
    """Ask CoinMENA for one page of the orders made from ``start`` to ``end``.

    :raises NotRead: when no usable answer came.
    """
    try:
        return for_our_books().orders(number, size, from_datetime=start, to_datetime=end)
    except PartnerError as error:
        raise NotRead(said_by(error)) from error


def ask_for(text: str) -> payloads.Order:
    """Ask by id where the text can be one, else by reference.

    :raises PartnerError: when there is no such order or no usable answer.
    """
    order_id = id_in(text)
    if order_id is None:
        return ask_by_reference(text)
    try:
        return ask_by_id(order_id)
    except OrderNotFound:
        return ask_by_reference(text)


def ask_by_id(order_id: int) -> payloads.Order:
    return for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS).order(order_id)


def ask_by_reference(reference: str) -> payloads.Order:
    looked_up = for_our_books(deadline_seconds=PAGE_DEADLINE_SECONDS).order_by_reference(reference)
    if looked_up.order is None:
        if not looked_up.is_credible_absence:
            raise PartnerAnswerInvalid(NOT_THEIRS, exchange=looked_up.exchange)
        raise OrderNotFound(refusal_sentence(OrderNotFound), exchange=looked_up.exchange)
    return looked_up.order


@transaction.atomic
def keep(found: payloads.Order, *, text: str, by: Person, asked_at: datetime) -> Order:
    order = mirror_order(found, read_at=asked_at)
    record(
        "order.looked_up",
        by=by,
        obj=order,
        client=order.partner_client_id,
        after={"asked": text, "found": True, "status": order.status},
    )
    return order

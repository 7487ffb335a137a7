"""An order that turns up days late is found by the daily reading, before anybody pays a second time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.accounts.models import Person
from backoffice.clients.models import Asset, Client
from backoffice.funding.models import LateOrder, Operation
from backoffice.funding.policies import why_not_copy
from backoffice.funding.services.late_orders import watch
from backoffice.orders.models import Order
from backoffice.orders.services import sync_orders
from backoffice.reconciliation import tasks
from backoffice.reconciliation.days.queries import day_of
from backoffice.reconciliation.days.reading_again import HISTORY, doubt_of, due, read_again
from backoffice.reconciliation.models import Rereading
from tests.funding.closings import asked, in_review, landed, signed
from tests.funding.test_working import work
from tests.partners import Partners, minutes_ago

DAYS_LATE = 3
LATE = DAYS_LATE * 24 * 60


@pytest.fixture
def failed(coinmena: Partners, maya: Person, omar: Person, noura: Client, usd: Asset) -> Operation:
    """A deposit that two people closed as failed, and whose order turns up three days late: no sync sees it."""
    operation = signed(asked(in_review(coinmena, maya, noura, usd), maya), omar)
    sync_orders()
    landed(coinmena, operation, created_at=minutes_ago(LATE))
    sync_orders()
    assert (watch(lately=False), why_not_copy(operation)) == (0, "")
    return operation


def test_the_daily_reading_finds_it_and_the_payment_is_not_tried_again(failed: Operation) -> None:
    tasks.read_all_again(timestamp=0)
    work()

    assert watch(lately=False) == 1
    assert LateOrder.objects.get().operation == failed
    assert why_not_copy(failed)
    assert due(timezone.now()) == []


@pytest.mark.parametrize("is_history", [True, False])
def test_the_history_by_counts_and_its_day_in_full_each_find_it(failed: Operation, is_history: bool) -> None:
    part = HISTORY if is_history else day_of(timezone.now() - timedelta(days=DAYS_LATE))
    read_again(part)
    assert Order.objects.filter(partner_order_ref=failed.reference).exists()
    assert Rereading.objects.get().is_sound
    assert part not in due(timezone.now())


@pytest.mark.usefixtures("failed")
def test_a_history_without_news_costs_one_request(coinmena: Partners) -> None:
    read_again(HISTORY)
    before = coinmena.requests_made()["GET /v1/partner/orders"]
    assert doubt_of(HISTORY) == ""
    assert coinmena.requests_made()["GET /v1/partner/orders"] == before + 1
